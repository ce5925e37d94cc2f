"""Limits for what is stored, kept without being asked: too old and too much leaves, and the log says what."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, datetime
from pathlib import Path

from edge.clock import SECOND, Clock, UnixNs
from edge.settings import RetentionSettings, Settings
from edge.stored import RECORDINGS

log = logging.getLogger("vagus")

LOOK_S = 6 * 3600.0
_DAY_NS = 86_400 * SECOND
_CLOCK_SET_NS = 1_704_067_200 * SECOND
"""2024-01-01: a clock that shows less was never set, so nothing is judged by its age."""
_STILL_WRITTEN_NS = 600 * SECOND
"""A recording that was written to so lately is under way."""


@contextlib.asynccontextmanager
async def retention(settings: Settings, clock: Clock) -> AsyncGenerator[None]:
    """Enforce the limits now and some times a day for as long as the block lasts."""

    async def look() -> None:
        while True:
            for sentence in await asyncio.to_thread(enforce, settings, clock.wall()):
                log.warning("%s", sentence)
            await asyncio.sleep(LOOK_S)

    lane = asyncio.create_task(look(), name="retention")
    try:
        yield
    finally:
        lane.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await lane


def enforce(settings: Settings, now: UnixNs) -> list[str]:
    """Delete what is past its limits; one sentence for each file set that left, or could not be made to."""
    state, told = settings.state_path, list[str]()
    for packets, why in _past(state / RECORDINGS, settings.retention, now):
        told.append(_delete((packets, packets.with_suffix(".json")), f"recording {packets.stem}", why))
    days = settings.outbox.alert_days
    outbox = state / settings.outbox.path
    for damaged in outbox.parent.glob(f"{outbox.name}.corrupt-*"):
        if _CLOCK_SET_NS < damaged.stat().st_mtime_ns < now - days * _DAY_NS:
            told.append(_delete((damaged,), damaged.name, f"{days:g} days are over"))
    return told


def _past(folder: Path, limits: RetentionSettings, now: UnixNs) -> Iterator[tuple[Path, str]]:
    """Recordings that must leave, the oldest first, each with the reason."""
    if now < _CLOCK_SET_NS:
        return
    total = 0
    for packets in sorted(folder.glob("*.packets"), reverse=True):
        status = packets.stat()
        total += status.st_size
        if now - status.st_mtime_ns < _STILL_WRITTEN_NS:
            continue
        begun = _begun(packets)
        if _CLOCK_SET_NS < begun < now - limits.recording_days * _DAY_NS:
            yield packets, f"{limits.recording_days:g} days are over (retention.recording_days)"
        elif total > limits.recordings_mib * 2**20:
            yield packets, f"newer ones fill {limits.recordings_mib} MiB (retention.recordings_mib)"


def _begun(packets: Path) -> int:
    """When a recording began, from its name; its file's own time where the name says none."""
    try:
        at = datetime.strptime(packets.stem[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return packets.stat().st_mtime_ns
    return int(at.timestamp()) * SECOND


def _delete(files: tuple[Path, ...], name: str, why: str) -> str:
    try:
        for file in files:
            file.unlink(missing_ok=True)
    except OSError as error:
        return f"{name} should be deleted, for {why}, but cannot be: {error.strerror}"
    return f"{name} was deleted: {why}"

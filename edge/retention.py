"""Limits for what is stored, kept without being asked: too old and too much leaves, and the log says what."""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from edge.acquaintance import FILE as USUAL
from edge.clock import SECOND, Clock, HostNs, UnixNs
from edge.relay.aside import ASIDE
from edge.settings import RetentionSettings, Settings
from edge.stored import DEMO, RECORDINGS, led_to, plain_files
from edge.time_service import Synchronised, synchronised

log = logging.getLogger("vagus")

LOOK_S = 6 * 3600.0
_DAY_NS = 86_400 * SECOND
_UNPROVEN = (
    "nothing is deleted by its age until the clock of this machine proves right: when a time server keeps it, or when "
    "it was left alone for a day"
)
_CLOCK_SET_NS = 1_704_067_200 * SECOND
"""2024-01-01: a clock that shows less was never set, so nothing is judged by its age."""
_STILL_WRITTEN_NS = 600 * SECOND
"""A recording that was written to so lately is under way."""
_STEP_NS = 60 * SECOND
"""A time server that keeps a clock right bends it by less between two looks (500 ppm, adjtimex(2))."""


@contextlib.asynccontextmanager
async def retention(settings: Settings, clock: Clock) -> AsyncGenerator[None]:
    """Enforce the limits now and some times a day for as long as the block lasts."""

    trust = Trust(clock)

    async def look() -> None:
        before: list[str] = []
        while True:
            now = clock.wall()
            by_age = trust.look(now)
            told = [] if by_age else [_UNPROVEN]
            told += await asyncio.to_thread(enforce, settings, now, by_age=by_age)
            for sentence in told:
                if sentence not in before:  # what is still in the way was told
                    log.warning("%s", sentence)
            before = told
            await asyncio.sleep(LOOK_S)

    lane = asyncio.create_task(look(), name="retention")
    try:
        yield
    finally:
        lane.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await lane


class Trust:
    """Whether ages may be told by the wall clock. A wrong date must not cost the person a recording.

    Wall time is held against the monotonic clock, which nobody sets. Once they have moved apart the wall clock is
    believed again when the kernel says that a time server keeps it, or when it was left alone for a day. (So it is
    after a sleep, which the monotonic clock leaves out.) At first it is believed as little: nobody knows whether it
    was set before this process began.
    """

    def __init__(self, clock: Clock, right: Callable[[], Synchronised] = synchronised) -> None:
        self._clock = clock
        self._right = right
        self._apart = clock.wall() - clock.now()
        self._set_at: HostNs | None = clock.now()

    def look(self, wall: UnixNs) -> bool:
        """Whether the wall clock, which shows ``wall`` now, is believed."""
        now = self._clock.now()
        apart, before = wall - now, self._apart
        self._apart = apart
        if abs(apart - before) > _STEP_NS:
            self._set_at = now
        if self._set_at is not None and (now - self._set_at >= _DAY_NS or self._right() is Synchronised.YES):
            self._set_at = None
        return self._set_at is None


def enforce(settings: Settings, now: UnixNs, *, by_age: bool = True) -> list[str]:
    """Delete what is past its limits; one sentence for each file set that left, or could not be made to.

    Without ``by_age`` only what is too much leaves. A folder that cannot be read is one sentence, too.
    """
    both, told = (settings.state_path, settings.state_path / DEMO), list[str]()
    recordings = [
        each for state in both for each in _there(state / RECORDINGS, lambda name: name.endswith(".packets"), told)
    ]
    for packets, why in _past(recordings, settings.retention, now, by_age):
        # The packets last: they are what the next look goes by.
        told.append(_delete((packets.with_suffix(".json"), packets), f"recording {packets.stem}", why))
    days = settings.retention.usual_days
    for state in both:
        for usual, status in _there(state, lambda name: name.startswith(USUAL), told):
            if by_age and _CLOCK_SET_NS < status.st_mtime_ns < now - days * _DAY_NS:
                told.append(_delete((usual,), usual.name, f"{days:g} days are over (retention.usual_days)"))
    days = settings.outbox.alert_days
    boxes = [state / settings.outbox.file for state in both]
    for box in dict.fromkeys((*boxes, *map(led_to, boxes))):
        aside = f"{box.name}{ASIDE}"
        for damaged, status in _there(box.parent, lambda name, aside=aside: name.startswith(aside), told):
            if by_age and _CLOCK_SET_NS < status.st_mtime_ns < now - days * _DAY_NS:
                told.append(_delete((damaged,), damaged.name, f"{days:g} days are over"))
    return told


def _past(
    recordings: Sequence[tuple[Path, os.stat_result]], limits: RetentionSettings, now: UnixNs, by_age: bool
) -> Iterator[tuple[Path, str]]:
    """Recordings that must leave, the newest of them first, each with the reason."""
    if now < _CLOCK_SET_NS:
        return
    total = 0
    for packets, status in sorted(recordings, key=lambda each: each[0].name, reverse=True):
        total += status.st_size
        if now - status.st_mtime_ns < _STILL_WRITTEN_NS:
            continue
        begun = _begun(packets, status)
        if by_age and _CLOCK_SET_NS < begun < now - limits.recording_days * _DAY_NS:
            yield packets, f"{limits.recording_days:g} days are over (retention.recording_days)"
        elif total > limits.recordings_mib * 2**20:
            yield packets, f"newer ones fill {limits.recordings_mib} MiB (retention.recordings_mib)"


def _there(folder: Path, ours: Callable[[str], bool], told: list[str]) -> list[tuple[Path, os.stat_result]]:
    """Files of ours in a folder, but for those that somebody deletes meanwhile, as the page may."""
    found: list[tuple[Path, os.stat_result]] = []
    try:
        for file in plain_files(folder):
            if ours(file.name):
                with contextlib.suppress(FileNotFoundError):
                    found.append((file, file.stat()))
    except OSError as error:
        told.append(
            f"{folder} cannot be looked through ({error.strerror}): nothing in it is deleted, however old, until the "
            "daemon's user may read it"
        )
    return found


def _begun(packets: Path, status: os.stat_result) -> int:
    """When a recording began, from its name; its file's own time where the name says none."""
    try:
        at = datetime.strptime(packets.stem[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return status.st_mtime_ns
    return int(at.timestamp()) * SECOND


def _delete(files: tuple[Path, ...], name: str, why: str) -> str:
    try:
        for file in files:
            file.unlink(missing_ok=True)
    except OSError as error:
        return f"{name} should be deleted, for {why}, but cannot be: {error.strerror}"
    return f"{name} was deleted: {why}"

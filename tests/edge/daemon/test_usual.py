"""A daemon that is started again goes on with the person whom the one before it knew."""

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from edge import ears
from edge.acquaintance import FILE, Acquaintance
from edge.bench_wearers import wearers
from edge.daemon import Daemon
from edge.flow import Features, Modality, Prediction, State
from edge.health import ProcessMeter
from edge.inference.classifier import Classifier, WristEstimate
from edge.service import open_bundle, open_service
from edge.settings import ModelSettings, Settings, WatchSettings
from edge.signals.body import Body
from firmware_bridge.links import Link
from tests.edge.daemon.lines import PATIENCE_S, SPEED, little, running, trust_our_key
from tests.edge.test_raising import Kept
from tests.fakes.clock import HandClock

WRIST = frozenset({Modality.WRIST})


async def _live(settings: Settings, predictions: int) -> tuple[int, int]:
    """Run until so many predictions were made; how many windows and levels are kept then."""
    stop = asyncio.Event()
    async with open_service(settings, speed=SPEED) as service, asyncio.timeout(PATIENCE_S):
        playing = asyncio.create_task(service.play(stop, ProcessMeter(service.clock.now())))
        while sum(service.daemon.health.predictions.values()) < predictions:  # noqa: ASYNC110 - a count has no event
            await asyncio.sleep(0.01)
        stop.set()
        await playing
    kept = json.loads((settings.state_path / FILE).read_bytes())
    return len(kept["windows"]), len(kept["levels"]["wrist"])


async def test_a_restart_does_not_make_the_wearer_a_stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trust_our_key(tmp_path, monkeypatch)
    little(tmp_path / "bundle")
    async with wearers([1, 1], 600, SPEED) as address:
        settings = Settings(
            state_dir=str(tmp_path / "state"),
            watch=WatchSettings(address),
            models=ModelSettings(bundle=str(tmp_path / "bundle")),
        )
        windows, levels = await _live(settings, 24)
        more_windows, more_levels = await _live(settings, 5)
    assert windows >= 6, "every third is remembered"
    assert levels >= 18
    assert more_windows > windows
    assert more_levels > levels


async def test_how_one_wearer_is_is_not_told_of_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is under stress takes the watch off, and half a minute later another one's is paired."""
    trust_our_key(tmp_path, monkeypatch)
    little(tmp_path / "bundle")
    settings = Settings(
        state_dir=str(tmp_path / "state"),
        watch=WatchSettings("ble:AA:AA:AA:AA:AA:AA"),
        models=ModelSettings(bundle=str(tmp_path / "bundle")),
    )
    clock, relay = HandClock(), Kept()
    daemon = Daemon(settings, open_bundle(settings), clock)  # pyright: ignore[reportArgumentType] - moved by hand
    daemon.relay = relay  # pyright: ignore[reportAttributeAccessIssue] - as far as alerts reach

    async def judged(count: int, stress: float) -> list[float]:
        """The levels that were decided from."""
        levels: list[float] = []
        for _ in range(count):
            said = Prediction(clock.stream(now := clock.now()), WRIST, stress, None, stress, None, now, now)
            daemon._note(said)  # pyright: ignore[reportPrivateUsage]
            await daemon._decide(said)  # pyright: ignore[reportPrivateUsage]
            levels += [daemon.decision.level] if daemon.decision else []
            clock.move(5)
        return levels

    await judged(720, 0.35)
    await judged(360, 0.97)
    assert (daemon.state, len(relay.alerts)) == (State.STRESS, 1)
    clock.move(31)
    daemon._standing.expire()  # pyright: ignore[reportPrivateUsage]
    daemon.follow("ble:BB:BB:BB:BB:BB:BB")
    clock.move(65)
    assert (await judged(60, 0.5))[0] == 0.5
    assert (daemon.state, len(relay.alerts)) == (State.CALM, 1)


async def test_what_is_judged_while_another_watch_is_followed_is_not_its_wearers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust_our_key(tmp_path, monkeypatch)
    little(tmp_path / "bundle")
    loop, judge, note, opened = asyncio.get_running_loop(), Classifier.wrist, Acquaintance.note, ears.open_device
    judging, closing = asyncio.Event(), threading.Event()
    noted: list[tuple[Body, str]] = []

    def slow(classifier: Classifier, features: Features) -> WristEstimate | None:
        if features.received and len(noted) == 9 and not closing.is_set():
            loop.call_soon_threadsafe(judging.set)
            closing.wait(PATIENCE_S)
        return judge(classifier, features)

    def heard(acquaintance: Acquaintance, body: Body, watch: str) -> None:
        noted.append((body, watch))
        note(acquaintance, body, watch)

    @contextlib.asynccontextmanager
    async def slow_to_close(address: str, **others: Any) -> AsyncGenerator[Link]:
        async with opened(address, **others) as link:
            try:
                yield link
            finally:
                closing.set()
                with contextlib.suppress(TimeoutError):  # a radio takes its time, and what is judged goes on meanwhile
                    async with asyncio.timeout(0.5):
                        while len(noted) == 9:  # noqa: ASYNC110 - what must not come has no event
                            await asyncio.sleep(0.01)

    monkeypatch.setattr(Classifier, "wrist", slow)
    monkeypatch.setattr(Acquaintance, "note", heard)
    monkeypatch.setattr(ears, "open_device", slow_to_close)
    async with running(tmp_path, tmp_path / "bundle") as line:
        async with asyncio.timeout(PATIENCE_S):
            await judging.wait()
        daemon = line.service.daemon
        daemon.resting.start()
        await line.until(lambda: (daemon.baseline_progress or 0) > 0.1)
        daemon.follow("virtual:wearer?seed=2")
        assert daemon.baseline_progress is not None
        assert daemon.baseline_progress < 0.1, "nor is a rest that is measured that of two"
        await line.until(lambda: len(noted) > 12)
    first, second = ({id(body) for body, where in noted if where.endswith(seed)} for seed in ("=1", "=2"))
    assert first
    assert second
    assert not first & second, "what was learned of one wearer is not the other's"

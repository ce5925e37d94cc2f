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
from edge.flow import Features
from edge.health import ProcessMeter
from edge.inference.classifier import Classifier, WristEstimate
from edge.service import open_service
from edge.settings import ModelSettings, Settings, WatchSettings
from edge.signals.body import Body
from firmware_bridge.links import Link
from tests.edge.daemon.lines import PATIENCE_S, SPEED, little, running, trust_our_key


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

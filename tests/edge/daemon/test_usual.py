"""A daemon that is started again goes on with the person whom the one before it knew."""

import asyncio
import json
from pathlib import Path

import pytest

from edge.acquaintance import FILE
from edge.bench_wearers import wearers
from edge.health import ProcessMeter
from edge.service import open_service
from edge.settings import ModelSettings, Settings, WatchSettings
from tests.edge.daemon.lines import PATIENCE_S, SPEED, little, trust_our_key


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
    return len(kept["windows"]), len(kept["levels"])


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

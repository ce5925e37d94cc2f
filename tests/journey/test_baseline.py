"""Five quiet minutes, measured from a terminal or in the running daemon, are there at the next start."""

import asyncio
import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from edge.baseline_store import BaselineError, read_baseline
from edge.baseline_verb import measure, told
from edge.health import ProcessMeter
from edge.service import open_service
from edge.settings import CameraSettings, Settings, WatchSettings
from tests.journey.test_record_replay import settings, worn_for


def verb(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "edge.cli", "baseline", *arguments)
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


async def test_the_verb_measures_and_the_next_start_uses_it(tmp_path: Path) -> None:
    out, wanted = tmp_path / "watch.jsonl", Settings(state_dir=str(tmp_path))
    await worn_for(330, out)
    console = Console(file=StringIO(), width=200)
    outcome = await measure(wanted, f"replay:{out}", 100.0, console)
    assert (outcome["measured"], outcome["quiet_s"]) == (True, 300)
    assert json.loads(json.dumps(outcome)) == outcome
    assert f"at rest {outcome['heart_rate']} beats/min" in told(outcome)
    kept = read_baseline(tmp_path, 60.0)
    assert kept is not None
    listening = msgspec.structs.replace(wanted, watch=WatchSettings(address=f"replay:{out}"))
    async with open_service(listening) as service:
        assert service.daemon.baseline == kept.baseline


async def test_a_watch_that_stops_too_early_is_no_baseline(tmp_path: Path) -> None:
    out, config = tmp_path / "watch.jsonl", settings(tmp_path)
    await worn_for(100, out)
    done = await asyncio.to_thread(verb, "--watch", f"replay:{out}", "--speed", "100", "--config", config)
    assert done.returncode == 1
    assert "of 300 quiet seconds were there" in " ".join(done.stdout.split())
    assert not (tmp_path / "state" / "baseline.json").exists()


async def test_the_running_daemon_measures_when_asked(tmp_path: Path) -> None:
    wanted = Settings(state_dir=str(tmp_path), watch=WatchSettings(address="virtual:wearer?seed=2"))
    stop, shares = asyncio.Event(), list[float]()
    async with open_service(wanted, speed=100.0) as service:
        daemon = service.daemon
        daemon.baseline_start()

        def look() -> None:
            share = daemon.baseline_progress
            if share is None:
                stop.set()
            else:
                shares.append(share)

        async with asyncio.timeout(200):
            await service.play(stop, ProcessMeter(service.clock.now()), look)
        assert daemon.baseline is not None
    assert shares == sorted(shares)
    kept = read_baseline(tmp_path, 60.0)
    assert kept is not None
    assert kept.baseline == daemon.baseline


async def test_a_daemon_without_a_watch_has_nobody_to_measure(tmp_path: Path) -> None:
    wanted = Settings(state_dir=str(tmp_path), camera=CameraSettings(source=str(tmp_path / "face.png")))
    async with open_service(wanted) as service:
        with pytest.raises(BaselineError, match="without a watch"):
            service.daemon.baseline_start()

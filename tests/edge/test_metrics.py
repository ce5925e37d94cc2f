"""Counters only rise: Prometheus takes one that falls for a daemon that began anew, and counts its losses twice."""

from pathlib import Path

from edge.daemon import Daemon
from edge.metrics import exposition
from edge.service import open_service
from edge.settings import Settings


def lost(daemon: Daemon) -> dict[str, float]:
    """What the metrics say was lost, by cause."""
    lines = exposition(daemon).decode().splitlines()
    told = [line.removeprefix("vagus_lost_total{cause=") for line in lines if line.startswith("vagus_lost_total")]
    return {cause.strip('"}'): float(n) for cause, n in (line.split() for line in told)}


async def test_what_comes_late_lets_no_counter_fall(tmp_path: Path) -> None:
    async with open_service(Settings(state_dir=str(tmp_path))) as service:
        daemon, losses = service.daemon, service.daemon.health.dropped
        assert not lost(daemon)
        losses.update({"lost": 2, "garbage": 1})
        assert lost(daemon) == {"lost": 2, "garbage": 1}
        losses["lost"] = 1
        assert lost(daemon) == {"lost": 2, "garbage": 1}
        del losses["lost"]
        assert lost(daemon) == {"lost": 2, "garbage": 1}
        losses["lost"] = 3
        assert lost(daemon) == {"lost": 3, "garbage": 1}

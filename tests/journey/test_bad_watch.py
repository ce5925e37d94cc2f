"""A watch that falls silent or talks nonsense: said, counted, survived."""

import asyncio
from pathlib import Path

from tests.fakes.services import running, states


async def test_a_silent_watch_is_offline_and_its_last_values_are_gone(tmp_path: Path) -> None:
    judged = False
    async with asyncio.timeout(60), running(tmp_path, "virtual:wearer?seed=1&silence=90-9000") as service:
        async for state in states(service):
            judged = judged or (state.stress is not None and state.sensors == {"watch": "online"})
            if state.sensors == {"watch": "offline"} and judged:
                assert state.stress is None
                assert state.state == "unknown"
                return


async def test_garbage_is_counted_and_the_daemon_goes_on(tmp_path: Path) -> None:
    address = "virtual:wearer?seed=1&garbage=0.05&truncate=0.05&duplicate=0.05&drop=0.02&reorder=0.02"
    async with asyncio.timeout(60), running(tmp_path, address) as service:
        async for state in states(service):
            if state.stress is not None and service.daemon.health.predictions["wrist"] >= 3:
                break
        losses = service.daemon.losses()
    assert losses["garbage"] > 10
    assert losses["duplicate"] > 10
    assert losses["lost"] > 0

"""Straps and watches of other makers, on virtual devices that speak their bytes, are judged by the same networks."""

import asyncio
from pathlib import Path

import pytest

from tests.fakes.services import running, states


@pytest.mark.parametrize("device", ["polar-h10", "polar-verity", "movesense", "empatica", "heart-rate"])
async def test_a_device_of_another_maker_is_judged(device: str, tmp_path: Path) -> None:
    async with asyncio.timeout(60), running(tmp_path, f"virtual:wearer?device={device}") as service:
        async for state in states(service):
            if state.stress is not None:
                assert state.modalities == ("wrist",)
                assert state.sensors == {"watch": "online"}
                break
        assert not service.daemon.losses()["garbage"]

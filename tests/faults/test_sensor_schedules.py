"""Seeded faults before and behind a whole daemon: what it raised arrives, in order, and it hears and sees again."""

from pathlib import Path

import pytest

from tests.faults.ground import Ground, lay_ground
from tests.faults.mosquitto import needs_mosquitto
from tests.faults.trial import possible_faults, run_trial


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return lay_ground(tmp_path_factory.mktemp("ground"))


@needs_mosquitto
async def test_a_sensor_schedule(tmp_path: Path, ground: Ground, seed: int, part_back: dict[str, list[float]]) -> None:
    trial = await run_trial(seed, possible_faults(tmp_path), ground, tmp_path)
    for part, took_s in trial.recovery_s.items():
        part_back.setdefault(f"daemon's {part}", []).append(took_s)

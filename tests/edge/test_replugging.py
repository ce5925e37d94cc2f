"""How long a camera that failed is left alone."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from edge import replugging
from edge.replugging import Replugging
from tests.fakes.clock import HandClock


class _Pauses:
    """`asyncio.sleep`, without the time that it takes."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.total_s = 0.0
        self.plug: Path | None = None
        self.given_up_s = float("inf")
        """Nobody wants the camera from then on."""

    async def __call__(self, s: float) -> None:
        self.total_s += s
        self.clock.move(s)
        if self.plug is not None and self.total_s > 100:
            self.plug.unlink(missing_ok=True)
        if self.total_s >= self.given_up_s:
            raise asyncio.CancelledError


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> _Pauses:
    made = _Pauses()
    monkeypatch.setattr(replugging.asyncio, "sleep", made)
    return made


async def _waits(camera: Replugging, pauses: _Pauses, hung: bool, count: int) -> list[float]:
    waits = list[float]()
    for _ in range(count):
        before = pauses.total_s
        await camera.wait(hung)
        waits.append(pauses.total_s - before)
    return waits


async def test_one_that_is_away_is_looked_for_every_minute(pauses: _Pauses) -> None:
    waits = await _waits(Replugging("device:0", pauses.clock), pauses, False, 10)
    assert waits[0] <= 2
    assert all(30 <= wait <= 60 for wait in waits[-4:])


async def test_one_that_hangs_costs_at_most_some_threads_an_hour(pauses: _Pauses) -> None:
    waits = await _waits(Replugging("device:nowhere", pauses.clock), pauses, True, 8)
    assert waits[0] <= 2
    assert sum(waits[:5]) > 1200
    assert all(1800 <= wait <= 3600 for wait in waits[-3:])


async def test_a_frame_makes_the_pauses_short_again(pauses: _Pauses) -> None:
    camera = Replugging("gst:videotestsrc ! appsink", pauses.clock)
    await _waits(camera, pauses, True, 5)
    camera.reset()
    assert (await _waits(camera, pauses, True, 1))[0] <= 2


async def test_one_that_is_plugged_anew_is_tried_at_once(tmp_path: Path, pauses: _Pauses) -> None:
    device = tmp_path / "video0"
    device.touch()
    camera = Replugging(f"device:{device}", pauses.clock)
    await _waits(camera, pauses, True, 3)
    pauses.total_s, pauses.plug = 0.0, device
    await camera.wait(True)
    assert 100 < pauses.total_s < 110


async def test_a_pause_goes_on_for_whoever_wants_the_camera_anew(tmp_path: Path, pauses: _Pauses) -> None:
    device = tmp_path / "video0"
    device.touch()
    camera = Replugging(f"device:{device}", pauses.clock)
    await _waits(camera, pauses, True, 3)
    pauses.given_up_s = pauses.total_s + 10
    with pytest.raises(asyncio.CancelledError):
        await camera.wait(True)
    pauses.given_up_s = float("inf")
    pauses.clock.move(20)  # nobody wants it
    before = pauses.total_s
    await camera.rest()
    assert 200 - 30 < pauses.total_s - before < 432 - 30
    await camera.rest()
    assert pauses.total_s - before < 432 - 30, "it is over"
    pauses.given_up_s = pauses.total_s
    with contextlib.suppress(asyncio.CancelledError):
        await camera.wait(True)
    pauses.given_up_s, before = float("inf"), pauses.total_s
    device.unlink()
    await camera.rest()
    assert pauses.total_s == before, "it was plugged anew"

"""A camera that opens and gives no picture is away, and no driver hangs: it is waited for as one that is unplugged."""

import asyncio

import pytest

from edge.sensing.camera import CameraError, open_camera
from tests.edge.sensing.test_camera import Hand, grey, never_rests
from tests.fakes.clock import HandClock


def gives(*levels: int | None) -> Hand:
    device = Hand()
    for level in levels:
        device.next.put(None if level is None else grey(level))
    return device


async def test_a_device_that_opens_and_gives_no_picture_is_away_and_does_not_hang() -> None:
    clock, paused_s = HandClock(), list[float]()
    rest = never_rests(clock, paused_s)
    async with open_camera(lambda: gives(None), 30, clock, patience_s=20, hung_s=5, rest=rest) as camera:
        with pytest.raises(CameraError, match="did not come back in 20 s: it opens and gives no picture") as refusal:
            await anext(camera)
    assert not refusal.value.hung
    assert paused_s == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0]


async def test_a_picture_makes_the_pauses_of_reopening_short_again() -> None:
    clock, paused_s, last = HandClock(), list[float](), gives()
    opened = [last, gives(7, None), gives(None), gives(None)]
    async with open_camera(lambda: opened.pop(), 30, clock, rest=never_rests(clock, paused_s)):
        assert await asyncio.to_thread(last.asked.acquire, timeout=10)
        last.next.put(None)
    assert paused_s[:3] == [0.5, 1.0, 0.5]


async def test_a_device_whose_pictures_are_all_spoilt_is_away_too() -> None:
    clock = HandClock()

    class Spoilt(Hand):
        def grab(self) -> bool:
            clock.move(1)
            return True

    async with open_camera(Spoilt, 30, clock, patience_s=20, hung_s=5, rest=never_rests(clock)) as camera:
        with pytest.raises(CameraError, match="opens and gives no picture"):
            await anext(camera)

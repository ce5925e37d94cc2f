"""Lanes keep the newest, count what they lose, and end when closed."""

import asyncio

import pytest

from edge.lanes import Lane


async def test_a_full_lane_drops_its_oldest_and_counts() -> None:
    lane: Lane[int] = Lane("numbers", size=2)
    for n in range(5):
        lane.put(n)
    lane.close()
    assert [n async for n in lane] == [3, 4]
    assert lane.dropped == 3


async def test_a_waiting_reader_is_woken() -> None:
    lane: Lane[int] = Lane("numbers", size=2)
    reader = asyncio.ensure_future(anext(lane))
    await asyncio.sleep(0)
    lane.put(7)
    assert await reader == 7


def test_a_lane_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Lane[int]("numbers", size=0)

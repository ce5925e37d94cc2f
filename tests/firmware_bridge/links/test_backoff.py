"""Trying again: longer waits each time, jittered, and an end."""

import asyncio

import pytest

from firmware_bridge.errors import LinkError
from firmware_bridge.links.backoff import Backoff, persist, running
from tests.fakes.pacing import SleepClock


def test_waits_double_up_to_the_last_and_start_anew_after_reset():
    backoff = Backoff(first_s=1, last_s=5, draw=lambda low, high: high)
    assert [backoff.wait_s() for _ in range(5)] == [1, 2, 4, 5, 5]
    backoff.reset()
    assert backoff.wait_s() == 1


def test_waits_are_drawn_from_the_upper_half():
    assert all(0.25 <= Backoff().wait_s() <= 0.5 for _ in range(100))


async def test_persist_tries_until_it_works():
    clock, left = SleepClock(), [2]

    async def attempt() -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise LinkError("not yet")

    await persist(attempt, tries=5, sleep=clock.sleep)
    assert len(clock.slept) == 2


async def test_persist_gives_up_with_the_last_error():
    clock = SleepClock()

    async def attempt() -> None:
        raise LinkError("never")

    with pytest.raises(LinkError, match="never"):
        await persist(attempt, tries=3, sleep=clock.sleep)
    assert len(clock.slept) == 2


async def test_what_runs_beside_a_block_raises_at_its_end():
    async def broken() -> None:
        raise ZeroDivisionError

    async def beside() -> None:
        async with running(broken(), "broken"):
            await asyncio.sleep(0)

    with pytest.raises(ZeroDivisionError):
        await beside()

"""A host clock in nanoseconds that only sleeping moves."""

import asyncio
from collections.abc import Callable

from firmware_bridge.links.pace import Sleep


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until something holds; the test's own limit ends a wait for what never comes."""
    while not condition():  # noqa: ASYNC110 - what is waited for is seen from outside and has no event
        await asyncio.sleep(0)


class SleepClock:
    """``sleep`` returns at once and moves ``now`` by what was asked."""

    def __init__(self, start_ns: int = 0) -> None:
        self.now_ns = start_ns
        self.slept: list[float] = []

    def now(self) -> int:
        return self.now_ns

    async def sleep(self, s: float) -> None:
        self.slept.append(s)
        self.now_ns += round(s * 1e9)


def yielding(clock: SleepClock) -> Sleep:
    """Sleep that moves the clock by hand, yet lets others work."""

    async def sleep(s: float) -> None:
        await clock.sleep(s)
        await asyncio.sleep(0)

    return sleep

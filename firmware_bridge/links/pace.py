"""When a replayed or virtual packet is due: watch time made host time."""

import asyncio
from collections.abc import Awaitable, Callable

Sleep = Callable[[float], Awaitable[None]]
"""Waits so many seconds; ``asyncio.sleep`` outside tests."""


MOST_BEHIND_S = 2.0
"""After a stall what is due is caught up with; who is further behind is too slow for this pace, and stays behind."""


class Pace:
    """Waits until a moment of watch time, ``speed`` times as fast as the host's; the first wait sets the origin."""

    def __init__(self, now: Callable[[], int], speed: float, sleep: Sleep = asyncio.sleep) -> None:
        self._now = now
        self._speed = speed
        self._sleep = sleep
        self._origin_ns: float | None = None

    async def until(self, watch_ns: int) -> int:
        """Return when ``watch_ns`` is due, and the host time at which it was; late callers only let others run."""
        if self._origin_ns is None:
            self._origin_ns = self._now() - watch_ns / self._speed
        due_ns = self._origin_ns + watch_ns / self._speed
        await self._sleep(max(0.0, (due_ns - self._now()) / 1e9))
        behind_ns = self._now() - due_ns - MOST_BEHIND_S * 1e9
        if behind_ns > 0:
            self._origin_ns += behind_ns
            due_ns += behind_ns
        return round(due_ns)

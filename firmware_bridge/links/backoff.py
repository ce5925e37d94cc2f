"""Trying again: waits that grow, and never in step with another device's."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress

from firmware_bridge.errors import LinkError
from firmware_bridge.links.pace import Sleep


class Backoff:
    """Grows from ``first_s`` to ``last_s``; each wait is drawn from its upper half: devices fall out of step."""

    def __init__(
        self,
        first_s: float = 0.5,
        last_s: float = 30.0,
        draw: Callable[[float, float], float] = random.uniform,
        *,
        factor: float = 2.0,
    ) -> None:
        self._first_s = first_s
        self._last_s = last_s
        self._draw = draw
        self._factor = factor
        self._next_s = first_s

    def wait_s(self) -> float:
        """The next wait."""
        top, self._next_s = self._next_s, min(self._next_s * self._factor, self._last_s)
        return self._draw(top / 2, top)

    def reset(self) -> None:
        """It worked: the next failure starts small again."""
        self._next_s = self._first_s


async def persist(attempt: Callable[[], Awaitable[None]], *, tries: int, sleep: Sleep = asyncio.sleep) -> None:
    """Call ``attempt`` until it raises no LinkError, waiting longer each time; after ``tries``, raise the last one."""
    backoff = Backoff()
    for left in range(tries - 1, -1, -1):
        try:
            return await attempt()
        except LinkError:
            if left == 0:
                raise
        await sleep(backoff.wait_s())
    raise ValueError(f"tries must be at least 1, got {tries}")


@asynccontextmanager
async def running(work: Coroutine[None, None, None], name: str) -> AsyncGenerator[None]:
    """Run ``work`` beside the block; cancel it at the block's end, and raise there what it raised."""
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

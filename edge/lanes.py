"""Short bounded queues between rooms: the newest wins, losses are counted."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Lane(Generic[T]):
    """A queue of at most ``size`` items for one reader; when full, the oldest leaves and ``dropped`` counts it.

    ``put`` never waits and must be called on the event loop's thread; from another thread use
    ``loop.call_soon_threadsafe(lane.put, item)``.
    """

    def __init__(self, name: str, size: int) -> None:
        if size < 1:
            raise ValueError(f"lane {name}: size must be at least 1, got {size}")
        self.name = name
        self.dropped = 0
        self._items: deque[T] = deque(maxlen=size)
        self._ready = asyncio.Event()
        self._closed = False

    def put(self, item: T) -> None:
        if len(self._items) == self._items.maxlen:
            self.dropped += 1
        self._items.append(item)
        self._ready.set()

    def close(self) -> None:
        """No more items will come; the reader gets what is left, then StopAsyncIteration."""
        self._closed = True
        self._ready.set()

    def __len__(self) -> int:
        return len(self._items)

    def __aiter__(self) -> "Lane[T]":
        return self

    async def __anext__(self) -> T:
        while not self._items:
            if self._closed:
                raise StopAsyncIteration
            self._ready.clear()
            await self._ready.wait()
        return self._items.popleft()

"""The short queue between a link's callbacks and the reader of its packets: the newest wins, losses are counted."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from firmware_bridge.errors import LinkError
from firmware_bridge.links import Packet


class Inbox:
    """Holds at most ``size`` packets for one reader; when full, the oldest leaves and ``dropped`` counts it."""

    def __init__(self, size: int = 1024) -> None:
        self.packets = 0
        self.dropped = 0
        self._held: deque[Packet] = deque(maxlen=size)
        self._stirred = asyncio.Event()
        self._closed = False
        self._error: LinkError | None = None

    def put(self, packet: Packet) -> None:
        """Never waits; to be called on the event loop's thread."""
        self.packets += 1
        if len(self._held) == self._held.maxlen:
            self.dropped += 1
        self._held.append(packet)
        self._stirred.set()

    def close(self, error: LinkError | None = None) -> None:
        """Nothing more will come: the reader gets what is held, then the end, or ``error``."""
        if not self._closed:
            self._closed, self._error = True, error
            self._stirred.set()

    async def read(self) -> AsyncIterator[Packet]:
        """The packets, oldest first, until closed."""
        while True:
            while self._held:
                yield self._held.popleft()
            if self._closed:
                if self._error is not None:
                    raise self._error
                return
            self._stirred.clear()
            await self._stirred.wait()

"""A line of bytes as frames: what serial ports and sockets have in common, from the first byte to the reconnect."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from firmware_bridge.errors import LinkError
from firmware_bridge.links import Packet
from firmware_bridge.links.backoff import persist
from firmware_bridge.links.formats import Format
from firmware_bridge.links.inbox import Inbox
from firmware_bridge.links.pace import Sleep

_TRIES = 20


class Line:
    """One format's frames on their way in, over as many connections as it takes."""

    def __init__(self, filled: Format, now: Callable[[], int]) -> None:
        self.format = filled
        self._now = now
        self._framing = filled.framing()
        self._inbox = Inbox()
        self._reconnects = 0

    def feed(self, data: bytes) -> None:
        """Take bytes as they come; whole frames become packets, stamped now."""
        for frame in self._framing.feed(data):
            self._inbox.put(Packet(self.format.source, frame, self._now()))

    def packets(self) -> AsyncIterator[Packet]:
        """Whole frames in order; raises LinkError when the line could not be mended."""
        return self._inbox.read()

    def counts(self) -> Mapping[str, int]:
        return {
            "packets": self._inbox.packets,
            "dropped": self._inbox.dropped,
            "garbage": self._framing.garbage,
            "reconnects": self._reconnects,
        }

    async def mend(self, connect: Callable[[], Awaitable[None]], sleep: Sleep) -> bool:
        """Connect anew, with growing pauses; False when nothing helped, and the packets have ended with the reason."""
        self._framing.begin()
        try:
            await persist(connect, tries=_TRIES, sleep=sleep)
        except LinkError as error:
            self._inbox.close(error)
            return False
        self._reconnects += 1
        return True

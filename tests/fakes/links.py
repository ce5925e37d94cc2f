"""A link that the test holds both ends of."""

from collections.abc import AsyncIterator, Mapping

from firmware_bridge.errors import LinkError
from firmware_bridge.links import Packet
from firmware_bridge.links.inbox import Inbox


class HeldLink:
    """Packets are put by the test; writes are kept; ``broken`` makes every write and read fail."""

    def __init__(self) -> None:
        self.inbox = Inbox()
        self.written: list[tuple[str, bytes]] = []
        self.values: dict[str, bytes] = {}
        self.broken = False
        self.reconnects = 0
        self.revived = 0

    def packets(self) -> AsyncIterator[Packet]:
        return self.inbox.read()

    async def write(self, target: str, payload: bytes) -> None:
        if self.broken:
            raise LinkError("out of reach")
        self.written.append((target, payload))

    async def read(self, target: str) -> bytes:
        if self.broken or target not in self.values:
            raise LinkError("out of reach")
        return self.values[target]

    def counts(self) -> Mapping[str, int]:
        return {"packets": self.inbox.packets, "reconnects": self.reconnects}

    async def revive(self) -> None:
        self.revived += 1

"""A broker of MQTT 5 that refuses what it is told to, as an access list makes one do, and counts all that it gets."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from edge.relay.address import BrokerAddress

NOT_AUTHORISED, QUOTA = 0x87, 0x97  # MQTT 5.0, 3.4.2.1
_CONNECT, _PUBLISH, _SUBSCRIBE, _PING, _DISCONNECT = 1, 3, 8, 12, 14


@dataclass
class Refusing:
    """``refused`` maps the last level of a topic to a reason code; change it while it runs."""

    refused: dict[str, int] = field(default_factory=dict[str, int])
    address: BrokerAddress = field(default_factory=lambda: BrokerAddress("127.0.0.1", 0))
    hangs_up_on: str = ""
    """A last level that ends the connection when something comes there."""
    connections: int = 0
    published: Counter[str] = field(default_factory=Counter[str])
    """PUBLISH packets that came, by last level, taken or not."""
    taken: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])
    """Level and payload."""
    expiries: list[int] = field(default_factory=list[int])
    """Message Expiry Intervals of what was taken."""

    _writers: set[asyncio.StreamWriter] = field(default_factory=set[asyncio.StreamWriter])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while True:
                kind, body = await packet_of(reader)
                if kind == _DISCONNECT:
                    return
                writer.write(self._answer(kind, body))
                if self.hangs_up_on and self.published[self.hangs_up_on]:
                    self.published[self.hangs_up_on] = 0
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # it has left
        finally:
            self._writers.discard(writer)
            writer.close()

    def hang_up(self) -> None:
        """End every connection."""
        for writer in self._writers:
            writer.transport.abort()

    def _answer(self, kind: int, body: bytes) -> bytes:
        if kind == _CONNECT:
            self.connections += 1
            return bytes((0x20, 3, 0, 0, 0))
        if kind == _PUBLISH:
            return self._take(body)
        if kind == _SUBSCRIBE:
            topic = body[5 : 5 + int.from_bytes(body[3:5])].decode()
            return bytes((0x90, 4, *body[:2], 0, self.refused.get(topic, 1)))
        return bytes((0xD0, 0)) if kind == _PING else b""

    def _take(self, body: bytes) -> bytes:
        length = int.from_bytes(body[:2])
        level = body[2 : 2 + length].decode().rsplit("/", 1)[1]
        packet, properties = body[2 + length : 4 + length], body[5 + length : 5 + length + body[4 + length]]
        code = self.refused.get(level, 0)
        self.published[level] += 1
        if not code and level != self.hangs_up_on:
            self.taken.append((level, body[5 + length + len(properties) :]))
            if properties[:1] == b"\x02":
                self.expiries.append(int.from_bytes(properties[1:5]))
        return b"" if level == self.hangs_up_on else bytes((0x40, 3, *packet, code))


async def packet_of(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    (head,) = await reader.readexactly(1)
    length = shift = 0
    while True:
        (byte,) = await reader.readexactly(1)
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return head >> 4, await reader.readexactly(length)


@asynccontextmanager
async def refusing(**refused: int) -> AsyncGenerator[Refusing]:
    """Run one on a free port of loopback."""
    broker = Refusing(dict(refused))
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    broker.address = BrokerAddress("127.0.0.1", server.sockets[0].getsockname()[1])
    try:
        yield broker
    finally:
        server.close()

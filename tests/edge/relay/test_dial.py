"""A broker is spoken to in the newest MQTT that it speaks: one that says no is believed, one that hangs up is not."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from edge.relay.address import BrokerAddress
from edge.relay.dial import Dialer
from edge.relay.errors import BrokerError
from edge.relay.settings import MqttSettings
from edge.relay.topics import Topics
from tests.edge.relay.refusing import packet_of

_NO = bytes.fromhex("20 02 00 01")
_YES = {4: bytes.fromhex("20 02 00 00"), 5: bytes.fromhex("20 03 00 00 00")}
_TOPICS = Topics("vagus", "edge")


@dataclass
class _Fickle:
    """Answers the first connection with ``first``, if anything, and hangs up; takes those after it."""

    first: bytes
    levels: list[int] = field(default_factory=list[int])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            _, body = await packet_of(reader)
            self.levels.append(body[6])
            writer.write(self.first if len(self.levels) == 1 else _YES[body[6]])
            if len(self.levels) > 1:
                await packet_of(reader)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # it has left
        finally:
            writer.close()


@asynccontextmanager
async def _broker(fickle: _Fickle) -> AsyncGenerator[BrokerAddress]:
    async with await asyncio.start_server(fickle.serve, "127.0.0.1", 0) as server:
        yield BrokerAddress("127.0.0.1", server.sockets[0].getsockname()[1])


@pytest.mark.parametrize(("first", "levels"), [(b"", [5, 4, 5]), (_NO, [5, 4, 4])])
async def test_a_broker_that_hung_up_once_is_asked_again(first: bytes, levels: list[int]) -> None:
    fickle = _Fickle(first)
    async with _broker(fickle) as address:
        dialer = Dialer(MqttSettings(), address)
        for _ in range(2):
            await (await dialer.dial(_TOPICS)).close()
    assert fickle.levels == levels


async def test_a_host_that_no_resolver_takes_cannot_be_reached() -> None:
    with pytest.raises(BrokerError, match=r"home\.\.local:1883 cannot be reached .*check the host"):
        await Dialer(MqttSettings(), BrokerAddress("home..local", 1883)).dial(_TOPICS)

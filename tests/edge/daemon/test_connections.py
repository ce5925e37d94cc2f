"""Whoever opens connections without end is left unheard: the daemon has its descriptors for itself."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from edge import health_page, own_broker
from edge.health_page import open_health_page
from edge.relay.address import BrokerAddress
from edge.relay.broker import local_broker
from tests.edge.daemon.lines import PATIENCE_S, little, running, trust_our_key
from tests.edge.relay.listening import subscriber
from tests.faults.mosquitto import free_port


async def _come(stack: AsyncExitStack, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A program on this machine that connects, and does not leave."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    stack.callback(writer.close)
    return reader, writer


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """The first line of an answer; nothing where the connection is closed."""
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    try:
        return await reader.readline()
    except ConnectionError:
        return b""


async def _is_closed(reader: asyncio.StreamReader) -> bool:
    async with asyncio.timeout(PATIENCE_S):
        try:
            return await reader.read() == b""
        except ConnectionError:
            return True


async def test_the_health_page_answers_so_many_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_page, "CONNECTIONS", 2)
    trust_our_key(tmp_path, monkeypatch)
    little(tmp_path / "bundle")
    async with (
        running(tmp_path, tmp_path / "bundle") as line,
        open_health_page(line.service.daemon, free_port()) as port,
        AsyncExitStack() as stack,
        asyncio.timeout(PATIENCE_S),
    ):
        held = [await _come(stack, port) for _ in range(2)]
        for connection in held:
            assert (await _answer(*connection)).startswith(b"HTTP/1.1 200")
        assert await _answer(*await _come(stack, port)) == b""
        held[0][1].close()
        while not (answer := await _answer(*await _come(stack, port))):
            pass  # until the server has noticed that there is room again
        assert answer.startswith(b"HTTP/1.1 200")


async def _refused(stack: AsyncExitStack, address: BrokerAddress) -> bool:
    reader, _ = await _come(stack, address.port)
    return await _is_closed(reader)


async def test_the_daemons_own_broker_takes_so_many_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_broker, "CONNECTIONS", 2)
    trust_our_key(tmp_path, monkeypatch)
    little(tmp_path / "bundle")
    async with running(tmp_path, tmp_path / "bundle") as line, AsyncExitStack() as stack:
        await line.until(lambda: line.service.relay.connected)  # the first
        async with subscriber(line.service.broker, "vagus/#") as heard:  # the second
            assert await _refused(stack, line.service.broker)
            await heard.until(lambda got: bool(got.on("vagus/edge/alert")))


async def test_who_says_nothing_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.relay.broker.GREETING_S", 0.05)
    async with local_broker(most=1) as address, AsyncExitStack() as stack:
        assert await _refused(stack, address)
        async with subscriber(address, "t/#"):
            assert await _refused(stack, address)

"""The queue between a link and its reader is short, loses the oldest, and counts."""

import asyncio

import pytest

from firmware_bridge.errors import LinkError
from firmware_bridge.links import Packet
from firmware_bridge.links.inbox import Inbox


def packet(n: int) -> Packet:
    return Packet("stream", bytes([n]), n)


async def test_packets_come_in_order_until_closed():
    inbox = Inbox()
    inbox.put(packet(1))
    inbox.put(packet(2))
    inbox.close()
    assert [p.arrived_ns async for p in inbox.read()] == [1, 2]


async def test_the_oldest_leaves_and_is_counted():
    inbox = Inbox(size=2)
    for n in range(5):
        inbox.put(packet(n))
    inbox.close()
    assert [p.arrived_ns async for p in inbox.read()] == [3, 4]
    assert (inbox.packets, inbox.dropped) == (5, 3)


async def test_an_error_comes_after_what_is_held():
    inbox = Inbox()
    inbox.put(packet(1))
    inbox.close(LinkError("gone"))
    inbox.close()
    packets = inbox.read()
    assert (await anext(packets)).arrived_ns == 1
    with pytest.raises(LinkError, match="gone"):
        await anext(packets)


async def test_a_waiting_reader_is_woken():
    inbox = Inbox()
    reader = asyncio.ensure_future(anext(inbox.read()))
    await asyncio.sleep(0)
    inbox.put(packet(7))
    assert (await reader).arrived_ns == 7

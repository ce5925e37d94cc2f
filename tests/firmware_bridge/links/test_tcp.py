"""A TCP device, played by a server on loopback: frames and lines in, commands out, broken and back."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from firmware_bridge import codec
from firmware_bridge.errors import AddressError, LinkError, Trouble
from firmware_bridge.framing import Cobs
from firmware_bridge.links import open_link
from firmware_bridge.links.address import Address
from firmware_bridge.links.tcp import open_tcp
from firmware_bridge.messages import E4Command, E4Sample, E4Stream, SkinConductance, Stamp
from tests.fakes.pacing import SleepClock

FRAME = codec.encode(SkinConductance(Stamp(1, 1000, 128), (512, 513)))[1]


class Server:
    """Takes one connection after the other."""

    def __init__(self) -> None:
        self.connections: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        self.port = 0

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.connections.put((reader, writer))


@asynccontextmanager
async def served() -> AsyncGenerator[Server]:
    server = Server()
    async with asyncio.timeout(10), await asyncio.start_server(server.meet, "127.0.0.1", 0) as listening:
        server.port = listening.sockets[0].getsockname()[1]
        yield server
        while not server.connections.empty():
            server.connections.get_nowait()[1].close()


async def test_frames_in_and_out():
    async with served() as server, open_link(f"tcp:127.0.0.1:{server.port}", now=lambda: 9) as link:
        reader, writer = await server.connections.get()
        writer.write(b"\x05xx\0" + Cobs.stuff(FRAME))
        packet = await anext(link.packets())
        assert (packet.source, packet.payload, packet.arrived_ns) == ("stream", FRAME, 9)
        assert link.counts()["garbage"] == 3
        await link.write("stream", b"\x80\0\0ab")
        assert await reader.readuntil(b"\0") == Cobs.stuff(b"\x80\0\0ab")
        writer.close()


async def test_a_broken_connection_is_made_anew():
    async with served() as server:
        address = Address.parse(f"tcp:127.0.0.1:{server.port}")
        async with open_tcp(address, now=lambda: 0, sleep=SleepClock().sleep) as link:
            packets = link.packets()
            _, first = await server.connections.get()
            first.write(Cobs.stuff(b"one"))
            assert (await anext(packets)).payload == b"one"
            first.close()
            _, second = await server.connections.get()
            second.write(Cobs.stuff(b"two"))
            assert (await anext(packets)).payload == b"two"
            assert link.counts()["reconnects"] == 1
            second.close()


async def test_a_server_that_says_a_word_and_hangs_up_is_not_asked_again_at_once():
    waits, asked = list[float](), asyncio.Event()

    async def sleep(s: float) -> None:
        waits.append(s)
        if len(waits) == 4:
            asked.set()
            await asyncio.Event().wait()

    async with served() as server:
        address = Address.parse(f"tcp:127.0.0.1:{server.port}?format=e4&device=9ff167")
        async with open_tcp(address, now=lambda: 0, sleep=sleep):
            for _ in range(3):
                _, writer = await server.connections.get()
                writer.write(b"R device_connect ERR the device is in use\r\n")
                writer.close()
            _, writer = await server.connections.get()
            writer.close()
            await asked.wait()
    assert waits[0] > 0
    assert waits == sorted(waits)


async def test_a_silent_connection_is_made_anew_when_it_is_asked_for():
    async with served() as server:
        address = Address.parse(f"tcp:127.0.0.1:{server.port}")
        async with open_tcp(address, now=lambda: 0, sleep=SleepClock().sleep) as link:
            _, first = await server.connections.get()
            await link.revive()
            _, second = await server.connections.get()
        first.close()
        second.close()


@pytest.mark.parametrize(
    ("form", "half", "whole", "packet"),
    [
        ("stream", Cobs.stuff(b"one")[:2], Cobs.stuff(b"two"), b"two"),
        ("grove", b"1", b"23\n", b"23"),
        ("grove", b"x" * 5000, b"23\n", b"23"),
    ],
)
async def test_half_a_packet_before_a_break_spoils_none_after_it(form: str, half: bytes, whole: bytes, packet: bytes):
    async with served() as server:
        address = Address.parse(f"tcp:127.0.0.1:{server.port}?format={form}")
        async with open_tcp(address, now=lambda: 0, sleep=SleepClock().sleep) as link:
            _, first = await server.connections.get()
            first.write(half)
            first.close()
            _, second = await server.connections.get()
            second.write(whole)
            assert (await anext(link.packets())).payload == packet
            assert link.counts()["garbage"] == len(half)
            second.close()


async def test_a_device_that_hangs_up_without_a_word_is_left_in_peace_for_longer_and_longer():
    clock = SleepClock()
    async with served() as server:
        address = Address.parse(f"tcp:127.0.0.1:{server.port}")
        async with open_tcp(address, now=lambda: 0, sleep=clock.sleep) as link:
            for _ in range(4):
                (await server.connections.get())[1].close()
            _, last = await server.connections.get()
            last.write(Cobs.stuff(b"one"))
            assert (await anext(link.packets())).payload == b"one"
            assert [0.25 * 2**n <= s <= 0.5 * 2**n for n, s in enumerate(clock.slept)] == [True] * 4
            last.close()


async def test_a_server_that_stays_away_ends_the_packets():
    async with served() as server:
        address = Address.parse(f"tcp:127.0.0.1:{server.port}")
    with pytest.raises(LinkError, match=r"cannot connect to 127\.0\.0\.1") as caught:
        async with open_tcp(address, now=lambda: 0, sleep=SleepClock().sleep):
            pass
    assert caught.value.trouble is Trouble.OUT_OF_REACH


async def test_empaticas_server_is_greeted_with_the_device_and_read_line_by_line():
    async with served() as server:
        address = f"tcp:127.0.0.1:{server.port}?format=e4&device=9ff167"
        async with open_link(address) as link:
            reader, writer = await server.connections.get()
            assert await reader.readline() == b"device_connect 9ff167\r\n"
            await link.write(*codec.encode(E4Command("device_subscribe", ("gsr", "ON"))))
            assert await reader.readline() == b"device_subscribe gsr ON\r\n"
            writer.write(b"R device_subscribe gsr OK\r\nE4_Gsr 12.5 0.4")
            packets = link.packets()
            assert (await anext(packets)).payload == b"R device_subscribe gsr OK"
            writer.write(b"5\r\n")
            packet = await anext(packets)
            sample = E4Sample(E4Stream.SKIN_CONDUCTANCE, 12.5, (0.45,))
            assert codec.decode(packet.source, packet.payload) == sample
            writer.close()


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("tcp:localhost", "lacks a port"),
        ("tcp:localhost:99999", "lacks a port"),
        ("tcp:localhost:1?format=morse", "no format is called 'morse'; there are stream, grove, e4"),
    ],
)
async def test_addresses_that_lead_nowhere(address: str, says: str):
    with pytest.raises(AddressError, match=says):
        async with open_link(address):
            pass


async def test_a_line_has_one_way():
    async with served() as server, open_link(f"tcp:127.0.0.1:{server.port}") as link:
        _, writer = await server.connections.get()
        with pytest.raises(LinkError, match="carries 'stream'"):
            await link.write("elsewhere", b"x")
        with pytest.raises(LinkError, match="nothing to read"):
            await link.read("stream")
        writer.close()

"""The in-memory link: paced by the clock it is given, obedient, and closed when the wearer ends."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from firmware_bridge import codec, gatt
from firmware_bridge.errors import LinkError
from firmware_bridge.links import Link, Packet
from firmware_bridge.links.address import Address
from firmware_bridge.messages import Pulse, RateCommand, StreamChannel
from firmware_bridge.virtual.link import open_virtual
from tests.fakes.pacing import SleepClock

SECOND = 1_000_000_000


@asynccontextmanager
async def opened(address: str, speed: float = 1.0) -> AsyncGenerator[Link]:
    clock = SleepClock(50 * SECOND)
    async with open_virtual(Address.parse(address), now=clock.now, speed=speed, sleep=clock.sleep) as link:
        yield link


async def hear(link: Link, packets: int) -> list[Packet]:
    heard: list[Packet] = []
    async for packet in link.packets():
        heard.append(packet)
        if len(heard) == packets:
            break
    return heard


@pytest.mark.parametrize("speed", [1.0, 20.0])
async def test_packets_arrive_when_due(speed: float):
    async with opened("virtual:wearer?seed=1", speed) as link:
        heard = await hear(link, 200)
    pulse = [p for p in heard if p.source == gatt.STREAM and p.payload[0] == StreamChannel.PULSE]
    due = [50 * SECOND + round((16 * n + 15) * SECOND / 64 / speed) for n in range(len(pulse))]
    assert all(abs(p.arrived_ns - at) <= 2 for p, at in zip(pulse, due, strict=True))


async def test_the_same_address_gives_the_same_bytes():
    async with opened("virtual:wearer?seed=7") as one, opened("virtual:wearer?seed=7") as two:
        assert [p.payload for p in await hear(one, 300)] == [p.payload for p in await hear(two, 300)]


async def test_a_rate_command_is_obeyed_and_a_senseless_one_refused():
    async with opened("virtual:wearer") as link:
        await link.write(*codec.encode(RateCommand(StreamChannel.PULSE, 32 * 32)))
        pulses = [m for p in await hear(link, 30) if isinstance(m := codec.decode(p.source, p.payload), Pulse)]
        assert {m.stamp.rate_hz for m in pulses} == {32.0}
        for target, payload in [
            codec.encode(RateCommand(StreamChannel.PULSE, 7)),
            (gatt.STREAM_CONTROL, b"garbage"),
            (gatt.BATTERY_LEVEL, b"\x01"),
        ]:
            with pytest.raises(LinkError, match="the virtual watch"):
                await link.write(target, payload)


async def test_the_battery_can_be_read():
    async with opened("virtual:wearer") as link:
        assert await link.read(gatt.BATTERY_LEVEL) == bytes([90])
        with pytest.raises(LinkError, match="nothing to read"):
            await link.read(gatt.STREAM)


async def test_faults_come_with_the_address():
    async with opened("virtual:wearer?drop=0.5&silence=2-100") as link:
        heard = [p.arrived_ns - 50 * SECOND for p in await hear(link, 20)]
    assert any(at > 100 * SECOND for at in heard)
    assert not any(2 * SECOND < at < 100 * SECOND for at in heard)

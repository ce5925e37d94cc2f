"""The BLE link against a virtual watch on a virtual radio: found, heard, obeyed, dropped, back, out of range."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice

import pytest
from bleak.backends.client import BaseBleakClient
from bumble.link import LocalLink

from firmware_bridge import codec, gatt
from firmware_bridge.errors import LinkError, Trouble
from firmware_bridge.links import Packet
from firmware_bridge.links.address import Address
from firmware_bridge.links.ble import BleLink, open_ble
from firmware_bridge.links.pace import Pace
from firmware_bridge.messages import HeartRate, Message, Pulse, RateCommand, StreamChannel
from firmware_bridge.virtual.peripheral import Peripheral
from firmware_bridge.virtual.watch import Watch
from firmware_bridge.virtual.wearer import wear
from tests.fakes.computer import Computer, computer
from tests.fakes.pacing import SleepClock, until, yielding

LIMIT_S = 30


@dataclass
class Room:
    """A watch and a computer within reach of each other."""

    peripheral: Peripheral
    watch: Watch
    computer: Computer

    async def play(self, seconds: int) -> None:
        clock = SleepClock()
        spoken = self.watch.speak(islice(wear(1), seconds))
        await self.peripheral.play(spoken, Pace(clock.now, 1.0, yielding(clock)))


@asynccontextmanager
async def room() -> AsyncGenerator[Room]:
    radio, watch = LocalLink(), Watch()
    peripheral = Peripheral(radio, watch)
    await peripheral.power_on()
    async with asyncio.timeout(LIMIT_S), computer(radio) as made:
        yield Room(peripheral, watch, made)
        await peripheral.power_off()


@asynccontextmanager
async def linked(room: Room, address: str = "ble:F0:F1:F2:F3:F4:F5") -> AsyncGenerator[BleLink]:
    where = Address.parse(address)
    async with open_ble(where, now=lambda: 7, radio=room.computer.radio, sleep=SleepClock().sleep) as link:
        yield link


async def hear(link: BleLink, count: int) -> list[Packet]:
    packets = link.packets()
    return [await anext(packets) for _ in range(count)]


@pytest.mark.parametrize("address", ["ble:F0:F1:F2:F3:F4:F5", "ble:Vagus"])
async def test_every_packet_of_the_watch_is_heard_in_order(address: str):
    said = [(s.source, s.payload) for s in Watch().speak(islice(wear(1), 20))]
    async with room() as here, linked(here, address) as link:
        await here.play(20)
        heard = await hear(link, len(said))
    assert [(p.source, p.payload) for p in heard] == said
    assert {p.arrived_ns for p in heard} == {7}
    assert link.counts() == {"packets": len(said), "dropped": 0, "reconnects": 0}


async def test_the_battery_is_read_and_a_rate_command_written():
    async with room() as here, linked(here) as link:
        assert await link.read(gatt.BATTERY_LEVEL) == bytes([90])
        await link.write(*codec.encode(RateCommand(StreamChannel.PULSE, 32 * 32)))
        await here.play(4)  # at half the rate the watch sends half as many frames
        messages: list[Message] = [codec.decode(p.source, p.payload) for p in await hear(link, 20)]
    assert {m.stamp.rate_hz for m in messages if isinstance(m, Pulse)} == {32.0}
    assert any(isinstance(m, HeartRate) for m in messages)


async def test_what_the_watch_refuses_is_a_link_error():
    async with room() as here, linked(here) as link:
        with pytest.raises(LinkError, match="did not write"):
            await link.write(gatt.STREAM_CONTROL, b"nonsense")
        with pytest.raises(LinkError, match="has nothing to read at"):
            await link.read("0000fff1-0000-1000-8000-00805f9b34fb")


async def test_after_a_drop_the_link_comes_back_by_itself():
    async with room() as here, linked(here) as link:
        await here.play(1)
        await hear(link, 5)
        await here.peripheral.drop()
        await until(lambda: link.counts()["reconnects"] == 1)
        await here.play(2)
        await hear(link, 20)
        assert link.counts()["reconnects"] == 1


async def test_a_watch_out_of_range_and_back_is_heard_again():
    async with room() as here, linked(here) as link:
        await here.peripheral.vanish()
        await asyncio.sleep(0)
        with pytest.raises(LinkError, match=r"not connected now|disconnected"):
            await link.read(gatt.BATTERY_LEVEL)
        await here.peripheral.come_back()
        await until(lambda: link.counts()["reconnects"] == 1)
        assert await link.read(gatt.BATTERY_LEVEL) == bytes([90])


async def test_a_silent_connection_can_be_made_anew():
    async with room() as here, linked(here) as link:
        await link.revive()
        await until(lambda: link.counts()["reconnects"] == 1)
        assert here.peripheral.connected


async def test_a_connection_that_is_being_made_is_not_dropped_for_its_silence(monkeypatch: pytest.MonkeyPatch):
    begun, go = asyncio.Event(), asyncio.Event()
    async with room() as here, linked(here) as link:
        client = here.computer.radio.client
        assert client is not None
        connect = client.connect

        async def slowly(self: BaseBleakClient, pair: bool, **options: object) -> None:
            begun.set()
            await go.wait()
            await connect(self, pair, **options)

        monkeypatch.setattr(client, "connect", slowly)
        await here.peripheral.drop()
        await begun.wait()
        await link.revive()
        go.set()
        await until(lambda: link.counts()["reconnects"] == 1)
        await asyncio.sleep(0.1)
        assert await link.read(gatt.BATTERY_LEVEL) == bytes([90])


async def test_a_command_while_services_are_discovered_is_a_link_error_and_no_more(monkeypatch: pytest.MonkeyPatch):
    """bleak says that it is connected before it knows the services; on BlueZ that lasts for seconds."""
    begun, go = asyncio.Event(), asyncio.Event()
    async with room() as here, linked(here) as link:
        client = here.computer.radio.client
        assert client is not None
        connect = client.connect

        async def discovering(self: BaseBleakClient, pair: bool, **options: object) -> None:
            await connect(self, pair, **options)
            services, self.services = self.services, None
            begun.set()
            await go.wait()
            self.services = services

        monkeypatch.setattr(client, "connect", discovering)
        await here.peripheral.drop()
        await begun.wait()
        with pytest.raises(LinkError, match="not connected now"):
            await link.write(*codec.encode(RateCommand(StreamChannel.PULSE, 32 * 32)))
        go.set()
        await until(lambda: link.counts()["reconnects"] == 1)
        assert await link.read(gatt.BATTERY_LEVEL) == bytes([90])


async def test_a_watch_that_is_not_there_is_out_of_reach(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("firmware_bridge.links.ble._FIND_S", 0.05)
    async with room() as here:
        with pytest.raises(LinkError, match="no device F0:00:00:00:00:01 within reach") as caught:
            async with linked(here, "ble:F0:00:00:00:00:01"):
                pass
        assert caught.value.trouble is Trouble.OUT_OF_REACH


async def test_leaving_the_link_hangs_up():
    async with room() as here:
        async with linked(here):
            assert here.peripheral.connected
        assert not here.peripheral.connected

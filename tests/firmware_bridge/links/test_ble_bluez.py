"""A watch that BlueZ still holds for a program that was killed, and one that another program listens to."""

import shutil

import pytest
from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus

from firmware_bridge import gatt
from firmware_bridge.bluez import objects, system_bus
from firmware_bridge.errors import LinkError, Trouble
from firmware_bridge.links import open_link
from firmware_bridge.pairing import scan
from tests.fakes.pacing import until
from tests.firmware_bridge.test_pairing import ADDRESS, room

pytestmark = pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="needs dbus-daemon (package dbus)")


async def call(bus: MessageBus, path: str, interface: str, member: str) -> None:
    reply = await bus.call(Message("org.bluez", path, interface, member))
    assert reply.message_type is not MessageType.ERROR, reply.body


async def listen(program: MessageBus) -> None:
    """What another program, on its own connection to the bus, does with the watch."""
    await scan(0.3)
    (device,) = await objects(program, "org.bluez.Device1")
    await call(program, device, "org.bluez.Device1", "Connect")
    for path, properties in (await objects(program, "org.bluez.GattCharacteristic1")).items():
        if properties["UUID"] == gatt.HEART_RATE_MEASUREMENT:
            await call(program, path, "org.bluez.GattCharacteristic1", "StartNotify")


@pytest.mark.parametrize("place", [ADDRESS, ADDRESS.lower(), "Vagus"])
async def test_a_watch_that_bluez_holds_for_a_killed_program_is_heard_again(place: str):
    async with room() as here:
        async with system_bus() as program:
            await listen(program)
        await until(lambda: not any(here.bluez.listeners.values()))
        assert here.peripheral.connected
        async with open_link(f"ble:{place}") as link:
            assert (await anext(link.packets())).payload


async def test_a_watch_that_another_program_listens_to_is_left_to_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("firmware_bridge.links.ble._FIND_S", 0.3)
    async with room() as here, system_bus() as program:
        await listen(program)
        with pytest.raises(LinkError, match="free of other phones") as caught:
            async with open_link(f"ble:{ADDRESS}"):
                pass
        assert caught.value.trouble is Trouble.OUT_OF_REACH
        assert here.peripheral.connected


@pytest.mark.parametrize("error", [LinkError("BlueZ refused it"), TimeoutError(), ValueError("no such bus")], ids=repr)
async def test_where_bluez_cannot_be_asked_the_watch_is_looked_for_all_the_same(
    error: Exception, monkeypatch: pytest.MonkeyPatch
):
    async def refuse(place: str) -> None:
        raise error

    monkeypatch.setattr("firmware_bridge.bluez.let_go", refuse)
    async with room(), open_link(f"ble:{ADDRESS}") as link:
        assert await link.read(gatt.BATTERY_LEVEL) == bytes([90])

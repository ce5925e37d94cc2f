"""A watch that BlueZ still holds for a program that was killed, and one that another program listens to."""

import asyncio
import shutil
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import cast

import pytest
from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus

from firmware_bridge import gatt
from firmware_bridge.bluez import objects, system_bus
from firmware_bridge.claim import Claim, InUseError
from firmware_bridge.errors import LinkError, Trouble
from firmware_bridge.links import open_link
from firmware_bridge.links.ble import BleLink
from firmware_bridge.pairing import ScriptedAnswers, pair, scan
from tests.fakes.pacing import until
from tests.firmware_bridge.test_pairing import ADDRESS, KEY, room

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


async def test_a_battery_that_bluez_keeps_to_itself_is_read():
    async with room() as here:
        here.bluez.keeps_batteries = True
        async with open_link(f"ble:{ADDRESS}") as link:
            assert gatt.BATTERY_LEVEL not in cast(BleLink, link).offers
            assert await link.read(gatt.BATTERY_LEVEL) == bytes([90])
            with pytest.raises(LinkError, match="has nothing to read at") as caught:
                await link.read(gatt.POLAR_CONTROL)
            assert caught.value.trouble is Trouble.REFUSED


@asynccontextmanager
async def pairing() -> AsyncGenerator[asyncio.subprocess.Process]:
    """`edge-daemon pair` as a program of its own, at the question for the six digits."""
    command = (sys.executable, "-m", "edge.cli", "pair", ADDRESS)
    program = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert program.stdout is not None
        await program.stdout.readuntil(b"six digits")
        yield program
    finally:
        with suppress(ProcessLookupError):
            program.kill()
        await program.communicate()


async def test_a_watch_that_another_program_of_ours_is_pairing_is_left_to_it():
    async with room(KEY), pairing() as program:
        with pytest.raises(InUseError, match=f"vagus uses {ADDRESS} on this computer already"):
            async with open_link(f"ble:{ADDRESS}"):
                pass
        said, _ = await program.communicate(b"%06d\n" % KEY)
        assert program.returncode == 0, said.decode()
        async with open_link(f"ble:{ADDRESS}") as link:
            assert (await anext(link.packets())).payload


async def test_a_watch_whose_pairing_was_killed_is_heard():
    async with room(KEY) as here:
        async with pairing() as program:
            program.kill()
            await program.wait()
            assert here.peripheral.connected
        async with open_link(f"ble:{ADDRESS}") as link:
            assert (await anext(link.packets())).payload


async def test_a_watch_that_bluez_holds_for_a_killed_program_is_paired():
    async with room(KEY) as here:
        async with system_bus() as program:
            await listen(program)
        await until(lambda: not any(here.bluez.listeners.values()))
        assert (await pair(ADDRESS, ScriptedAnswers(KEY))).address == ADDRESS


async def test_a_watch_has_one_program_of_ours_at_a_time():
    async with room() as here, open_link(f"ble:{ADDRESS}"):
        (device,) = here.bluez.devices
        with pytest.raises(InUseError, match=f"vagus uses {ADDRESS} on this computer already") as caught:
            await pair(ADDRESS, ScriptedAnswers())
        assert caught.value.trouble is Trouble.REFUSED
        assert here.peripheral.connected
    with Claim(device):  # as soon as the link is closed
        pass


async def test_a_watch_that_another_program_of_ours_has_just_found_is_left_to_it():
    async with room() as here:
        await scan(0.3)
        (device,) = here.bluez.devices
        with Claim(device), pytest.raises(InUseError, match="vagus uses"):
            async with open_link(f"ble:{ADDRESS}"):
                pass
        assert not here.peripheral.connected


async def test_after_a_drop_the_watch_is_ours_again():
    async with room() as here, open_link(f"ble:{ADDRESS}") as link:
        (device,) = here.bluez.devices
        await here.peripheral.drop()
        await until(lambda: link.counts()["reconnects"] == 1)
        assert (await anext(link.packets())).payload
        with pytest.raises(InUseError):
            Claim(device)

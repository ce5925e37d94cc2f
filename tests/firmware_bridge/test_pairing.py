"""Pairing on a headless computer: bleak's BlueZ backend and our agent against an emulated org.bluez."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice

import pytest
from bumble.link import LocalLink

from firmware_bridge import gatt
from firmware_bridge.bluez import power_cycle
from firmware_bridge.devices.others import MUSE
from firmware_bridge.devices.vagus import VAGUS
from firmware_bridge.errors import LinkError, Trouble
from firmware_bridge.links import open_link
from firmware_bridge.links.pace import Pace
from firmware_bridge.messages import HeartRate
from firmware_bridge.pairing import ScriptedAnswers, bonds, forget, pair, scan
from firmware_bridge.rescue import Rescue
from firmware_bridge.virtual.muse import Muse
from firmware_bridge.virtual.peripheral import Pairing, Peripheral
from firmware_bridge.virtual.personality import Access, Personality, Service, Spoken
from firmware_bridge.virtual.second import Second
from firmware_bridge.virtual.watch import Watch
from firmware_bridge.virtual.wearer import wear
from tests.fakes.bluez import Bluez, bluez, private_bus
from tests.fakes.computer import computer
from tests.fakes.pacing import SleepClock, until, yielding

pytestmark = pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="needs dbus-daemon (package dbus)")

ADDRESS = "F0:F1:F2:F3:F4:F5"
KEY = 123456


@dataclass
class Room:
    """A watch that speaks for ever, and a computer whose bluetoothd is emulated."""

    peripheral: Peripheral
    bluez: Bluez


@asynccontextmanager
async def room(
    passkey: int | None = None, watch: Personality | None = None, seconds: int = 100_000
) -> AsyncGenerator[Room]:
    radio, watch = LocalLink(), watch or Watch()
    peripheral = Peripheral(radio, watch, ADDRESS, Pairing(passkey))
    await peripheral.power_on()
    clock = SleepClock()
    spoken = watch.speak(islice(wear(1), seconds))
    async with asyncio.timeout(40), private_bus(), computer(radio) as here, bluez(here) as daemon:
        daemon.shows_passkey = passkey is not None
        playing = asyncio.create_task(peripheral.play(spoken, Pace(clock.now, 1.0, yielding(clock))))
        try:
            yield Room(peripheral, daemon)
        finally:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
            await peripheral.power_off()


async def test_a_scan_shows_the_watch_with_its_family_and_what_it_gives():
    async with room():
        found = await scan(0.3)
    assert [(one.seen.address, one.seen.name, one.family) for one in found] == [(ADDRESS, "Vagus", VAGUS)]
    assert found[0].seen.rssi is not None
    assert "skin_conductance" in found[0].gives


async def test_a_passkey_watch_is_paired_and_its_first_heartbeat_heard():
    async with room(KEY) as here:
        paired = await pair(ADDRESS, ScriptedAnswers(KEY), allowed=[ADDRESS])
        assert here.bluez.asked == ["RequestPasskey"]
        assert [bond.address for bond in await bonds()] == [ADDRESS]
    assert (paired.address, paired.name, paired.family) == (ADDRESS, "Vagus", VAGUS)
    assert isinstance(paired.first, HeartRate)


async def test_a_watch_without_display_is_paired_on_the_agents_word():
    async with room() as here:
        await pair(ADDRESS, ScriptedAnswers())
        assert here.bluez.asked == ["RequestAuthorization"]


async def test_a_headband_that_says_nothing_before_it_is_started_is_recognised():
    async with room(watch=Muse(), seconds=0):
        paired = await pair(ADDRESS, ScriptedAnswers())
    assert (paired.family, paired.first) == (MUSE, None)


@pytest.mark.parametrize("key", [111111, None])
async def test_a_wrong_or_missing_passkey_has_its_own_trouble(key: int | None):
    async with room(KEY):
        with pytest.raises(LinkError, match="was the passkey right") as caught:
            await pair(ADDRESS, ScriptedAnswers(key))
        assert caught.value.trouble is Trouble.WRONG_PASSKEY
        assert await bonds() == []


class Gauge(Watch):
    """Has a battery and nothing else, and does not know its level."""

    services = (Service(gatt.BATTERY_SERVICE, {gatt.BATTERY_LEVEL: Access.READ}),)

    def speak(self, seconds: Iterable[Second]) -> Iterator[Spoken]:
        yield from ()

    def read(self, target: str) -> bytes:
        return b"\xff"


async def test_a_device_whose_first_word_makes_no_sense_has_its_trouble():
    async with room(watch=Gauge()):
        with pytest.raises(LinkError, match="what it says makes no sense: battery level above 100 %") as caught:
            await pair(ADDRESS, ScriptedAnswers())
        assert caught.value.trouble is Trouble.REFUSED


async def test_a_device_off_the_allow_list_is_not_even_connected():
    async with room() as here:
        with pytest.raises(LinkError, match="not on the allow-list") as caught:
            await pair(ADDRESS, ScriptedAnswers(), allowed=["F0:00:00:00:00:01"])
        assert caught.value.trouble is Trouble.NOT_ALLOWED
        assert not here.peripheral.connected


async def test_a_device_out_of_reach(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("firmware_bridge.pairing._SCAN_S", 0.1)
    async with room() as here:
        await here.peripheral.vanish()
        with pytest.raises(LinkError, match="not within reach") as caught:
            await pair("F0:00:00:00:00:01", ScriptedAnswers())
        assert caught.value.trouble is Trouble.OUT_OF_REACH


async def test_a_bond_is_forgotten_and_the_watch_can_be_paired_anew():
    async with room(KEY):
        await pair(ADDRESS, ScriptedAnswers(KEY))
        await forget(ADDRESS.lower())
        assert await bonds() == []
        await pair(ADDRESS, ScriptedAnswers(KEY))
        with pytest.raises(LinkError, match="does not know F0:00:00:00:00:01"):
            await forget("F0:00:00:00:00:01")


async def test_the_adapter_in_use_is_switched_off_and_on_and_no_other():
    async with room() as here:
        other = here.bluez.plug_in("/org/bluez/hci1")
        assert await power_cycle(pause_s=0) == "hci0"
        assert (here.bluez.powered, other.powered) == ([False, True], [])


async def test_an_adapter_that_is_busy_when_it_is_switched_on_is_asked_again():
    async with room() as here:
        here.bluez.fail[("Adapter1", "Powered on")] = ("org.bluez.Error.Busy", "injected")
        await power_cycle(pause_s=0)
        assert here.bluez.powered == [False, True]


async def test_an_adapter_is_left_switched_on_by_whoever_is_stopped_meanwhile():
    async with room() as here:
        cycling = asyncio.create_task(power_cycle(pause_s=60))
        await until(lambda: here.bluez.powered == [False])
        cycling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cycling
        assert here.bluez.powered == [False, True]


async def test_a_wedged_adapter_is_reset_and_one_that_hears_others_is_not():
    async with room() as here:
        rescue = Rescue("F0:00:00:00:00:01", lambda: 0, listen_s=0.3)
        assert await rescue() is None
        assert here.bluez.powered == []
        here.bluez.fail[("Adapter1", "StartDiscovery")] = ("org.bluez.Error.Failed", "injected")
        assert await rescue() == "hci0"
        assert here.bluez.powered == [False, True]


async def test_the_ble_link_runs_on_bleaks_own_backend():
    async with room(), open_link(f"ble:{ADDRESS}") as link:
        assert await link.read(gatt.BATTERY_LEVEL) == bytes([90])
        packets = link.packets()
        heard = {(await anext(packets)).source for _ in range(60)}
        assert heard >= {gatt.STREAM, gatt.HEART_RATE_MEASUREMENT}


@pytest.mark.parametrize(
    ("call", "error", "trouble", "says"),
    [
        (("Device1", "Connect"), "org.bluez.Error.Failed", Trouble.LOST, "did not connect"),
        (("Device1", "Connect"), "org.freedesktop.DBus.Error.AccessDenied", Trouble.NO_PERMISSION, "no permission"),
        (("Adapter1", "StartDiscovery"), "org.bluez.Error.NotReady", Trouble.NO_ADAPTER, "not ready"),
    ],
)
async def test_errors_of_bluez_become_sentences(call: tuple[str, str], error: str, trouble: Trouble, says: str):
    async with room() as here:
        here.bluez.fail[call] = (error, "injected")
        with pytest.raises(LinkError, match=says) as caught:
            async with open_link(f"ble:{ADDRESS}"):
                pass
        assert caught.value.trouble is trouble


async def test_without_a_system_bus_there_is_no_adapter(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus")
    with pytest.raises(LinkError, match="cannot be reached") as caught:
        await bonds()
    assert caught.value.trouble is Trouble.NO_ADAPTER

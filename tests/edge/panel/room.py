"""A room with a passkey watch in it: a virtual radio, an emulated bluetoothd, and a watch that beats for ever."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import islice

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bumble.link import LocalLink

from firmware_bridge.links.pace import Pace
from firmware_bridge.virtual.peripheral import Pairing, Peripheral
from firmware_bridge.virtual.watch import Watch
from firmware_bridge.virtual.wearer import wear
from tests.fakes.bluez import Bluez, bluez, private_bus
from tests.fakes.computer import computer

ADDRESS, KEY = "F0:F1:F2:F3:F4:F5", 123456


@asynccontextmanager
async def watch_in_the_room(speed: float = 1.0) -> AsyncGenerator[None]:
    """The room, for the time of an `async with`; the wearer lives ``speed`` times as fast as the clock."""
    radio, watch = LocalLink(), Watch()
    peripheral = Peripheral(radio, watch, ADDRESS, Pairing(KEY))
    await peripheral.power_on()
    async with private_bus(), computer(radio) as here, bluez(here) as daemon:
        daemon.shows_passkey = True
        daemon.heard = partial(heard_again, daemon, daemon.heard)
        spoken = watch.speak(islice(wear(1), 1_000_000))
        playing = asyncio.create_task(peripheral.play(spoken, Pace(time.monotonic_ns, speed)))
        try:
            yield
        finally:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
            await peripheral.power_off()


def heard_again(
    daemon: Bluez, heard: Callable[[BLEDevice, AdvertisementData], None], device: BLEDevice, said: AdvertisementData
) -> None:
    """As bluetoothd does: a known device that is heard in a later scan is told as a change of its signal."""
    heard(device, said)
    for known in daemon.devices.values():
        known.emit_properties_changed({"RSSI": said.rssi})

"""In the machine: a virtual controller for BlueZ, and our watch with a passkey within its reach, until killed."""

import asyncio
import signal

from bumble import hci
from bumble.controller import Controller
from bumble.link import LocalLink
from bumble.transport import open_transport

from firmware_bridge.links.pace import Pace
from firmware_bridge.virtual.peripheral import Pairing, Peripheral
from firmware_bridge.virtual.watch import Watch
from firmware_bridge.virtual.wearer import wear

ADDRESS = "F0:F1:F2:F3:F4:F5"
PASSKEY = 123456


async def main() -> None:
    radio = LocalLink()
    transport = await open_transport("vhci")
    controller = Controller("computer", host_source=transport.source, host_sink=transport.sink, link=radio)
    # The kernel would wait for events of these features that Bumble does not send.
    controller.le_features &= ~(hci.LeFeatureMask.LL_PRIVACY | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING)
    watch = Watch()
    peripheral = Peripheral(radio, watch, ADDRESS, Pairing(PASSKEY))
    await peripheral.power_on()
    print("radio is up", flush=True)
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as lanes:
        # SIGUSR1 makes the watch hang up.
        loop.add_signal_handler(signal.SIGUSR1, lambda: lanes.create_task(peripheral.drop()))
        await peripheral.play(watch.speak(wear(1)), Pace(lambda: round(loop.time() * 1e9), 1.0))


if __name__ == "__main__":
    asyncio.run(main())

"""The adapter's reset: when it may help, and when it would only cut what others say."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bumble.link import LocalLink

from firmware_bridge.rescue import Rescue
from firmware_bridge.virtual.peripheral import Peripheral
from firmware_bridge.virtual.watch import Watch
from tests.fakes.computer import computer

HERE, AWAY = "F0:F1:F2:F3:F4:F5", "F0:00:00:00:00:01"


class Room:
    """A radio that may be silent, a clock moved by hand, and the resets that were made."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.resets = 0

    async def reset(self) -> str:
        self.resets += 1
        return "hci0"

    @asynccontextmanager
    async def rescue(self, place: str, *, silent: bool = False) -> AsyncGenerator[Rescue]:
        radio = LocalLink()
        async with asyncio.timeout(20), computer(radio) as here:
            peripheral = Peripheral(radio, Watch(), HERE)
            if not silent:
                await peripheral.power_on()
            yield Rescue(place, lambda: self.now_ns, radio=here.radio, reset=self.reset, listen_s=0.2)
            if not silent:
                await peripheral.power_off()


async def test_a_radio_that_hears_nothing_is_reset_but_seldom():
    room = Room()
    async with room.rescue(AWAY, silent=True) as rescue:
        assert [await rescue(), await rescue()] == ["hci0", None]
        room.now_ns = 600_000_000_000
        assert await rescue() == "hci0"
    assert room.resets == 2


async def test_a_watch_out_of_reach_resets_nothing_while_others_are_heard():
    room = Room()
    async with room.rescue(AWAY) as rescue:
        assert await rescue() is None
    assert room.resets == 0


async def test_a_watch_that_is_heard_but_cannot_be_had_is_worth_a_reset():
    room = Room()
    async with room.rescue(HERE.lower()) as rescue:
        assert await rescue() == "hci0"

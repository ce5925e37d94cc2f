"""Five streams of one watch, and of eight at once, for two minutes of watch time: nothing lost, nothing swapped."""

import asyncio
from itertools import islice

import pytest
from bumble.link import LocalLink

from firmware_bridge.links.address import Address
from firmware_bridge.links.ble import open_ble
from firmware_bridge.links.pace import Pace
from firmware_bridge.virtual.peripheral import Peripheral
from firmware_bridge.virtual.personality import Spoken
from firmware_bridge.virtual.watch import Watch
from firmware_bridge.virtual.wearer import wear
from tests.fakes.computer import Computer, computer
from tests.fakes.pacing import SleepClock, yielding

SECONDS = 120


def five_streams(seed: int) -> list[Spoken]:
    """ECG 130 Hz, motion 50 Hz, pulse 55 Hz, skin conductance and temperature 4 Hz, and heart rate."""
    watch = Watch(pulse_hz=55, motion_hz=50, ecg_hz=130)
    return list(watch.speak(islice(wear(seed), SECONDS)))


async def follow(here: Computer, radio: LocalLink, number: int) -> tuple[int, bool]:
    """One watch from switching on to the last packet: how many it said, and whether just these were heard, in order."""
    said = five_streams(number)
    peripheral = Peripheral(radio, Watch(pulse_hz=55, motion_hz=50, ecg_hz=130), f"F0:F1:F2:F3:F4:{number:02X}")
    await peripheral.power_on()
    clock = SleepClock()
    where = Address.parse(f"ble:{peripheral.address}")
    async with open_ble(where, now=clock.now, radio=here.radio, sleep=clock.sleep) as link:
        playing = asyncio.create_task(peripheral.play(iter(said), Pace(clock.now, 1.0, yielding(clock))))
        packets = link.packets()
        heard = [await anext(packets) for _ in said]
        await playing
        assert link.counts()["dropped"] == 0
    await peripheral.power_off()
    return len(said), [(p.source, p.payload) for p in heard] == [(s.source, s.payload) for s in said]


@pytest.mark.parametrize("watches", [1, 8])
async def test_nothing_is_lost_or_reordered(watches: int):
    radio = LocalLink()
    async with asyncio.timeout(120), computer(radio) as here, asyncio.TaskGroup() as rooms:
        followed = [rooms.create_task(follow(here, radio, number)) for number in range(1, watches + 1)]
    results = [task.result() for task in followed]
    assert all(heard for _, heard in results)
    assert all(said > 15 * SECONDS for said, _ in results)

"""What looks after a device holds where the device is odd: answers and no data, refused settings, a mute reconnect."""

import asyncio

import pytest

from firmware_bridge import gatt
from firmware_bridge.codec import encode
from firmware_bridge.devices import Family, Quantity
from firmware_bridge.devices.others import EMPATICA, MUSE
from firmware_bridge.devices.polar import POLAR_H10, POLAR_VERITY
from firmware_bridge.devices.session import attend
from firmware_bridge.devices.vagus import VAGUS
from firmware_bridge.devices.watches import BANGLE
from firmware_bridge.errors import LinkError, Trouble
from firmware_bridge.links.backoff import running
from firmware_bridge.messages import (
    PolarAnswer,
    PolarCommand,
    PolarMeasurement,
    PolarOperation,
    PolarSetting,
    PolarSettingKind,
    PolarStatus,
)
from tests.firmware_bridge.devices.test_session import Room, bytes_of, drain

OK = PolarAnswer(PolarOperation.START, PolarMeasurement.ECG, PolarStatus.OK)


@pytest.mark.parametrize(
    ("family", "source", "answer"),
    [
        (EMPATICA, gatt.E4_LINES, b"R device_subscribe bvp OK"),
        (MUSE, gatt.MUSE_CONTROL, b'\x09{"rc":0}'),
        (POLAR_H10, *encode(OK)),
        (POLAR_H10, gatt.BATTERY_LEVEL, b"\x50"),
    ],
    ids=lambda value: value.name if isinstance(value, Family) else "",
)
async def test_a_device_that_only_answers_is_silent_and_connected_anew(family: Family, source: str, answer: bytes):
    room = Room()
    async with room.attend(family) as session, running(drain(session), "reader"):
        for _ in range(60):
            room.hear(source, answer)
            await room.move(1)
        assert session.silent
        assert room.link.revived >= 1


async def test_a_reconnect_whose_start_fails_is_no_excuse_for_silence():
    room = Room()
    async with room.attend(VAGUS) as session:
        room.hear()
        await room.move(1)
        room.link.reconnects, room.link.broken = 1, True
        await room.move(60)
        assert (session.silent, room.link.revived) == (True, 2)


async def test_a_rate_that_is_asked_for_while_the_device_is_started_anew_is_kept():
    room = Room()
    async with room.attend(VAGUS) as session:
        await session.rate(Quantity.PULSE, 16)
        write = room.link.write

        async def slow(target: str, payload: bytes) -> None:
            await asyncio.sleep(0)
            await write(target, payload)

        room.link.write = slow
        room.link.reconnects = 1
        starting = asyncio.create_task(session.start())
        for _ in range(len(VAGUS.start) + 1):
            await asyncio.sleep(0)
        await session.rate(Quantity.MOTION, 16)
        await starting
        room.link.written.clear()
        room.link.write = write
        await session.start()
        wanted = (*VAGUS.rate(Quantity.PULSE, 16), *VAGUS.rate(Quantity.MOTION, 16))
        assert room.link.written == bytes_of([*VAGUS.start, *wanted])


async def test_a_rate_that_was_asked_for_outlives_the_keep_alive():
    room = Room()
    async with room.attend(BANGLE) as session, running(drain(session), "reader"):
        await room.beat(61)
        assert room.link.written == bytes_of(BANGLE.keep_alive)
        await session.rate(Quantity.HEART_RATE, 0.1)
        await room.beat(60)
        assert room.link.written == bytes_of(BANGLE.rate(Quantity.HEART_RATE, 0.1))


def _offer(measurement: PolarMeasurement, **choices: tuple[int, ...]) -> PolarAnswer:
    settings = tuple(PolarSetting(PolarSettingKind[name], values) for name, values in choices.items())
    return PolarAnswer(PolarOperation.GET_SETTINGS, measurement, PolarStatus.OK, settings=settings)


async def test_a_refused_setting_is_chosen_from_what_the_sensor_has():
    """An OH1 and a Verity Sense before 2.1 have other rates than a Verity Sense of today."""
    room, pulse = Room(), PolarMeasurement.PPG
    refusal = PolarAnswer(PolarOperation.START, pulse, PolarStatus.BAD_RATE)
    async with room.attend(POLAR_VERITY) as session, running(drain(session), "reader"):
        await room.beat(2)
        question = [encode(PolarCommand(PolarOperation.GET_SETTINGS, pulse))]
        assert await room.beat(3, refusal) == question
        offer = _offer(pulse, RATE_HZ=(28, 135), RESOLUTION_BITS=(22,), CHANNELS=(4,), FACTOR=(0x3F800000,))
        chosen = (
            PolarSetting(PolarSettingKind.RATE_HZ, (28,)),
            PolarSetting(PolarSettingKind.RESOLUTION_BITS, (22,)),
            PolarSetting(PolarSettingKind.CHANNELS, (4,)),
        )
        assert await room.beat(3, offer) == [encode(PolarCommand(PolarOperation.START, pulse, chosen))]
        assert await room.beat(3, refusal, offer) == [], "the same refusal twice is final"
        room.link.reconnects = 1
        await room.beat(2)
        assert await room.beat(3, refusal) == question


@pytest.mark.parametrize(("trouble", "times"), [(None, 4), (Trouble.LOST, 4), (Trouble.REFUSED, 1)])
async def test_a_battery_is_read_at_once_and_every_ten_minutes(trouble: Trouble | None, times: int):
    room, asked = Room(), list[str]()

    async def read(target: str) -> bytes:
        asked.append(target)
        if trouble is not None:
            raise LinkError("no level", trouble)
        return b"\x0f"

    room.link.read = read
    async with attend(room.link, VAGUS, now=room.now, sleep=room.sleep) as session, running(drain(session), "reader"):
        for _ in range(1810):
            room.hear()
            await room.move(1)
        assert asked == [gatt.BATTERY_LEVEL] * times
        assert not session.silent

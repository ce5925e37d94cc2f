"""From an address to an attended device, with virtual devices that say what was done to them."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path

import pytest
from bumble.link import LocalLink

from firmware_bridge import codec
from firmware_bridge.devices import Quantity
from firmware_bridge.devices.opening import open_device
from firmware_bridge.devices.polar import POLAR_H10
from firmware_bridge.devices.session import Session, attend
from firmware_bridge.errors import AddressError, LinkError
from firmware_bridge.links import Link, Packet
from firmware_bridge.links.address import Address
from firmware_bridge.links.ble import open_ble
from firmware_bridge.links.pace import Pace
from firmware_bridge.links.recorder import Recorder
from firmware_bridge.messages import (
    HeartRate,
    Message,
    PolarAcceleration,
    PolarAnswer,
    PolarEcg,
    PolarIntervals,
    PolarMeasurement,
    PolarPpg,
    PolarStatus,
    Pulse,
)
from firmware_bridge.virtual.link import DEVICES, VirtualLink
from firmware_bridge.virtual.peripheral import Peripheral
from firmware_bridge.virtual.polar import PolarSensor
from firmware_bridge.virtual.wearer import wear
from tests.fakes.computer import computer
from tests.fakes.pacing import SleepClock, until, yielding

FAST = 1e5


@asynccontextmanager
async def playing(play: Coroutine[None, None, None]) -> AsyncGenerator[None]:
    """The device speaks within the block."""
    task = asyncio.create_task(play)
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def hear(link: Link, count: int) -> list[Message]:
    packets = link.packets()
    return [codec.decode(p.source, p.payload) for p in [await anext(packets) for _ in range(count)]]


@pytest.mark.parametrize(
    ("device", "kinds"),
    [
        ("vagus", {Pulse, HeartRate}),
        ("polar-h10", {PolarEcg, PolarAcceleration, PolarAnswer, HeartRate}),
        ("polar-verity", {PolarPpg, PolarAcceleration, PolarIntervals, PolarAnswer, HeartRate}),
    ],
)
async def test_a_device_is_recognised_started_and_heard(device: str, kinds: set[type]):
    async with asyncio.timeout(10), open_device(f"virtual:wearer?device={device}", speed=FAST) as link:
        assert isinstance(link, Session)
        assert link.family.name == device
        assert {type(message) for message in await hear(link, 60)} >= kinds


async def test_every_virtual_device_can_be_opened():
    for device in DEVICES:
        async with asyncio.timeout(10), open_device(f"virtual:wearer?device={device}", speed=FAST) as link:
            assert isinstance(link, Session)
            assert link.family.name == device
            assert await hear(link, 50)
    with pytest.raises(AddressError, match="no virtual device is called 'sundial'"):
        async with open_device("virtual:wearer?device=sundial"):
            pass


async def test_a_replay_is_only_linked(tmp_path: Path):
    with Recorder(tmp_path / "r.jsonl", "ble:x") as recorder:
        recorder.keep(Packet("stream", b"1", 0))
    async with open_device(f"replay:{tmp_path / 'r.jsonl'}") as link:
        assert [p.payload async for p in link.packets()] == [b"1"]


@pytest.mark.parametrize("way", ["leaving", "crash", "cancel", "end"])
async def test_an_h10_is_never_left_streaming(way: str):
    sensor, clock = PolarSensor(), SleepClock()
    spoken = sensor.speak(islice(wear(1), 30))
    link = VirtualLink(sensor, spoken, now=clock.now, pace=Pace(clock.now, 1.0, yielding(clock)))

    async def consume() -> None:
        async with attend(link, POLAR_H10, now=clock.now, sleep=yielding(clock)) as session:
            async for _ in session.packets():
                assert sensor.left_streaming == {PolarMeasurement.ECG, PolarMeasurement.ACCELERATION}
                if way == "leaving":
                    break
                if way == "crash":
                    raise ZeroDivisionError
                if way == "cancel":
                    raise asyncio.CancelledError

    if way == "crash":
        with pytest.raises(ZeroDivisionError):
            await consume()
    elif way == "cancel":
        with pytest.raises(asyncio.CancelledError):
            await consume()
    else:
        await consume()
    assert sensor.left_streaming == frozenset()


async def test_over_the_air_an_h10_answers_streams_is_dropped_started_again_and_stopped():
    radio, sensor, clock, care = LocalLink(), PolarSensor(), SleepClock(), asyncio.Event()
    peripheral = Peripheral(radio, sensor)
    await peripheral.power_on()

    async def cared(_: float) -> None:
        await care.wait()
        care.clear()

    async with asyncio.timeout(20), computer(radio) as here:
        where = Address.parse(f"ble:{sensor.name}")
        async with (
            open_ble(where, now=clock.now, radio=here.radio, sleep=yielding(clock)) as link,
            attend(link, POLAR_H10, now=clock.now, sleep=cared) as session,
            playing(peripheral.play(sensor.speak(wear(1)), Pace(clock.now, 1.0, yielding(clock)))),
        ):
            assert {type(m) for m in await hear(session, 60)} >= {PolarEcg, PolarAcceleration, PolarAnswer, HeartRate}
            await peripheral.drop()
            await until(lambda: link.counts()["reconnects"] == 1)
            care.set()
            answers = [m for m in await hear(session, 100) if isinstance(m, PolarAnswer)]
            assert {answer.status for answer in answers} == {PolarStatus.ALREADY_IN_STATE}
        await until(lambda: not sensor.left_streaming)
    await peripheral.power_off()


async def test_what_an_h10_does_not_have_is_refused_with_a_reason():
    async with asyncio.timeout(10), open_device("virtual:wearer?device=polar-h10", speed=FAST) as link:
        assert isinstance(link, Session)
        with pytest.raises(LinkError, match="it can at 25, 50, 100, 200"):
            await link.rate(Quantity.MOTION, 60)

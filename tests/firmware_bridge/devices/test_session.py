"""An attended device: started, polled, kept alive, noticed when silent, revived, and stopped on every way out."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from firmware_bridge import gatt
from firmware_bridge.codec import encode
from firmware_bridge.devices import Family, Quantity
from firmware_bridge.devices.others import MUSE
from firmware_bridge.devices.polar import POLAR_H10
from firmware_bridge.devices.session import Session, attend
from firmware_bridge.devices.vagus import VAGUS, VAGUS_SERIAL
from firmware_bridge.devices.watches import INFINITIME
from firmware_bridge.errors import LinkError, Trouble
from firmware_bridge.links import Packet
from firmware_bridge.links.backoff import running
from firmware_bridge.messages import (
    Command,
    CurrentTime,
    MuseCommand,
    PolarAnswer,
    PolarControl,
    PolarMeasurement,
    PolarOperation,
    PolarStatus,
    PolarStopped,
)
from tests.fakes.links import HeldLink

SECOND = 1_000_000_000


class Room:
    """A held link, a clock moved by hand, and a care that wakes when the clock is moved."""

    def __init__(self) -> None:
        self.link = HeldLink()
        self.now_ns = 0
        self._moved = asyncio.Event()

    def now(self) -> int:
        return self.now_ns

    async def sleep(self, s: float) -> None:
        until_ns = self.now_ns + round(s * SECOND)
        while self.now_ns < until_ns:
            await self._moved.wait()

    async def move(self, s: int) -> None:
        """Second by second, as the care counts."""
        await asyncio.sleep(0)  # whoever has not begun to sleep does so now
        for _ in range(s):
            self.now_ns += SECOND
            moved, self._moved = self._moved, asyncio.Event()
            moved.set()
            for _ in range(6):
                await asyncio.sleep(0)

    def attend(self, family: Family):
        return attend(self.link, family, now=self.now, sleep=self.sleep)

    def hear(self, source: str = gatt.STREAM, payload: bytes = b"x") -> None:
        self.link.inbox.put(Packet(source, payload, self.now_ns))

    async def beat(self, s: int, *said: PolarControl) -> list[tuple[str, bytes]]:
        """What is written within so many seconds to a strap that says this, and then a heart rate every second."""
        self.link.written.clear()
        for each in said:
            self.hear(*encode(each))
        for _ in range(s):
            self.hear(gatt.HEART_RATE_MEASUREMENT)
            await self.move(1)
        return self.link.written


async def drain(session: Session) -> None:
    async for _ in session.packets():
        pass


def bytes_of(commands: Sequence[Command]) -> list[tuple[str, bytes]]:
    return [encode(command) for command in commands]


async def test_a_device_is_started_and_stopped():
    room = Room()
    async with room.attend(POLAR_H10):
        assert room.link.written == bytes_of(POLAR_H10.start)
        room.link.written.clear()
    assert room.link.written == bytes_of(POLAR_H10.stop)


@pytest.mark.parametrize("error", [ZeroDivisionError(), LinkError("lost"), asyncio.CancelledError()], ids=repr)
async def test_a_crash_of_the_consumer_stops_the_device(error: BaseException):
    room = Room()

    async def crash() -> None:
        async with room.attend(POLAR_H10):
            raise error

    with pytest.raises(type(error)):
        await crash()
    assert room.link.written[-2:] == bytes_of(POLAR_H10.stop)


async def test_a_device_out_of_reach_does_not_hold_up_the_end():
    room = Room()
    async with room.attend(POLAR_H10):
        room.link.broken = True


async def test_on_a_serial_line_commands_go_by_the_stream():
    room = Room()
    async with room.attend(VAGUS_SERIAL):
        assert [target for target, _ in room.link.written] == ["stream"]


async def test_packets_pass_through_and_so_does_the_end():
    room = Room()
    async with room.attend(VAGUS) as session:
        room.hear(payload=b"1")
        room.link.inbox.close(LinkError("lost"))
        packets = session.packets()
        assert (await anext(packets)).payload == b"1"
        with pytest.raises(LinkError, match="lost"):
            await anext(packets)


async def test_a_watch_that_notifies_only_changes_is_polled():
    room = Room()
    room.link.values[gatt.HEART_RATE_MEASUREMENT] = b"\x00\x3e"
    async with room.attend(INFINITIME) as session:
        await room.move(60)
        assert not session.silent
        polled = await anext(session.packets())
        assert (polled.source, polled.payload, polled.arrived_ns) == (
            gatt.HEART_RATE_MEASUREMENT,
            b"\x00\x3e",
            5 * SECOND,
        )
        assert room.link.revived == 0


async def test_the_polling_period_is_that_watchs_rate():
    room = Room()
    room.link.values[gatt.HEART_RATE_MEASUREMENT] = b"\x00\x3e"
    async with room.attend(INFINITIME) as session:
        session.poll_every(10)
        await room.move(30)
        packets = session.packets()
        assert [(await anext(packets)).arrived_ns // SECOND for _ in range(3)] == [10, 20, 30]


async def test_a_headband_is_kept_alive():
    room = Room()
    async with room.attend(MUSE):
        room.hear(gatt.MUSE_TP9)
        await room.move(15)
        assert room.link.written.count(encode(MuseCommand("k"))) == 3


async def test_silence_is_noticed_asked_again_then_connected_anew():
    room = Room()
    async with room.attend(VAGUS) as session:
        room.hear()
        await room.move(5)
        assert not session.silent
        await room.move(1)
        assert session.silent
        room.link.written.clear()
        await room.move(15)
        assert room.link.written == bytes_of(VAGUS.start)
        await room.move(15)
        assert (room.link.revived, session.counts()["revivals"]) == (1, 2)
        room.hear()
        await room.move(1)
        assert (session.silent, session.counts()["revivals"]) == (False, 0)


async def test_when_nothing_helps_the_adapter_is_reset():
    room, resets = Room(), list[int]()

    async def reset() -> None:
        resets.append(room.now_ns // SECOND)

    async with attend(room.link, VAGUS, now=room.now, sleep=room.sleep, reset_adapter=reset):
        await room.move(60)
    assert len(resets) == 1


async def test_after_a_reconnect_the_device_is_started_again_with_the_rates_asked_for():
    room = Room()
    async with room.attend(VAGUS) as session:
        await session.rate(Quantity.PULSE, 16)
        room.link.written.clear()
        room.link.reconnects = 1
        await room.move(1)
        assert room.link.written == bytes_of([*VAGUS.start, *VAGUS.rate(Quantity.PULSE, 16)])


async def test_a_device_out_of_reach_is_tried_again_the_next_second():
    room = Room()
    async with room.attend(VAGUS):
        room.link.written.clear()
        room.link.reconnects, room.link.broken = 1, True
        await room.move(2)
        room.link.broken = False
        await room.move(1)
        assert room.link.written == bytes_of(VAGUS.start)


async def test_a_watch_is_set_to_the_time_on_each_connection_and_every_hour():
    room, noon = Room(), datetime(2026, 3, 29, 12, 30, 15, 500_000, UTC)
    room.link.values[gatt.HEART_RATE_MEASUREMENT] = b"\x00\x3e"

    attended = attend(room.link, INFINITIME, now=room.now, sleep=room.sleep, local_time=lambda: noon)
    async with attended as session, running(drain(session), "reader"):
        told = encode(CurrentTime(2026, 3, 29, 12, 30, 15, 7, 128, 2))
        assert room.link.written == [told]
        room.link.reconnects = 1
        await room.move(1)
        assert room.link.written == [told] * 2
        await room.move(3600)
        assert room.link.written == [told] * 3


async def test_a_time_that_cannot_be_trusted_is_not_told():
    room = Room()
    async with room.attend(INFINITIME):
        assert room.link.written == []


async def test_a_watch_that_takes_no_time_is_listened_to_all_the_same():
    room, refused, noon = Room(), list[str](), datetime(2026, 1, 1, 12, tzinfo=UTC)

    async def refuse(target: str, payload: bytes) -> None:
        refused.append(target)
        raise LinkError("nothing to write", Trouble.REFUSED)

    room.link.write = refuse
    async with attend(room.link, INFINITIME, now=room.now, sleep=room.sleep, local_time=lambda: noon):
        assert refused == [gatt.CURRENT_TIME]


STOPPED = PolarStopped((PolarMeasurement.ECG, PolarMeasurement.ACCELERATION))


async def test_a_measurement_that_ends_by_itself_is_started_again_but_not_in_haste():
    room, started = Room(), bytes_of(POLAR_H10.start)
    async with room.attend(POLAR_H10) as session, running(drain(session), "reader"):
        assert await room.beat(20) == []
        assert await room.beat(2, STOPPED) == started
        assert await room.beat(10, STOPPED) == []
        assert await room.beat(10) == started
        room.link.broken = True
        assert await room.beat(16, STOPPED) == []
        room.link.broken = False
        assert await room.beat(16) == started, "the last start reached nobody"
        assert await room.beat(20) == []


@pytest.mark.parametrize(
    ("status", "again"),
    [
        (PolarStatus.IN_CHARGER, True),
        (PolarStatus.INVALID_STATE, True),
        (PolarStatus.OK, False),
        (PolarStatus.ALREADY_IN_STATE, False),
        (PolarStatus.NOT_SUPPORTED, False),
    ],
)
async def test_a_start_that_is_refused_for_the_moment_is_asked_for_again(status: PolarStatus, again: bool):
    room = Room()
    async with room.attend(POLAR_H10):
        answer = PolarAnswer(PolarOperation.START, PolarMeasurement.ECG, status)
        assert await room.beat(14, answer) == []
        assert await room.beat(2) == (bytes_of(POLAR_H10.start) if again else [])


async def test_a_word_of_the_strap_that_nobody_knows_starts_nothing():
    room = Room()
    async with room.attend(POLAR_H10):
        room.link.written.clear()
        room.hear(gatt.POLAR_CONTROL, b"\x01\x3f")
        assert await room.beat(20) == []

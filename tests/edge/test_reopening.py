"""Tries to open a watch: pauses that grow and stay bounded, and an adapter that is suspected only after several."""

from collections.abc import Callable

import pytest

from edge.reopening import RESCUE_EACH, Reopening, rescuer
from firmware_bridge.errors import LinkError, Trouble
from tests.fakes.pacing import SleepClock


class Radio:
    """Counts the resets that were asked for; ``broken`` makes each fail."""

    def __init__(self) -> None:
        self.resets = 0
        self.broken = False

    async def rescue(self) -> str | None:
        self.resets += 1
        if self.broken:
            raise LinkError("there is no adapter", Trouble.NO_ADAPTER)
        return "hci0"


class Room:
    """One watch's tries, on a clock that sleeping moves."""

    def __init__(self, draw: Callable[[float, float], float] = min) -> None:
        self.clock, self.radio = SleepClock(), Radio()
        self.reopening = Reopening(self.radio.rescue, sleep=self.clock.sleep, draw=draw)

    async def fail(self, times: int, trouble: Trouble = Trouble.OUT_OF_REACH, why: str = "out of reach") -> None:
        for _ in range(times):
            await self.reopening.wait(LinkError(why, trouble))


async def test_pauses_grow_from_two_seconds_and_never_past_a_minute():
    shortest, longest = Room(min), Room(max)
    await shortest.fail(7)
    await longest.fail(7)
    assert shortest.clock.slept == [2, 4, 8, 16, 30, 30, 30]
    assert longest.clock.slept == [4, 8, 16, 32, 60, 60, 60]


async def test_a_watch_that_was_heard_begins_anew():
    room = Room()
    await room.fail(RESCUE_EACH - 1)
    room.reopening.heard()
    await room.fail(1)
    assert (room.clock.slept[-1], room.radio.resets) == (2, 0)


async def test_the_adapter_is_suspected_after_several_tries_and_again_after_as_many():
    room = Room()
    await room.fail(RESCUE_EACH - 1)
    assert room.radio.resets == 0
    await room.fail(1)
    assert room.radio.resets == 1
    await room.fail(RESCUE_EACH)
    assert room.radio.resets == 2


async def test_long_silences_count_without_a_further_pause():
    room = Room()
    for _ in range(RESCUE_EACH):
        await room.reopening.stuck()
    assert (room.radio.resets, room.clock.slept) == (1, [])


@pytest.mark.parametrize("trouble", [Trouble.WRONG_PASSKEY, Trouble.NO_PERMISSION, Trouble.NOT_ALLOWED])
async def test_what_no_reset_cures_asks_for_none(trouble: Trouble):
    room = Room()
    await room.fail(2 * RESCUE_EACH, trouble)
    assert room.radio.resets == 0


async def test_a_reset_that_fails_is_no_reason_to_stop_trying(caplog: pytest.LogCaptureFixture):
    room = Room()
    room.radio.broken = True
    await room.fail(2 * RESCUE_EACH)
    assert room.radio.resets == 2
    assert caplog.text.count("cannot be reset: there is no adapter") == 1


async def test_a_watch_that_is_away_for_weeks_is_told_once(caplog: pytest.LogCaptureFixture):
    room = Room()
    away = Trouble.NO_PERMISSION
    await room.fail(50, away)
    assert caplog.messages == ["out of reach"]
    await room.fail(2, away, "no adapter")
    await room.fail(2, away)
    assert caplog.messages == ["out of reach", "no adapter", "out of reach"], "what changes is news"
    room.reopening.heard()
    await room.fail(2, away)
    assert caplog.messages[3:] == ["out of reach"], "so is what comes again"


def test_only_a_watch_by_radio_has_an_adapter():
    assert rescuer("tcp:127.0.0.1:9", lambda: 0) is None
    assert rescuer("ble:F0:F1:F2:F3:F4:F5", lambda: 0) is not None
    assert Reopening().reset_adapter is None

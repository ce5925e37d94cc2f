"""A beat has the time it was at, whatever beats were lost, blocked or rounded before it."""

import numpy as np
import pytest

from edge.clock import HostNs, StreamNs, nanoseconds
from edge.flow import Channel, Samples
from edge.sensing.beat_row import DRIFT, BeatRow
from edge.sensing.watch import Watch
from firmware_bridge import gatt
from firmware_bridge.codec import encode
from firmware_bridge.links import Packet
from firmware_bridge.messages import HeartRate, Message, PolarBeat, PolarHead, PolarIntervals
from tests.fakes.clock import HandClock

UNIX_S = 1.7e9


def hear(watch: Watch, message: Message, at_s: float) -> list[Samples]:
    told = watch.feed(Packet(*encode(message), nanoseconds(at_s)))
    return [samples for samples in told if samples.channel is Channel.BEAT_INTERVAL]


def e4(watch: Watch, stream: str, time_s: float, value: float, at_s: float) -> list[Samples]:
    return watch.feed(Packet(gatt.E4_LINES, f"E4_{stream} {UNIX_S + time_s} {value}".encode(), nanoseconds(at_s)))


def intervals(*beats: tuple[int, bool]) -> PolarIntervals:
    return PolarIntervals(PolarHead(0, 0), tuple(PolarBeat(75, ms, 10, 0b110 if good else 0b111) for ms, good in beats))


def seconds(samples: Samples) -> list[float]:
    return [round(time / 1e9, 3) for time in samples.times.tolist()]


def test_blocked_beats_take_their_time_and_leave_a_gap() -> None:
    watch, still = Watch(HandClock()), ((800, True),) * 5
    hear(watch, intervals(*still), 1004.0)
    (moved,) = hear(watch, intervals((800, True), (820, True), (400, False), (1250, False), (800, True)), 1008.07)
    assert seconds(moved) == [1004.8, 1005.62, 1008.07]
    assert (moved.values.tolist(), moved.gap) == ([800.0, 820.0, 800.0], True)
    (after,) = hear(watch, intervals(*still), 1012.07)
    assert (seconds(after)[-1], after.gap) == (1012.07, False)


def test_a_gap_is_told_with_the_beats_after_it() -> None:
    watch = Watch(HandClock())
    hear(watch, intervals((800, True)), 1000.0)
    assert hear(watch, intervals((900, False), (900, False)), 1001.8) == []
    (after,) = hear(watch, intervals((800, True), (800, False)), 1003.4)
    assert (seconds(after), after.gap) == ([1002.6], True)
    (last,) = hear(watch, intervals((800, True)), 1004.2)
    assert (seconds(last), last.gap) == ([1004.2], True)


def test_beats_off_the_skin_take_their_time_and_leave_a_gap() -> None:
    watch = Watch(HandClock())
    hear(watch, HeartRate(60, True, rr_1024=(1024,)), 1000.0)
    assert hear(watch, HeartRate(60, contact=False, rr_1024=(1024,)), 1001.0) == []
    (after,) = hear(watch, HeartRate(60, True, rr_1024=(1024,)), 1002.0)
    assert (seconds(after), after.gap) == ([1002.0], True)


def test_beats_that_cannot_be_used_do_not_hold_off_those_that_come_another_way() -> None:
    watch = Watch(HandClock())
    hear(watch, intervals((1000, True)), 1000.0)
    for k in range(1, 11):
        assert hear(watch, intervals((1000, False)), 1000.0 + k) == []
    assert len(hear(watch, HeartRate(60, rr_1024=(1024,)), 1011.0)) == 1


def test_a_sum_that_drifts_is_drawn_to_arrival_and_nothing_is_called_lost() -> None:
    watch, chance, at_s, told = Watch(HandClock()), np.random.default_rng(1), 1000.0, list[Samples]()
    for _ in range(18_000):  # four hours of a strap that rounds down
        true_s = 0.8 + chance.normal(0, 0.03)
        at_s += true_s
        told += hear(watch, HeartRate(75, True, rr_1024=(int(true_s * 1024),)), at_s)
    assert not any(samples.gap for samples in told)
    assert max(abs(int(samples.times[0]) - samples.received) for samples in told) < nanoseconds(1.02)
    steps = np.diff([int(samples.times[0]) for samples in told]) / 1e6 - [samples.values[0] for samples in told[1:]]
    assert steps.min() >= -0.1
    assert steps.max() < 10.0, "no beat is seen to move"


@pytest.mark.parametrize("sign", [1, -1])
def test_a_row_is_drawn_from_either_side_a_hundredth_at_a_time(sign: int) -> None:
    row, off_ns = BeatRow(), sign * nanoseconds(1.5)
    row.place([1000.0], [True], StreamNs(0))
    ends = [int(row.place([1000.0], [True], StreamNs(k * nanoseconds(1.0) + off_ns)).times[0]) for k in range(1, 400)]
    drawn = np.array(ends) - nanoseconds(1.0) * np.arange(1, 400)
    assert (drawn[: DRIFT - 1] == 0).all()
    assert np.abs(np.diff(drawn)).max() == nanoseconds(0.01)
    assert drawn[-1] == sign * nanoseconds(0.5), "the last second may be jitter"


@pytest.mark.parametrize("first_s", [0.0, 0.5, 1.0])
def test_a_second_of_jitter_moves_no_beat(first_s: float) -> None:
    watch, chance = Watch(HandClock()), np.random.default_rng(2)
    late_s = [first_s, *chance.uniform(0, 1, 300), *[1.0] * 30, *[0.0] * 30]
    told = [s for k, late in enumerate(late_s) for s in hear(watch, HeartRate(60, rr_1024=(1024,)), 1000 + k + late)]
    assert {int(step) for step in np.diff([int(samples.times[0]) for samples in told])} == {nanoseconds(1.0)}


def test_an_e4_s_beats_have_its_own_time_and_those_it_missed_are_a_gap() -> None:
    watch = Watch(HandClock())
    told: list[tuple[float, bool]] = []
    for beat in (1, 2, 3, 6, 7):
        for quarter in range(4):
            at_s = 0.8 * beat + 0.2 * quarter
            e4(watch, "Gsr", at_s, 0.5, 1000 + at_s)
        (samples,) = e4(watch, "Ibi", 0.8 * beat, 0.8, 1000 + 0.8 * beat + 0.65)
        told.append((seconds(samples)[0], samples.gap))
    assert [time for time, _ in told] == pytest.approx([1000.8, 1001.6, 1002.4, 1004.8, 1005.6], abs=0.002)
    assert [gap for _, gap in told] == [False, False, False, True, False]


def test_an_e4_s_beats_teach_its_clock_where_nothing_else_does() -> None:
    watch = Watch(HandClock())
    told = [s for k in range(1, 6) for s in e4(watch, "Ibi", 0.8 * k, 0.8, 1000 + 0.8 * k + 0.01 * (k % 3))]
    assert np.diff([int(samples.times[0]) for samples in told]) / 1e9 == pytest.approx([0.8] * 4, abs=0.011)


def test_two_beats_with_one_stamp_are_both_there() -> None:
    watch = Watch(HandClock())
    told = [s for stamp_s in (1.0, 1.0, 2.6) for s in e4(watch, "Ibi", stamp_s, 0.8, 1000 + stamp_s)]
    assert [seconds(samples)[0] for samples in told] == [1001.0, 1001.8, 1002.6]


@pytest.mark.parametrize(("stamp_s", "count"), [(1e6, "early"), (-1e6, "untold")])
def test_a_beat_with_a_wild_stamp_is_not_told(stamp_s: float, count: str) -> None:
    watch = Watch(HandClock())
    e4(watch, "Gsr", 0.0, 0.5, 1000.0)
    assert e4(watch, "Ibi", stamp_s, 0.8, 1000.1) == []
    assert watch.counts[count] == 1


def test_a_beat_without_a_stamp_is_summed() -> None:
    watch = Watch(HandClock())
    told = [s for k in range(3) for s in watch.feed(Packet(gatt.E4_LINES, b"E4_Ibi 0 0.8", nanoseconds(10 + k)))]
    assert [seconds(samples)[0] for samples in told] == [10.0, 10.8, 11.6]
    assert told[0].received == HostNs(nanoseconds(10.0))

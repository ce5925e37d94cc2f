"""A watch that starts anew, or whose clock is set, is heard on; no sample is told hours from its arrival."""

import pytest

from edge.clock import nanoseconds
from edge.flow import Samples
from edge.sensing.watch import WAITING, Watch
from firmware_bridge.codec import encode
from firmware_bridge.links import Packet
from firmware_bridge.messages import Message, PolarEcg, PolarHead, Pulse, SkinConductance, Stamp
from tests.fakes.clock import HandClock

ECG_S = 73 / 130
IN_2019_S = 599_616_000
IN_2026_S = 847_000_000


def hear(watch: Watch, message: Message, at_s: float) -> list[Samples]:
    return watch.feed(Packet(*encode(message), nanoseconds(at_s)))


def skin(number: int, tick_s: float | None = None) -> SkinConductance:
    """Four samples, a second's."""
    tick_ms = round(1000 * (number if tick_s is None else tick_s))
    return SkinConductance(Stamp(number % 65_536, tick_ms, 4 * 32), (1, 2, 3, 4))


def pulse(number: int) -> Pulse:
    """Sixteen samples, a quarter of a second's."""
    return Pulse(Stamp(number % 65_536, 250 * number, 64 * 32), (0,) * 16)


def ecg(time_s: float) -> PolarEcg:
    return PolarEcg(PolarHead(nanoseconds(time_s), 0), (0,) * 73)


@pytest.mark.parametrize("uptime_s", [10, 40, 60, 100, 40_000])
def test_a_board_that_reboots_is_heard_whole_and_loses_nothing(uptime_s: int) -> None:
    watch = Watch(HandClock())
    for number in range(uptime_s):
        hear(watch, skin(number), 1000 + number)
    again_s = 1000 + uptime_s + 5
    told = [samples for number in range(20) for samples in hear(watch, skin(number), again_s + number)]
    ends_s = [samples.times[-1] / 1e9 for samples in told]
    assert ends_s == pytest.approx([again_s + number for number in range(20)])
    assert [samples.gap for samples in told] == [True] + 19 * [False]
    assert (watch.counts["restart"], watch.counts["lost"], watch.counts["duplicate"]) == (1, 0, 0)


def test_all_channels_of_a_board_that_reboots_are_heard() -> None:
    watch = Watch(HandClock())
    for number in range(30):
        hear(watch, skin(number), 1000 + number)
        for quarter in range(4 * number, 4 * number + 4):
            hear(watch, pulse(quarter), 1000 + quarter / 4)
    told: list[Samples] = []
    for number in range(10):
        told += hear(watch, skin(number), 1040 + number)
        for quarter in range(4 * number, 4 * number + 4):
            told += hear(watch, pulse(quarter), 1040 + quarter / 4)
    assert len(told) == 50
    assert all(abs(samples.times[-1] - samples.received) < nanoseconds(0.8) for samples in told)
    assert (watch.counts["restart"], watch.counts["duplicate"]) == (2, 0)


def test_packets_that_change_places_leave_nothing_lost() -> None:
    watch = Watch(HandClock())
    for number in (0, 1, 3, 2, 4):
        hear(watch, skin(number), 1000 + number)
    assert (watch.counts["lost"], watch.counts["late"]) == (0, 1)


def test_numbers_that_came_round_in_a_long_silence_are_no_duplicates() -> None:
    watch = Watch(HandClock())
    for number in range(100):
        hear(watch, skin(number), 1000 + number)
    turned = 65_536 + 90
    told = [s for k in range(20) for s in hear(watch, skin(turned + k), 1000 + turned + k)]
    assert len(told) == 20
    assert watch.counts["duplicate"] == 0


def test_a_clock_that_went_back_by_years_is_told_with_the_right_time() -> None:
    watch = Watch(HandClock())
    for k in range(60):
        hear(watch, ecg(IN_2026_S + k * ECG_S), 1000 + k * ECG_S)
    told = [hear(watch, ecg(IN_2019_S + k * ECG_S), 1060 + k * ECG_S) for k in range(8)]
    assert [len(samples) for samples in told] == [0, 0, 3, 1, 1, 1, 1, 1], "nothing, while it is not decided"
    ends_s = [s.times[-1] / 1e9 for samples in told for s in samples]
    assert ends_s == pytest.approx([1060 + k * ECG_S for k in range(8)], abs=1e-3)
    assert told[2][0].gap
    assert watch.counts["untold"] == 0


def test_packets_that_lost_their_way_are_told_where_they_belong_once_that_is_known() -> None:
    watch = Watch(HandClock())
    for number in range(40):
        if number not in (30, 31):
            hear(watch, skin(number), 1000 + number)
    assert [hear(watch, skin(number), 1039.1) for number in (30, 31)] == [[], []]
    told = hear(watch, skin(40), 1040)
    assert [samples.times[-1] / 1e9 for samples in told] == pytest.approx([1030, 1031, 1040])
    assert (watch.counts["late"], watch.counts["lost"]) == (2, 0)


def test_a_packet_of_years_ago_is_never_told() -> None:
    watch = Watch(HandClock())
    for k in range(10):
        hear(watch, ecg(IN_2026_S + k * ECG_S), 1000 + k * ECG_S)
    assert hear(watch, ecg(IN_2019_S), 1000 + 10 * ECG_S) == []
    assert len(hear(watch, ecg(IN_2026_S + 11 * ECG_S), 1000 + 11 * ECG_S)) == 1
    assert watch.counts["untold"] == 1


def test_a_clock_set_back_in_a_silence_of_hours_waits_until_that_is_known() -> None:
    watch = Watch(HandClock())
    for k in range(20):
        hear(watch, ecg(IN_2026_S + k * ECG_S), 1000 + k * ECG_S)
    told = [s for k in range(20) for s in hear(watch, ecg(IN_2026_S + 60 + k * ECG_S), 30_000 + k * ECG_S)]
    assert len(told) == 20
    assert all(abs(samples.times[-1] - samples.received) < nanoseconds(0.1) for samples in told)


def test_what_waits_is_bounded_and_counted() -> None:
    watch = Watch(HandClock())
    hear(watch, skin(0, tick_s=10_000), 10_000)
    for number in range(WAITING + 5):  # each one catches up a little, so that it may be a burst
        hear(watch, skin(1, tick_s=100 + number), 10_001 + number / 2)
    assert watch.counts["untold"] == 5

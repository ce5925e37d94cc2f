"""Windows over several rates: when they come, what is in them, what is late, lost or twice."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.clock import SECOND, HostNs
from edge.flow import Channel, Samples, Window
from edge.signals.windows import Windows


def packet(channel: Channel, start_s: float, count: int, rate_hz: float) -> Samples:
    """Samples whose values are their own times in seconds."""
    spacing = SECOND / rate_hz if rate_hz else 0
    times = np.rint(start_s * SECOND + np.arange(count) * spacing).astype(np.int64)
    received = HostNs(round((start_s + count / (rate_hz or 1)) * SECOND))
    return Samples(channel, times, (times / SECOND).astype(np.float32), rate_hz, received)


def pulse(start_s: float, seconds: float = 0.5) -> Samples:
    return packet(Channel.PULSE, start_s, round(64 * seconds), 64)


def skin(start_s: float, seconds: float = 1.0) -> Samples:
    return packet(Channel.SKIN_CONDUCTANCE, start_s, round(4 * seconds), 4)


def through(windows: Windows, packets: list[Samples]) -> list[Window]:
    return [window for samples in packets for window in windows.feed(samples)]


def ends(windows: list[Window]) -> list[float]:
    return [window.end / SECOND for window in windows]


def test_a_window_comes_every_hop_once_a_span_is_full() -> None:
    windows = through(Windows(10, 5), [pulse(s / 2) for s in range(60)])
    assert ends(windows) == [10, 15, 20, 25, 30]
    first = windows[0].signals[Channel.PULSE]
    assert (len(first.times), first.complete, first.rate_hz) == (640, 1.0, 64)
    assert first.times[0] == windows[0].start
    assert first.times[-1] < windows[0].end
    assert not any(window.gap for window in windows)


def test_the_packet_that_completes_a_window_is_the_last_one_in_it() -> None:
    windows = Windows(10, 5)
    assert not through(windows, [pulse(s / 2) for s in range(19)])
    (window,) = windows.feed(pulse(9.5))
    assert window.received == 10 * SECOND


def test_a_slower_channel_is_waited_for() -> None:
    windows = Windows(10, 5)
    early = through(windows, [skin(s) for s in range(9)] + [pulse(s / 2) for s in range(20)])
    assert not early
    (window,) = windows.feed(skin(9))
    assert window.signals[Channel.SKIN_CONDUCTANCE].complete == 1.0


def test_a_silent_channel_is_not_waited_for_long() -> None:
    windows = Windows(10, 5)
    through(windows, [skin(s) for s in range(6)])
    made = through(windows, [pulse(s / 2) for s in range(30)])
    assert ends(made) == [10, 15]
    assert made[0].signals[Channel.SKIN_CONDUCTANCE].complete == pytest.approx(0.6)


def test_a_hop_without_samples_has_no_window_and_the_next_is_a_gap() -> None:
    before, after = [pulse(s / 2) for s in range(24)], [pulse(40 + s / 2) for s in range(24)]
    windows = through(Windows(10, 5), before + after)
    assert ends(windows) == [10, 45, 50]
    assert [window.gap for window in windows] == [False, True, False]
    assert windows[1].signals[Channel.PULSE].complete == pytest.approx(0.5)


def test_packets_twice_or_late_change_nothing_or_fill_their_hole() -> None:
    packets = [pulse(s / 2) for s in range(24)]
    plain = through(Windows(10, 5), packets)
    windows = Windows(10, 5)
    twice = through(windows, [p for p in packets for _ in range(2)])
    late = through(Windows(10, 5), [*packets[:6], packets[7], packets[6], *packets[8:]])
    for other in (twice, late):
        assert ends(other) == ends(plain)
        np.testing.assert_array_equal(other[0].signals[Channel.PULSE].values, plain[0].signals[Channel.PULSE].values)
    assert windows.late == sum(len(p.times) for p in packets)


def test_samples_that_are_no_numbers_are_left_out() -> None:
    windows = Windows(10, 5)
    broken = pulse(0)
    broken.values[3] = np.nan
    (window, *_) = through(windows, [broken, *[pulse(s / 2) for s in range(1, 24)]])
    assert len(window.signals[Channel.PULSE].times) == 639
    assert windows.late == 1


def test_beats_alone_make_windows() -> None:
    windows = through(Windows(10, 5), [packet(Channel.BEAT_INTERVAL, s, 1, 0) for s in range(21)])
    assert ends(windows) == [10, 15, 20]
    assert windows[0].signals[Channel.BEAT_INTERVAL].complete == 1.0


def test_a_clock_that_went_back_starts_anew() -> None:
    windows = Windows(10, 5)
    through(windows, [pulse(1000 + s / 2) for s in range(24)])
    again = through(windows, [pulse(s / 2) for s in range(40)])
    assert again
    assert again[0].gap
    assert again[0].end < 100 * SECOND


def test_a_span_shorter_than_its_hop_is_refused() -> None:
    with pytest.raises(ValueError, match="hop must be above 0"):
        Windows(5, 10)


def test_memory_stays_bounded() -> None:
    windows = Windows(10, 5)
    seen = [window for s in range(2000) for window in windows.feed(pulse(s / 2))]
    assert len(seen) == 199
    assert max(len(window.signals[Channel.PULSE].times) for window in seen) == 640


@settings(deadline=None)
@given(st.sampled_from([1.0, 4.0, 31.7, 64.0, 130.0, 1000.0]), st.floats(0.05, 3))
def test_any_slicing_gives_the_same_windows(rate_hz: float, packet_s: float) -> None:
    whole = packet(Channel.PULSE, 0, round(26 * rate_hz), rate_hz)
    each = max(1, round(packet_s * rate_hz))
    cuts = [slice(a, a + each) for a in range(0, len(whole.times), each)]
    sliced = [Samples(whole.channel, whole.times[c], whole.values[c], rate_hz, whole.received) for c in cuts]
    windows = through(Windows(10, 5), sliced)
    assert ends(windows) == [10, 15, 20, 25]
    for window in windows:
        inside = (whole.times >= window.start) & (whole.times < window.end)
        np.testing.assert_array_equal(window.signals[Channel.PULSE].times, whole.times[inside])


def test_a_window_is_as_unsure_of_its_times_as_the_worst_of_its_packets() -> None:
    def unsure(samples: Samples, ms: int) -> Samples:
        return replace(samples, uncertainty_ns=1_000_000 * ms)

    said = [unsure(pulse(s / 2), 9 if s == 21 else 2) for s in range(80)]
    said += [unsure(skin(s), 3) for s in range(40)]
    said.sort(key=lambda samples: int(samples.times[-1]))
    told = {round(w.end / SECOND): w.uncertainty_ns // 1_000_000 for w in through(Windows(10, 5), said)}
    assert (told[10], told[15], told[20]) == (3, 9, 9), "the packet of 10.5 s is in two windows"
    assert told[40] == 3, "and forgotten with them"


def test_a_channel_that_has_gone_makes_no_window_unsure() -> None:
    said = [replace(skin(0), uncertainty_ns=300_000_000)] + [replace(pulse(s / 2), uncertainty_ns=7) for s in range(80)]
    told = {round(w.end / SECOND): w.uncertainty_ns for w in through(Windows(10, 5), said)}
    assert told[10] == 300_000_000
    assert told[40] == 7

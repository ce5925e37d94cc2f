"""A window that was sampled at two rates is the window of the slower one: nothing is lost, nothing is invented."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import SECOND, HostNs, StreamNs
from edge.flow import Channel, Floats, Samples, Window
from edge.signals.features import NAMES, extract
from edge.signals.level import level
from edge.signals.ring import Ring
from edge.signals.windows import Windows

SPAN_S = 60.0


def packet(channel: Channel, start_s: float, rate_hz: float, values: Floats) -> Samples:
    times = np.rint((start_s + np.arange(len(values)) / rate_hz) * SECOND).astype(np.int64)
    return Samples(channel, times, values, rate_hz, HostNs(int(times[-1])))


def heart_beat(t: Floats) -> Floats:
    """A pulse of 72 a minute, breathing a little."""
    beat = np.cumsum(np.full(len(t), 1.2)) * (t[1] - t[0]) + 0.02 * np.sin(0.5 * t)
    return (200 * np.exp(-(((beat % 1) - 0.3) ** 2) / 0.012)).astype(np.float32)


def wrist(t: Floats) -> Floats:
    return np.stack([0.1 * np.sin(2 * t), 0.1 * np.cos(3 * t), np.ones_like(t)], axis=1).astype(np.float32)


def window(first_hz: float, then_hz: float, *, motion: tuple[float, float] = (32, 32)) -> Window:
    """A minute of a wrist whose watch changes its rates after half of it."""
    windows, found = Windows(SPAN_S, 5.0), list[Window]()
    for second in range(61):
        k = int(second >= 30)
        for channel, rates, signal in (
            (Channel.PULSE, (first_hz, then_hz), heart_beat),
            (Channel.MOTION, motion, wrist),
        ):
            every = np.arange(0, 62, 1 / 64, dtype=np.float32)
            fold = int(64 / rates[k])
            values = signal(every)
            thin = values[: len(values) // fold * fold].reshape(-1, fold, *values.shape[1:]).mean(axis=1)
            a = int(second * rates[k])
            centre_s = second + (fold - 1) / 128
            found += windows.feed(packet(channel, centre_s, rates[k], thin[a : a + int(rates[k])].astype(np.float32)))
    return found[0]


@pytest.mark.parametrize(("first_hz", "then_hz"), [(64, 16), (16, 64), (32, 16), (16, 32)])
def test_a_change_of_rate_is_no_gap_and_no_hole(first_hz: float, then_hz: float):
    cut = window(first_hz, then_hz)
    assert not cut.gap
    assert cut.signals[Channel.PULSE].rate_hz == 16
    assert cut.signals[Channel.PULSE].complete > 0.98


@pytest.mark.parametrize(("first_hz", "then_hz"), [(64, 16), (16, 64)])
def test_features_across_a_change_are_those_of_the_slower_rate(first_hz: float, then_hz: float):
    mixed, slow = extract(window(first_hz, then_hz)).named(), extract(window(16, 16)).named()
    assert {name for name in NAMES if np.isfinite(slow[name])} == {n for n in NAMES if np.isfinite(mixed[n])}
    assert mixed["heart_rate"] == pytest.approx(slow["heart_rate"], abs=0.2)
    assert mixed["rmssd"] == pytest.approx(slow["rmssd"], abs=3)
    assert mixed["pulse_height"] == pytest.approx(slow["pulse_height"], rel=0.05)


def test_motion_across_a_change():
    mixed, slow = (extract(window(64, 64, motion=rates)).named() for rates in ((32, 8), (8, 8)))
    for name in ("enmo", "motion_spread", "motion_turn", "motion_jerk", "motion_share"):
        assert mixed[name] == pytest.approx(slow[name], rel=0.05, abs=1e-3), name


def test_a_rate_that_is_learned_from_a_clock_may_waver():
    ring = Ring(70.0)
    for second, rate in enumerate((52.1, 51.8, 52.4, 51.9)):
        ring.add(packet(Channel.PULSE, second, rate, np.ones(round(rate), np.float32)))
    cut = ring.cut(StreamNs(0), StreamNs(4 * SECOND))
    assert cut is not None
    assert (len(cut.times), cut.rate_hz) == (208, 51.9)


def test_a_late_packet_of_the_rate_before_changes_nothing():
    ring = Ring(70.0)
    ring.add(packet(Channel.PULSE, 0, 64, np.ones(64, np.float32)))
    ring.add(packet(Channel.PULSE, 2, 16, np.ones(16, np.float32)))
    ring.add(packet(Channel.PULSE, 1, 64, np.ones(64, np.float32)))
    assert ring.rate_hz == 16
    cut = ring.cut(StreamNs(0), StreamNs(3 * SECOND))
    assert cut is not None
    assert (len(cut.times), cut.rate_hz) == (48, 16)


@given(
    folds=st.lists(st.sampled_from([1, 2, 4, 8]), min_size=1, max_size=5),
    lengths=st.lists(st.integers(1, 50), min_size=5, max_size=5),
    height=st.floats(-1e3, 1e3),
)
def test_levelled_samples_rise_in_time_and_keep_their_height(folds: list[int], lengths: list[int], height: float):
    period = SECOND // 64
    stretches, times = list[tuple[int, float]](), list[int]()
    at = 0
    for fold, length in zip(folds, lengths, strict=False):
        stretches.append((at, 64 / fold))
        times += [at + k * fold * period for k in range(length)]
        at = times[-1] + fold * period
    values = np.full(len(times), height, np.float32)
    even_times, even_values, rate_hz = level(np.array(times, np.int64), values, stretches)
    assert rate_hz == 64 / max(folds[: len(stretches)])
    assert (np.diff(even_times) > 0).all()
    assert even_values == pytest.approx(height, rel=1e-6)
    assert len(even_times) <= len(times)

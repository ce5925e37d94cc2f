"""The register of features: fixed order, NaN with a quality instead of errors, streaming equal to offline, fast."""

import time

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.clock import SECOND, HostNs
from edge.flow import Channel, Samples, Signal, Window
from edge.signals import heart, motion, skin
from edge.signals.features import FEATURE_VERSION, LOGARITHMIC, NAMES, extract
from edge.signals.wear import wear
from edge.signals.windows import Windows
from tests.edge.signals.bodies import signal, window, worn

CONTINUOUS = (Channel.PULSE, Channel.SKIN_CONDUCTANCE, Channel.SKIN_TEMPERATURE, Channel.MOTION)


def test_the_register_of_version_1() -> None:
    """A change of this list is a new FEATURE_VERSION: bundles in the field name the one they learned on."""
    assert FEATURE_VERSION == 1
    assert NAMES == (
        "heart_rate", "heart_rate_slope", "rmssd", "sdnn", "pnn50", "lf", "hf", "lf_hf", "pulse_rate",
        "interval_spread", "pulse_height", "pulse_height_spread", "pulse_likeness", "conductance", "conductance_slope",
        "phasic_spread", "responses", "response_height", "response_rise", "temperature", "temperature_slope", "enmo",
        "motion_spread", "motion_turn", "motion_jerk", "motion_share",
    )  # fmt: skip
    assert set(NAMES) >= LOGARITHMIC
    assert len(set(NAMES)) == len(NAMES)


def test_a_quiet_minute_has_every_feature_but_the_rise_of_a_response() -> None:
    made = extract(worn())
    missing = {name for name, value in made.named().items() if not np.isfinite(value)}
    assert missing <= {"response_rise"}
    assert made.quality == pytest.approx(1 - len(missing) / len(NAMES))
    assert made.named()["heart_rate"] == pytest.approx(72, rel=0.02)


def test_each_sensor_speaks_for_itself() -> None:
    whole = worn()
    owners = {
        Channel.PULSE: heart.NAMES,
        Channel.SKIN_CONDUCTANCE: skin.NAMES[:-2],
        Channel.SKIN_TEMPERATURE: skin.NAMES[-2:],
        Channel.MOTION: motion.NAMES,
    }
    everything = extract(whole).named()
    for channel, names in owners.items():
        alone = Window(whole.start, whole.end, {channel: whole.signals[channel]}, whole.received)
        made = extract(alone).named()
        for name in NAMES:
            wanted = everything[name] if name in names else np.nan
            np.testing.assert_equal(made[name], wanted)


def test_nothing_gives_nothing() -> None:
    made = extract(window(60))
    assert made.quality == 0
    assert np.isnan(made.values).all()


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """Any length from 1 s to 300 s, any rate from 1 Hz to 1000 Hz, any channels, holes, and values of any kind."""
    seconds = draw(st.floats(1, 300))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    channels = draw(st.sets(st.sampled_from(CONTINUOUS)))
    made: dict[str, Signal] = {}
    for channel in sorted(channels):
        rate_hz = draw(st.floats(1, 1000))
        count = int(seconds * rate_hz)
        kind = draw(st.sampled_from(["noise", "flat", "zero", "steps", "huge", "pulse"]))
        values = _values(kind, count, rate_hz, rng)
        if channel is Channel.MOTION:
            values = np.stack([values, np.roll(values, 1), -values], axis=1)
        whole = signal(values.astype(np.float32), rate_hz)
        keep = rng.random(count) > draw(st.sampled_from([0.0, 0.1, 0.9]))
        if draw(st.booleans()) and count:
            keep[count // 3 : count // 2] = False
        made[channel.value] = Signal(whole.times[keep], whole.values[keep], rate_hz, float(keep.mean()) if count else 0)
    return window(seconds, **made)


def _values(kind: str, count: int, rate_hz: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    t = np.arange(count) / rate_hz
    match kind:
        case "noise":
            return rng.normal(0, 10, count)
        case "flat":
            return np.full(count, 3.3)
        case "zero":
            return np.zeros(count)
        case "steps":
            return np.sign(np.sin(t)) * 100
        case "huge":
            return rng.normal(0, 8e6, count)
        case _:
            return 1000 * np.exp(-0.5 * (((t % 0.8) - 0.3) / 0.08) ** 2)


@settings(max_examples=150, deadline=None)
@given(windows())
def test_any_window_gives_values_or_nan_and_no_error(any_window: Window) -> None:
    made = extract(any_window)
    assert made.values.shape == (len(NAMES),)
    assert not np.isinf(made.values).any()
    assert made.quality == pytest.approx(np.isfinite(made.values).mean())
    wear(any_window)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 5000), max_size=400), st.integers(0, 2**31))
def test_any_beat_intervals_give_values_or_nan(intervals_ms: list[float], start_ms: int) -> None:
    ends = start_ms * 10**6 + np.cumsum(np.array(intervals_ms, np.float64) * 1e6 + 1).astype(np.int64)
    told = Signal(ends, np.array(intervals_ms, np.float32), 0.0, 1.0)
    assert not np.isinf(extract(window(300, beat_interval=told)).values).any()


def test_streaming_is_offline() -> None:
    whole, streamed = worn(75), list[Window]()
    windows_ = Windows(60, 5)
    for quarter in range(300):
        a, b = quarter * SECOND // 4, (quarter + 1) * SECOND // 4
        for channel, s in whole.signals.items():
            part = (s.times >= a) & (s.times < b)
            streamed += windows_.feed(Samples(channel, s.times[part], s.values[part], s.rate_hz, HostNs(b)))
    assert [w.end for w in streamed] == [60 * SECOND, 65 * SECOND, 70 * SECOND, 75 * SECOND]
    for made in streamed:
        cut = {
            channel: Signal(s.times[inside], s.values[inside], s.rate_hz, 1.0)
            for channel, s in whole.signals.items()
            for inside in [(s.times >= made.start) & (s.times < made.end)]
        }
        offline = extract(Window(made.start, made.end, cut, made.received))
        np.testing.assert_array_equal(extract(made).values, offline.values)


def test_a_minute_takes_well_below_five_milliseconds() -> None:
    minute = worn()
    extract(minute)
    best = min(_timed(minute) for _ in range(30))
    assert best < 0.005


def _timed(minute: Window) -> float:
    began = time.process_time()
    extract(minute)
    return time.process_time() - began

"""Every window from 1 to 300 s at every rate from 1 to 1000 Hz gives values or NaN, never an exception."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.clock import SECOND, HostNs, StreamNs
from edge.flow import Channel, Floats, Samples, Signal, Window
from edge.signals.activity import activity
from edge.signals.baseline import Baseline
from edge.signals.correction import corrected
from edge.signals.features import NAMES, extract
from edge.signals.minimum import LEAST_S, held_s, short
from edge.signals.responses import responses
from edge.signals.spectrum import spectrogram, welch_of_beats
from edge.signals.wear import wear
from edge.signals.windows import Windows

RATES = st.one_of(st.sampled_from([1.0, 4.0, 25.0, 64.0, 1000.0]), st.floats(1, 1000))
SPANS = st.one_of(st.sampled_from([1.0, 5.0, 60.0, 300.0]), st.floats(1, 300))
KINDS = st.sampled_from(["still", "noise", "pulse", "huge", "steps"])
ANY = settings(deadline=None, max_examples=20)


def values(kind: str, count: int, rate_hz: float, axes: int = 1) -> Floats:
    rng = np.random.default_rng(count)
    t = np.arange(count) / rate_hz
    made = {
        "still": lambda: np.ones((count, axes)),
        "noise": lambda: rng.normal(0, 1, (count, axes)),
        "pulse": lambda: np.tile(1000 * np.maximum(np.sin(2 * np.pi * 1.2 * t), 0) ** 3, (axes, 1)).T,
        "huge": lambda: rng.choice([-3e38, 0, 3e38], (count, axes)),
        "steps": lambda: np.tile(np.sign(np.sin(t)), (axes, 1)).T,
    }[kind]().astype(np.float32)
    return made if axes > 1 else made[:, 0]


def signal(kind: str, seconds: float, rate_hz: float, axes: int = 1) -> Signal:
    count = max(1, int(seconds * rate_hz))
    times = (np.arange(count) * (SECOND / rate_hz)).astype(np.int64)
    return Signal(times, values(kind, count, rate_hz, axes), rate_hz, 1.0)


@ANY
@given(SPANS, RATES, KINDS)
def test_offline(seconds: float, rate_hz: float, kind: str) -> None:
    signals = {
        Channel.PULSE: signal(kind, seconds, rate_hz),
        Channel.SKIN_CONDUCTANCE: signal(kind, seconds, rate_hz),
        Channel.SKIN_TEMPERATURE: signal(kind, seconds, rate_hz),
        Channel.MOTION: signal(kind, seconds, rate_hz, axes=3),
    }
    window = Window(StreamNs(0), StreamNs(round(seconds * SECOND)), signals, HostNs(0))
    made = extract(window)
    assert made.values.shape == (len(NAMES),)
    assert not np.isinf(made.values).any()
    named, flagged = made.named(), short(window)
    assert flagged == {name for name in NAMES if held_s(window, name) < LEAST_S[name]}
    assert all(np.isnan(named[name]) for name in flagged)
    wear(window)
    assert not np.isinf(activity(signals[Channel.MOTION])).any()


@ANY
@given(st.floats(1, 60), st.floats(1, 200), KINDS)
def test_streaming(seconds: float, rate_hz: float, kind: str) -> None:
    whole = signal(kind, 2 * seconds, rate_hz, axes=3)
    windows, baseline = Windows(seconds, seconds), Baseline(min(seconds, 300.0), StreamNs(0))
    step = max(1, len(whole.times) // 7)
    for first in range(0, len(whole.times), step):
        part = slice(first, first + step)
        packet = Samples(Channel.MOTION, whole.times[part], whole.values[part], rate_hz, HostNs(0))
        for window in windows.feed(packet):
            made = extract(window)
            assert not np.isinf(made.values).any()
            assert 0 <= baseline.feed(made) <= 1


@ANY
@given(SPANS, RATES, KINDS, st.floats(0.1, 300), st.floats(0.5, 300))
def test_spectra_and_responses(seconds: float, rate_hz: float, kind: str, stretch_s: float, hop_s: float) -> None:
    wave = signal(kind, seconds, min(rate_hz, 200.0)).values.astype(np.float64)
    made = spectrogram(wave, rate_hz, stretch_s, hop_s)
    assert made.power.shape == (len(made.times_s), len(made.hz))
    found = responses(wave, rate_hz)
    assert len(found.onset_s) == len(found.recovery_s)


@ANY
@given(st.lists(st.floats(1, 5000), max_size=120))
def test_beats(intervals: list[float]) -> None:
    interval = np.array(intervals, np.float64)
    ends = np.cumsum(interval) / 1000
    mended = corrected(ends, interval)
    assert len(mended.ends_s) == len(mended.intervals_ms)
    assert np.isfinite(mended.intervals_ms).all()
    for band in ((0.04, 0.15), (0.15, 0.4)):
        assert not np.isinf(welch_of_beats(mended.ends_s, mended.intervals_ms, *band))

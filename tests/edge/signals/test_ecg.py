"""R peaks, intervals and poles of electrocardiograms whose truth is known; what cannot be said is NaN."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.flow import Floats, Window
from edge.signals import ecg
from tests.edge.signals.bodies import Numbers, beats, signal, window

RATE = 250.0


def heartbeat(at_s: Numbers, seconds: float, rate_hz: float = RATE, noise: float = 0.0) -> Floats:
    """P, R, S and T of each beat, in mV."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    waves = ((-0.16, 0.15, 0.025), (0.0, 1.5, 0.010), (0.03, -0.7, 0.012), (0.27, 0.35, 0.05))
    values = np.random.default_rng(0).normal(0, noise, len(t)) if noise else np.zeros_like(t)
    for beat in at_s:
        for late, height, width in waves:
            values += height * np.exp(-0.5 * ((t - beat - late) / width) ** 2)
    return values.astype(np.float32)


def seen(values: Floats, rate_hz: float = RATE) -> Window:
    return window(len(values) / rate_hz, ecg=signal(values, rate_hz))


@pytest.mark.parametrize("rate_hz", [130.0, 250.0, 360.0, 1000.0])
def test_every_beat_is_found_where_it_is(rate_hz: float) -> None:
    at = beats(30, 75, wobble_ms=40)
    found = ecg.qrs(signal(heartbeat(at, 30, rate_hz, noise=0.03), rate_hz), 0)
    assert found is not None
    assert len(found.at_s) == len(at)
    assert np.abs(found.at_s - at).max() < 0.006
    assert found.likeness > 0.95


def test_features_are_those_of_the_same_intervals() -> None:
    at = beats(60, 72, wobble_ms=50)
    told = ecg.ecg(seen(heartbeat(at, 60))).named()
    assert told["heart_rate"] == pytest.approx(60 / np.diff(at).mean(), rel=0.01)
    steps = np.diff(np.diff(at)) * 1000
    assert told["rmssd"] == pytest.approx(np.sqrt(np.square(steps).mean()), rel=0.05)
    assert told["r_height"] == pytest.approx(1.5, rel=0.1)
    assert told["s_depth"] == pytest.approx(0.7, rel=0.25)


def test_a_tall_t_wave_is_no_beat() -> None:
    at = beats(20, 60)
    values = heartbeat(at, 20) + heartbeat(at + 0.27, 20) * 0.3
    found = ecg.qrs(signal(values.astype(np.float32), RATE), 0)
    assert found is not None
    assert abs(len(found.at_s) - len(at)) <= 1


def test_the_papers_thresholds_give_one_pole_a_period() -> None:
    at = beats(20, 60)
    r, s = ecg.poles(heartbeat(at, 20).astype(np.float64), RATE, period_s=1.0)
    assert len(r) == len(at)
    np.testing.assert_allclose(r / RATE, at, atol=0.01)
    assert len(s) == len(at)
    assert ((s / RATE - at) > 0).all()


@pytest.mark.parametrize(
    "unusable",
    [seen(heartbeat(beats(30, 70), 30, 60.0), 60.0), seen(heartbeat(beats(1.5, 70), 1.5)),
     seen(np.zeros(2500, np.float32)), window(10)],
    ids=["slow", "short", "flat", "none"],
)  # fmt: skip
def test_what_cannot_be_said_is_nan(unusable: Window) -> None:
    told = ecg.ecg(unusable)
    assert np.isnan(told.values).all()
    assert told.quality == 0


@settings(max_examples=40, deadline=None)
@given(seconds=st.floats(0.1, 60), rate_hz=st.floats(1, 1000), bpm=st.floats(20, 250), noise=st.floats(0, 3))
def test_any_length_and_rate_gives_numbers_or_nan(seconds: float, rate_hz: float, bpm: float, noise: float) -> None:
    told = ecg.ecg(seen(heartbeat(beats(seconds, bpm), seconds, rate_hz, noise), rate_hz))
    assert told.names == ecg.NAMES
    assert not np.isinf(told.values).any()

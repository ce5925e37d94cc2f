"""Skin features against responses of known height and slopes of known size, and the filters against SciPy."""

import importlib
import math
from typing import Any

import numpy as np
import pytest

from edge.flow import Window
from edge.signals.grid import band_pass, even, low_pass, moving_mean
from edge.signals.skin import NAMES, conductance, split, temperature
from tests.edge.signals.bodies import signal, window

scipy_signal: Any = importlib.import_module("scipy.signal")


def named(worn: Window) -> dict[str, float]:
    return dict(zip(NAMES, (*conductance(worn), *temperature(worn)), strict=True))


def response(t: float, rate_hz: float, seconds: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A response of height 1 that starts at t: rises in about 1.5 s, falls in about 6 s."""
    since = np.maximum(np.arange(round(seconds * rate_hz)) / rate_hz - t, 0)
    shape = np.exp(-since / 4) - np.exp(-since / 0.7)
    return shape / shape.max()


@pytest.mark.parametrize("rate_hz", [4.0, 8.0, 32.0])
def test_responses_are_counted_and_measured(rate_hz: float) -> None:
    onsets = (8, 24, 40, 50)
    values = 2 + sum(0.5 * response(t, rate_hz, 60) for t in onsets)
    made = named(window(60, skin_conductance=signal(np.asarray(values, np.float32), rate_hz)))
    assert made["responses"] == pytest.approx(4, abs=1)
    assert made["response_height"] == pytest.approx(0.5, rel=0.25)
    assert 0.8 < made["response_rise"] < 4
    assert made["phasic_spread"] > 0.05


def test_a_level_has_no_responses() -> None:
    made = named(window(60, skin_conductance=signal(np.full(240, 3.2, np.float32), 4)))
    assert made["conductance"] == pytest.approx(3.2)
    assert (made["responses"], made["response_height"]) == (0, 0)
    assert math.isnan(made["response_rise"])


def test_slopes_are_per_minute() -> None:
    ramp = (30 + np.arange(240) / 240).astype(np.float32)
    made = named(window(60, skin_temperature=signal(ramp, 4), skin_conductance=signal(ramp, 4)))
    assert made["temperature_slope"] == pytest.approx(1, rel=1e-3)
    assert made["conductance_slope"] == pytest.approx(1, rel=1e-3)
    assert made["temperature"] == pytest.approx(30.5, abs=0.01)


def test_tonic_and_phasic_sum_to_the_whole() -> None:
    values = 2 + 0.3 * response(20, 4, 60)
    grid = even(signal(values.astype(np.float32), 4), 0, 8)
    assert grid is not None
    tonic, phasic = split(grid)
    np.testing.assert_allclose((tonic + phasic)[8:-8], values[8:-8], atol=0.03)


def test_what_is_missing_or_short_is_not_told() -> None:
    assert all(math.isnan(value) for value in named(window(60)).values())
    short = named(window(3, skin_conductance=signal(np.full(12, 2.0, np.float32), 4)))
    assert short["conductance"] == 2
    assert all(math.isnan(short[name]) for name in ("conductance_slope", "phasic_spread", "responses"))


def test_filters_are_the_zero_phase_butterworth_of_scipy() -> None:
    rng = np.random.default_rng(2)
    x = np.cumsum(rng.normal(0, 1, 3840))
    sos = scipy_signal.butter(3, [0.5, 8], "bandpass", fs=64, output="sos")
    theirs = scipy_signal.sosfiltfilt(sos, x)
    ours = band_pass(x, 64, 0.5, 8, order=3)
    assert np.abs(ours - theirs)[128:-128].max() < 0.05 * theirs.std()
    sos = scipy_signal.butter(2, 0.05, "lowpass", fs=4, output="sos")
    slow = np.cumsum(rng.normal(0, 1, 1200))
    ours = low_pass(slow, 4, 0.05, order=2)
    assert np.abs(ours - scipy_signal.sosfiltfilt(sos, slow))[80:-80].max() < 0.05 * slow.std()


def test_a_moving_mean_keeps_its_length_and_level() -> None:
    np.testing.assert_allclose(moving_mean(np.full(10, 4.0), 5), 4)
    np.testing.assert_allclose(moving_mean(np.arange(7.0), 3), [0.5, 1, 2, 3, 4, 5, 5.5])

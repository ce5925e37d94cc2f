"""Heart features against signals whose beats are known, and the spectrum against SciPy."""

import importlib
import math
from typing import Any

import numpy as np
import pytest

from edge.flow import Floats, Signal
from edge.signals.beats import beats_from_wave
from edge.signals.heart import NAMES, band_powers, heart, lomb_scargle
from tests.edge.signals.bodies import Numbers, beats, pulse_wave, signal, window

scipy_signal: Any = importlib.import_module("scipy.signal")


def named(made: tuple[float, ...]) -> dict[str, float]:
    return dict(zip(NAMES, made, strict=True))


def told_beats(at: Numbers) -> Signal:
    """Intervals as a beat sensor sends them."""
    values: Floats = (1000 * np.diff(at)).astype(np.float32)
    return Signal(np.rint(at[1:] * 1e9).astype(np.int64), values, 0.0, 1.0)


@pytest.mark.parametrize("rate_hz", [25.0, 64.0, 130.0, 500.0])
@pytest.mark.parametrize("bpm", [48.0, 72.0, 110.0, 150.0])
def test_beats_are_found_where_they_are(bpm: float, rate_hz: float) -> None:
    at = beats(60, bpm, 20)
    found = beats_from_wave(signal(pulse_wave(at, 60, rate_hz), rate_hz), 0)
    assert found is not None
    # the shape's own delay is the same for all beats; the ends of the window may hide one each
    inner = found.ends_s[2:-2]
    nearest = np.abs(inner[:, None] - at[None, :]).min(axis=1)
    assert np.all(np.abs(nearest - np.median(nearest)) < 0.02)
    assert abs(len(found.ends_s) - len(at)) <= 2
    assert found.likeness > 0.9


def test_rate_and_variability_are_those_of_the_beats() -> None:
    at = beats(120, 66, 45, 0.25)
    intervals = 1000 * np.diff(at)
    made = named(heart(window(120, pulse=signal(pulse_wave(at, 120, 64), 64))))
    assert made["heart_rate"] == pytest.approx(60_000 / intervals.mean(), rel=0.01)
    assert made["pulse_rate"] == pytest.approx(made["heart_rate"], rel=0.03)
    assert made["rmssd"] == pytest.approx(math.sqrt(np.square(np.diff(intervals)).mean()), rel=0.08)
    assert made["sdnn"] == pytest.approx(intervals.std(ddof=1), rel=0.05)
    assert made["pnn50"] == pytest.approx((np.abs(np.diff(intervals)) > 50).mean(), abs=0.08)
    assert made["hf"] > 10 * made["lf"]


def test_a_sensors_intervals_give_the_same_without_a_wave() -> None:
    at = beats(120, 66, 45)
    made = named(heart(window(120, beat_interval=told_beats(at))))
    intervals = 1000 * np.diff(at)
    assert made["rmssd"] == pytest.approx(math.sqrt(np.square(np.diff(intervals)).mean()), rel=1e-3)
    assert made["sdnn"] == pytest.approx(intervals.std(ddof=1), rel=1e-3)
    assert math.isnan(made["pulse_likeness"])


def test_a_missed_and_a_double_beat_are_artefacts() -> None:
    at = beats(120, 70, 25)
    clean = named(heart(window(120, beat_interval=told_beats(at))))
    broken = np.sort(np.append(np.delete(at, [20, 50]), at[80] + 0.3))
    made = named(heart(window(120, beat_interval=told_beats(broken))))
    for name in ("heart_rate", "rmssd", "sdnn"):
        assert made[name] == pytest.approx(clean[name], rel=0.06)


def test_a_told_rate_speaks_only_without_a_wave() -> None:
    told = Signal(np.arange(60) * 10**9, np.full(60, 81, np.float32), 0.0, 1.0)
    noise = np.random.default_rng(0).normal(0, 100, 3840).astype(np.float32)
    assert named(heart(window(60, heart_rate=told)))["heart_rate"] == 81
    assert math.isnan(named(heart(window(60, heart_rate=told, pulse=signal(noise, 64))))["heart_rate"])


@pytest.mark.parametrize(("seconds", "nan"), [(3, NAMES[:8]), (15, ("lf", "hf", "lf_hf")), (40, ("lf", "lf_hf"))])
def test_what_a_window_is_too_short_for_is_not_told(seconds: int, nan: tuple[str, ...]) -> None:
    made = named(heart(window(seconds, pulse=signal(pulse_wave(beats(seconds, 75, 20), seconds, 64), 64))))
    assert all(math.isnan(made[name]) for name in nan)
    if seconds >= 15:
        assert made["heart_rate"] == pytest.approx(75, rel=0.03)


@pytest.mark.parametrize("values", [np.zeros(3840), np.full(3840, 7.0), np.arange(3840.0)])
def test_a_wave_without_a_pulse_gives_no_rate(values: Numbers) -> None:
    assert math.isnan(named(heart(window(60, pulse=signal(values.astype(np.float32), 64))))["heart_rate"])


def test_a_hole_is_no_long_beat() -> None:
    at = beats(60, 72, 10)
    whole = signal(pulse_wave(at, 60, 64), 64)
    kept = (whole.times < 20 * 10**9) | (whole.times > 26 * 10**9)
    made = named(heart(window(60, pulse=Signal(whole.times[kept], whole.values[kept], 64, 0.9))))
    assert made["heart_rate"] == pytest.approx(72, rel=0.02)
    assert made["sdnn"] < 30


def test_the_periodogram_is_scipys() -> None:
    rng = np.random.default_rng(1)
    t = np.cumsum(rng.uniform(0.6, 1.1, 80))
    x = rng.normal(0, 30, 80)
    f = np.linspace(0.04, 0.4, 50)
    theirs = scipy_signal.lombscargle(t, x, 2 * np.pi * f)
    np.testing.assert_allclose(lomb_scargle(t, x, f), theirs, rtol=1e-6)


def test_band_power_is_the_variance_of_a_swing_in_the_band() -> None:
    t = np.cumsum(np.full(150, 0.8))
    for hz, band in ((0.1, 0), (0.25, 1)):
        powers = band_powers(t, 800 + 40 * np.sin(2 * np.pi * hz * t))
        assert powers[band] == pytest.approx(800, rel=0.1)
        assert powers[1 - band] < 60


def test_intervals_on_both_sides_of_missing_beats_are_no_neighbours() -> None:
    """Two even stretches, 820 and 780 ms, and between them twelve beats that the sensor could not measure."""
    thirty = np.arange(30, dtype=np.float64)
    slow, fast = np.multiply(thirty, 0.82), np.multiply(thirty, 0.78) + (29 * 0.82 + 12 * 0.8)
    parts = (told_beats(slow), told_beats(fast))
    told = Signal(
        np.concatenate([part.times for part in parts]), np.concatenate([part.values for part in parts]), 0.0, 1.0
    )
    found = named(heart(window(60, beat_interval=told)))
    assert found["rmssd"] == pytest.approx(0.0, abs=0.1)
    assert found["sdnn"] == pytest.approx(20.0, abs=1.0)

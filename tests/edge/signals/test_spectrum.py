"""Spectra are SciPy's, responses and mended intervals are what was put in."""
# SciPy ships no types: what it answers is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import numpy as np
import pytest
from scipy import interpolate, signal

from edge.signals.correction import corrected
from edge.signals.grid import Doubles
from edge.signals.responses import responses
from edge.signals.spectrum import band_power, cubic, spectrogram, welch, welch_of_beats


def noise(count: int) -> Doubles:
    return np.random.default_rng(0).normal(0, 1, count)


@pytest.mark.parametrize(("width", "hop"), [(64, 32), (65, 13)])
def test_the_spectrogram_is_scipys(width: int, hop: int) -> None:
    made = spectrogram(noise(1000), 32.0, width / 32, hop / 32)
    hz, times, power = signal.spectrogram(
        noise(1000), 32.0, window="hann", nperseg=width, noverlap=width - hop, detrend="constant"
    )
    np.testing.assert_allclose(made.hz, hz)
    np.testing.assert_allclose(made.times_s, times)
    np.testing.assert_allclose(made.power, power.T, rtol=1e-9, atol=1e-12)


def test_welch_is_scipys() -> None:
    hz, density = welch(noise(1000), 8.0, 16.0)
    theirs = signal.welch(noise(1000), 8.0, window="hann", nperseg=128)
    np.testing.assert_allclose(density, theirs[1], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(hz, theirs[0])


def test_padded_stretches_are_scipys() -> None:
    hz, density = welch(noise(1001), 8.0, 16.0, finer=2)
    theirs = signal.welch(noise(1001), 8.0, window="hann", nperseg=128, nfft=256)
    np.testing.assert_allclose(density, theirs[1], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(hz, theirs[0])


def test_the_spline_is_scipys_natural_one() -> None:
    x = np.cumsum(0.7 + 0.2 * np.random.default_rng(1).random(40))
    at = np.linspace(x[0], x[-1], 200)
    theirs = interpolate.CubicSpline(x, noise(40), bc_type="natural")(at)
    np.testing.assert_allclose(cubic(x, noise(40), at), theirs, atol=1e-9)


def test_a_swing_of_the_heart_lies_in_its_band() -> None:
    ends = np.arange(0, 300, 0.8)
    intervals = 800 + 30 * np.sin(2 * np.pi * 0.25 * ends)
    assert welch_of_beats(ends, intervals, 0.15, 0.4) == pytest.approx(450, rel=0.05)
    assert welch_of_beats(ends, intervals, 0.04, 0.15) < 5
    assert np.isnan(welch_of_beats(ends[:10], intervals[:10], 0.15, 0.4))
    assert np.isnan(band_power(np.array([0.1]), np.array([1.0]), 0.0, 1.0))


def test_too_few_samples_have_no_spectrogram() -> None:
    assert spectrogram(noise(10), 32.0, 1.0, 0.5).power.shape == (0, 17)
    with pytest.raises(ValueError, match="above 0"):
        spectrogram(noise(10), 0.0, 1.0, 1.0)


def test_a_response_has_onset_peak_height_and_recovery() -> None:
    rate_hz = 8.0
    t = np.arange(0, 30, 1 / rate_hz)
    phasic = np.where(t < 5, 0, np.where(t < 7, 0.1 * (t - 5), np.maximum(0.2 - 0.05 * (t - 7), 0)))
    made = responses(phasic, rate_hz)
    assert made.peak_s.tolist() == [7.0]
    assert made.onset_s[0] == pytest.approx(5, abs=0.2)
    assert made.height_us[0] == pytest.approx(0.2)
    assert made.recovery_s[0] == pytest.approx(2, abs=0.2)
    assert np.isnan(responses(phasic[: round(8 * rate_hz)], rate_hz).recovery_s).all()
    assert len(responses(phasic[:2], rate_hz).peak_s) == 0


def beats_with(*changes: tuple[int, float]) -> tuple[Doubles, Doubles]:
    intervals = np.full(60, 800.0) + 5 * np.sin(np.arange(60))
    for at, value in changes:
        intervals[at] = value
    return np.cumsum(intervals) / 1000, intervals


def test_a_missed_beat_is_put_in() -> None:
    mended = corrected(*beats_with((20, 1600.0)))
    assert (mended.missed, mended.extra, mended.replaced) == (1, 0, 0)
    assert len(mended.intervals_ms) == 61
    assert mended.intervals_ms[20] == mended.intervals_ms[21] == 800
    assert np.diff(mended.ends_s)[20] == pytest.approx(0.8)


def test_an_extra_beat_is_taken_out() -> None:
    mended = corrected(*beats_with((20, 350.0), (21, 450.0)))
    assert (mended.missed, mended.extra, mended.replaced) == (0, 1, 0)
    assert len(mended.intervals_ms) == 59
    assert mended.intervals_ms[20] == 800


def test_what_is_neither_is_drawn_between() -> None:
    mended = corrected(*beats_with((20, 1150.0)))
    assert (mended.missed, mended.extra, mended.replaced) == (0, 0, 1)
    assert mended.intervals_ms[20] == pytest.approx(800, abs=6)


def test_good_intervals_and_too_few_stay_as_they_are() -> None:
    ends, intervals = beats_with()
    assert corrected(ends, intervals).intervals_ms.tolist() == intervals.tolist()
    assert corrected(ends[:3], intervals[:3]).intervals_ms.tolist() == intervals[:3].tolist()

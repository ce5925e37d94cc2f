"""HRV by our formulae is NeuroKit2's, where that is installed."""

from typing import Any

import numpy as np
import pytest

from edge.signals.beats import Beats
from edge.signals.grid import Doubles
from edge.signals.heart import band_powers, successive
from edge.signals.spectrum import welch_of_beats

neurokit: Any = pytest.importorskip("neurokit2", reason="uv run --with neurokit2 pytest runs this")


def test_time_domain_of_the_same_beats() -> None:
    rng = np.random.default_rng(3)
    at = np.cumsum(rng.normal(820, 45, 120).round()) / 1000
    beats = Beats(at[1:], np.diff(at) * 1000, np.ones(len(at) - 1, np.bool_), np.empty(0), 1.0)
    told = neurokit.hrv_time(np.round(at * 1000).astype(int), 1000).iloc[0]
    rmssd, sdnn, pnn50 = successive(beats)
    assert rmssd == pytest.approx(told["HRV_RMSSD"], rel=0.01)
    assert sdnn == pytest.approx(told["HRV_SDNN"], rel=0.01)
    assert 100 * pnn50 == pytest.approx(told["HRV_pNN50"], rel=0.01)


def swinging() -> tuple[Doubles, Doubles]:
    """Ends and intervals of two minutes of beats, with a slow and a fast swing."""
    ends, at = list[float](), 0.0
    rng = np.random.default_rng(5)
    while at < 120:
        swing = 40 * np.sin(2 * np.pi * 0.1 * at) + 25 * np.sin(2 * np.pi * 0.25 * at)
        at += round(820 + swing + rng.normal(0, 12)) / 1000
        ends.append(at)
    times = np.array(ends)
    return times[1:], np.diff(times) * 1000


def test_frequency_domain_of_the_same_beats() -> None:
    ends, intervals = swinging()
    peaks = np.round(np.concatenate((ends[:1] - intervals[0] / 1000, ends)) * 1000).astype(int)
    told = neurokit.hrv_frequency(peaks, 1000, normalize=False, silent=True).iloc[0]
    assert welch_of_beats(ends, intervals, 0.04, 0.15) == pytest.approx(told["HRV_LF"], rel=0.05)
    assert welch_of_beats(ends, intervals, 0.15, 0.40) == pytest.approx(told["HRV_HF"], rel=0.10)


def test_lomb_and_scargle_on_the_same_beats() -> None:
    pytest.importorskip("astropy", reason="NeuroKit2 takes its periodogram from there")
    ends, intervals = swinging()
    peaks = np.round(np.concatenate((ends[:1] - intervals[0] / 1000, ends)) * 1000).astype(int)
    told = neurokit.hrv_frequency(peaks, 1000, psd_method="lomb", interpolation_rate=None, silent=True).iloc[0]
    low, high = band_powers(ends, intervals)
    assert low / high == pytest.approx(told["HRV_LFHF"], rel=0.05)

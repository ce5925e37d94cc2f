"""Even samples in; their power over frequency, or over time and frequency, out."""

import math
from dataclasses import dataclass

import numpy as np

from edge.signals.grid import Doubles

_BEAT_HZ = 4.0
"""Beat intervals are laid on such a grid: ten times the highest frequency of HF."""
_LEAST_PERIODS = 2.0
_MOST_GRID = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Spectrogram:
    """Power density over time and frequency."""

    times_s: Doubles
    """(t,) middle of each stretch, after the first sample"""
    hz: Doubles
    """(f,)"""
    power: Doubles
    """(t, f) unit^2/Hz, one-sided"""


def spectrogram(values: Doubles, rate_hz: float, stretch_s: float, hop_s: float, finer: int = 1) -> Spectrogram:
    """Short-time power density: Hann stretches, each without its mean; as SciPy's `spectrogram`, density scaling.

    ``finer`` puts so many frequencies where one would be, by zeros after each stretch. No stretch fits into too few
    samples: the answer then has no times. Raises ValueError for a rate, stretch or hop that is not above 0.
    """
    if not (rate_hz > 0 and stretch_s > 0 and hop_s > 0):
        raise ValueError(f"rate, stretch and hop must be above 0, got {rate_hz} Hz, {stretch_s} s and {hop_s} s")
    width, hop = max(2, round(stretch_s * rate_hz)), max(1, round(hop_s * rate_hz))
    padded = width * finer
    hz = np.arange(padded // 2 + 1, dtype=np.float64) * (rate_hz / padded)
    if len(values) < width:
        return Spectrogram(np.empty(0), hz, np.empty((0, len(hz))))
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(width) / width)
    stretches = np.lib.stride_tricks.sliding_window_view(values, width)[::hop]
    shaped = np.fft.rfft((stretches - stretches.mean(axis=1, keepdims=True)) * window, padded, axis=1)
    power = np.square(np.abs(shaped)) / (rate_hz * float(window @ window))
    power[:, 1 : (padded + 1) // 2] *= 2
    times = (np.arange(len(stretches), dtype=np.float64) * hop + width / 2) / rate_hz
    return Spectrogram(times, hz, power)


def welch(values: Doubles, rate_hz: float, stretch_s: float, finer: int = 1) -> tuple[Doubles, Doubles]:
    """Frequencies and mean power density of half-overlapping stretches (Welch 1967); stretches as long as there is."""
    width = min(max(2, round(stretch_s * rate_hz)), len(values))
    made = spectrogram(values, rate_hz, width / rate_hz, max(1, width - width // 2) / rate_hz, finer)
    return made.hz, made.power.mean(axis=0) if len(made.power) else np.full(len(made.hz), math.nan)


def band_power(hz: Doubles, density: Doubles, low_hz: float, high_hz: float) -> float:
    """Power between two frequencies by the trapezoid rule; NaN when fewer than two bins lie there."""
    inside = (hz >= low_hz) & (hz < high_hz)
    if int(inside.sum()) < 2:
        return math.nan
    f, p = hz[inside], density[inside]
    return float(((p[1:] + p[:-1]) * np.diff(f)).sum() / 2)


def welch_of_beats(ends_s: Doubles, intervals_ms: Doubles, low_hz: float, high_hz: float) -> float:
    """Power of a beat-interval series in a band, ms^2: cubic interpolation at 4 Hz, Hann stretches.

    Stretches are half of the series, and hold two periods of ``low_hz``; a series shorter than those gives NaN. They
    are padded to twice their length: a minute has but six frequencies of its own in LF, and the trapezoids between six
    leave out a quarter of the band.
    The other way to LF and HF, beside Lomb and Scargle's (edge/signals/heart.band_powers), which needs no grid.
    """
    if len(ends_s) < 4 or not low_hz > 0 or not float(ends_s[-1] - ends_s[0]) >= _LEAST_PERIODS / low_hz:
        return math.nan
    if bool((np.diff(ends_s) <= 0).any()) or float(ends_s[-1] - ends_s[0]) * _BEAT_HZ > _MOST_GRID:
        return math.nan
    grid = np.arange(float(ends_s[0]), float(ends_s[-1]), 1 / _BEAT_HZ)
    stretch_s = max(_LEAST_PERIODS / low_hz, float(ends_s[-1] - ends_s[0]) / 2)
    hz, density = welch(cubic(ends_s, intervals_ms, grid), _BEAT_HZ, stretch_s, finer=2)
    return band_power(hz, density, low_hz, high_hz)


def cubic(x: Doubles, y: Doubles, at: Doubles) -> Doubles:
    """Natural cubic spline through (x, y), x rising; (m,) values at ``at``, which must lie within x."""
    step = np.diff(x)
    slope = np.diff(y) / step
    bend = _natural(step, slope)
    k = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(step) - 1)
    right, left = x[k + 1] - at, at - x[k]
    h = step[k]
    curved = (bend[k] * (right**3 / h - right * h) + bend[k + 1] * (left**3 / h - left * h)) / 6
    return (y[k] * right + y[k + 1] * left) / h + curved


def _natural(step: Doubles, slope: Doubles) -> Doubles:
    """Second derivatives at the knots, 0 at both ends: a tridiagonal system, solved from both sides (Thomas)."""
    n = len(step) - 1
    bend = np.zeros(n + 2)
    if n < 1:
        return bend
    wanted = (6 * np.diff(slope)).tolist()
    middle = (2 * (step[:-1] + step[1:])).tolist()
    beside = step[1:-1].tolist()
    for k in range(1, n):
        share = beside[k - 1] / middle[k - 1]
        middle[k] -= share * beside[k - 1]
        wanted[k] -= share * wanted[k - 1]
    held = wanted[n - 1] / middle[n - 1]
    bend[n] = held
    for k in range(n - 2, -1, -1):
        held = (wanted[k] - beside[k] * held) / middle[k]
        bend[k + 1] = held
    return bend

"""An electrocardiogram in; its R and S poles, beat intervals and their features, out."""

import math
from dataclasses import dataclass, replace

import numpy as np

from edge.clock import SECOND
from edge.flow import Channel, Features, Signal, Window
from edge.signals import heart
from edge.signals.grid import Doubles, Grid, Indices, band_pass, even, moving_mean, moving_means

NAMES: tuple[str, ...] = (
    *(name for name in heart.NAMES if not name.startswith("pulse_height") and name != "pulse_likeness"),
    "r_height", "s_depth", "r_height_spread", "qrs_likeness",
)  # fmt: skip
LOGARITHMIC = frozenset({"rmssd", "sdnn", "lf", "hf", "lf_hf", "interval_spread", "r_height", "s_depth",
                         "r_height_spread"})  # fmt: skip
"""Those that are compared by ratio."""
_MOST_HZ, LEAST_HZ = 256.0, 100.0
"""Faster signals are thinned; slower ones cannot place an R peak to the few ms that heart-rate variability needs."""
_QRS_HZ = (8.0, 20.0)
_QRS_S, _BEAT_S = 0.097, 0.611
"""Widths of the two moving means (Elgendi 2013, PLoS ONE 8(9) e73557, with its band)."""
_REFRACTORY_S = 0.3
_R_MV, _S_MV = 0.2, -0.54
"""Kang et al. 2021, section 2.2: an R pole lies above, an S pole below."""
_OF_A_PERIOD = 0.6
"""Two poles nearer than this share of the usual interval are one beat's: its T wave may pass the threshold too."""
_SHAPE_S = 0.1
_LEAST_BEATS, _LEAST_COVER = 5, 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Qrs:
    """The ventricles' beats in one stretch."""

    at_s: Doubles
    """Time of each R peak in seconds after the window began, (n,)"""
    r_height: Doubles
    """Over the stretch's median, in the signal's unit, (n,)"""
    s_depth: Doubles
    """Of the lowest point in the tenth of a second after R, under the median, (n,)"""
    likeness: float
    """Signal quality: mean correlation of each complex with the median complex, 0 to 1"""


def ecg(window: Window) -> Features:
    """The values of NAMES for one window, NaN where it cannot support one, with quality 0 when there is no ECG.

    Those of the heart are what edge/signals/heart.py says of the same intervals from a beat sensor; r_height and
    s_depth are medians in the signal's unit, so that only their change in one person means something.
    """
    signal = window.signals.get(Channel.ECG)
    found = None if signal is None or signal.values.ndim != 1 else qrs(signal, window.start)
    values = dict.fromkeys(NAMES, math.nan)
    if found is not None:
        beating = replace(window, signals={Channel.BEAT_INTERVAL: intervals(found, window.start)})
        values |= {name: v for name, v in zip(heart.NAMES, heart.heart(beating), strict=True) if name in values}
        middle = float(np.median(found.r_height))
        values |= {
            "r_height": middle,
            "s_depth": float(np.median(found.s_depth)),
            "r_height_spread": float(np.median(np.abs(found.r_height - middle))) / max(middle, 1e-9),
            "qrs_likeness": found.likeness,
        }
    told = np.array([values[name] for name in NAMES], np.float32)
    return Features(
        window.end, NAMES, told, float(np.isfinite(told).mean()), window.received, window.gap, window.uncertainty_ns
    )


def qrs(signal: Signal, start_ns: int) -> Qrs | None:
    """R peaks by two moving means over the squared QRS band; None when too slow, too short, too holed, or flat."""
    grid = even(signal, start_ns, _MOST_HZ)
    if grid is None or grid.rate_hz < LEAST_HZ or float(grid.real.mean()) < _LEAST_COVER:
        return None
    if len(grid.values) < 2 * grid.rate_hz or float(np.ptp(grid.values)) <= 0:
        return None
    energy = np.square(band_pass(grid.values, grid.rate_hz, *_QRS_HZ, order=3))
    peaks = _tallest(grid, energy)
    peaks = peaks[grid.real[peaks]]
    if len(peaks) < _LEAST_BEATS:
        return None
    level = float(np.median(grid.values))
    after = round(_SHAPE_S * grid.rate_hz)
    valley = np.array([float(grid.values[p : p + after].min()) for p in peaks])
    at = grid.start_s + (peaks + _between(grid.values, peaks)) / grid.rate_hz
    return Qrs(at, grid.values[peaks] - level, level - valley, _likeness(grid, peaks, after))


def intervals(found: Qrs, start_ns: int) -> Signal:
    """Beat intervals as a beat sensor would send them: ms, timed by the beat that ends them."""
    times = np.rint(found.at_s[1:] * SECOND).astype(np.int64) + start_ns
    return Signal(times, (np.diff(found.at_s) * 1000).astype(np.float32), 0.0, 1.0)


def poles(millivolts: Doubles, rate_hz: float, period_s: float) -> tuple[Indices, Indices]:
    """R and S poles by fixed thresholds, one in a period (Kang et al. 2021): extremes above 0.2 and below -0.54 mV."""
    apart_s = _OF_A_PERIOD * period_s
    return _runs(millivolts - _R_MV, rate_hz, apart_s), _runs(_S_MV - millivolts, rate_hz, apart_s)


def _runs(over: Doubles, rate_hz: float, apart_s: float = _REFRACTORY_S) -> Indices:
    """The highest sample of each run above 0; of two that are not `apart_s` apart, the higher one."""
    edges = np.diff(np.concatenate(([False], over > 0, [False])).astype(np.int8))
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    found: list[int] = []
    for a, b in zip(starts.tolist(), stops.tolist(), strict=True):
        peak = a + int(np.argmax(over[a:b]))
        if found and peak - found[-1] < apart_s * rate_hz:
            found[-1] = max(found[-1], peak, key=lambda k: float(over[k]))
        else:
            found.append(peak)
    return np.array(found, np.int64)


def _tallest(grid: Grid, energy: Doubles) -> Indices:
    """Per complex, the sample furthest above the local level."""
    short, long = moving_means(energy, round(_QRS_S * grid.rate_hz), round(_BEAT_S * grid.rate_hz))
    level = moving_mean(grid.values, round(_BEAT_S * grid.rate_hz))
    inside = short > long + 0.08 * float(energy.mean())
    return _runs(np.where(inside, np.maximum(grid.values - level, 1e-12), 0.0), grid.rate_hz)


def _between(values: Doubles, peaks: Indices) -> Doubles:
    """The vertex of the parabola through each peak and its neighbours, -0.5 to 0.5 samples."""
    inner = np.clip(peaks, 1, len(values) - 2)
    left, top, right = values[inner - 1], values[inner], values[inner + 1]
    bend = left - 2 * top + right
    return np.clip(np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, 1.0), 0.0), -0.5, 0.5)


def _likeness(grid: Grid, peaks: Indices, reach: int) -> float:
    inside = peaks[(peaks >= reach) & (peaks + reach < len(grid.values))]
    if len(inside) < 3:
        return 0.0
    shapes = grid.values[inside[:, None] + np.arange(-reach, reach + 1)]
    shapes = shapes - shapes.mean(axis=1, keepdims=True)
    middle = np.median(shapes, axis=0)
    size = np.linalg.norm(shapes, axis=1) * np.linalg.norm(middle)
    return float(np.clip(shapes @ middle / np.where(size > 0, size, 1.0), 0, 1).mean())

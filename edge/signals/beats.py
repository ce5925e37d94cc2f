"""Pulse wave in; beats, trusted intervals and a signal quality, out."""

from dataclasses import dataclass

import numpy as np

from edge.clock import SECOND
from edge.flow import Signal
from edge.signals.grid import Doubles, Grid, Indices, Mask, band_pass, even, moving_means

_MOST_HZ = 64.0
"""Faster pulse waves are thinned to about this: beats are placed between samples by a parabola."""
_LEAST_HZ = 12.0
"""Below this a beat's peak cannot be placed: no beats, rather than wrong ones."""
_SHORTEST_MS, _LONGEST_MS = 300.0, 2000.0
"""Intervals of 200 and 30 beats a minute."""
_STRAY = 0.25
"""An interval further than this from the median of its neighbours is an artefact or an ectopic beat."""
_NEIGHBOURS = 4
"""Intervals on each side that make the local median."""
_SHAPE_S = (0.25, 0.45)
"""A beat's shape is compared from so long before its peak to so long after."""


@dataclass(frozen=True, slots=True, eq=False)
class Beats:
    """What is known of the heart in one window."""

    ends_s: Doubles
    """Time of the beat that ends each interval, in seconds after the window began, rising; shape (n,)."""
    intervals_ms: Doubles
    """(n,)"""
    good: Mask
    """Which intervals are to be trusted; the others are artefacts."""
    amplitude: Doubles
    """Height of each interval's last pulse, in the wave's counts; empty when there is no wave."""
    likeness: float
    """Signal quality: mean correlation of each pulse with the mean pulse, 0 to 1; NaN when there is no wave."""


def beats_from_wave(signal: Signal, start_ns: int) -> Beats | None:
    """Find beats by two moving averages (Elgendi et al. 2013, PLoS ONE 8(10) e76585), band 0.5 to 8 Hz.

    None when the wave is too slow, too short or flat.
    """
    grid = even(signal, start_ns, _MOST_HZ)
    if grid is None or grid.rate_hz < _LEAST_HZ or float(np.ptp(grid.values)) <= 0:
        return None
    wave = band_pass(grid.values, grid.rate_hz, 0.5, min(8.0, 0.45 * grid.rate_hz), order=3)
    peaks = _peaks(wave, grid.rate_hz)
    peaks = peaks[grid.real[peaks]]
    if len(peaks) < 2:
        return None
    at = grid.start_s + _between_samples(wave, peaks) / grid.rate_hz
    intervals = np.diff(at) * 1000
    likeness, alike = _likeness(wave, peaks, grid.rate_hz)
    good = trusted(intervals, at[1:]) & _no_hole_between(grid, peaks) & alike[1:] & alike[:-1]
    height = _heights(wave, peaks)
    return Beats(at[1:], intervals, good, height[1:], likeness)


def beats_from_intervals(signal: Signal, start_ns: int) -> Beats | None:
    """Beat intervals as the sensor sent them (ms, timed by the beat that ends them); None when there are none."""
    if not len(signal.values):
        return None
    ends = (signal.times - start_ns) / SECOND
    intervals = signal.values.astype(np.float64)
    return Beats(ends, intervals, trusted(intervals, ends), np.empty(0), float("nan"))


def trusted(intervals: Doubles, ends_s: Doubles) -> Mask:
    """Possible for a heart, near the median of the neighbours, and without a missing beat before."""
    possible = (intervals >= _SHORTEST_MS) & (intervals <= _LONGEST_MS)
    n = len(intervals)
    if n < 3:
        return possible
    beyond = np.full(_NEIGHBOURS, np.nan)
    usable = np.concatenate((beyond, np.where(possible, intervals, np.nan), beyond))
    around = usable[np.arange(n)[:, None] + np.arange(2 * _NEIGHBOURS + 1)]
    local = _row_medians(around)
    with np.errstate(invalid="ignore"):
        near = np.abs(intervals - local) <= _STRAY * local
    return possible & near & (ends_s >= 0)


def _peaks(wave: Doubles, rate_hz: float) -> Indices:
    """Index of the highest sample of each block where the short mean exceeds the long one."""
    energy = np.square(np.maximum(wave, 0.0))
    peak_width, beat_width = round(0.111 * rate_hz), round(0.667 * rate_hz)
    of_peak, of_beat = moving_means(energy, peak_width, beat_width)
    above = of_peak > of_beat + 0.02 * float(energy.mean())
    edges = np.diff(np.concatenate(([False], above, [False])).astype(np.int8))
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    wide = stops - starts >= peak_width
    found: list[int] = []
    refractory = 0.3 * rate_hz
    for a, b in zip(starts[wide].tolist(), stops[wide].tolist(), strict=True):
        peak = a + int(wave[a:b].argmax())
        if found and peak - found[-1] < refractory:
            if wave[peak] > wave[found[-1]]:
                found[-1] = peak
            continue
        found.append(peak)
    return np.array(found, np.int64)


def _between_samples(wave: Doubles, peaks: Indices) -> Doubles:
    """The vertex of the parabola through each peak and its neighbours."""
    inner = np.minimum(np.maximum(peaks, 1), len(wave) - 2)
    left, top, right = wave[inner - 1], wave[inner], wave[inner + 1]
    bend = left - 2 * top + right
    shift = np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, 1.0), 0.0)
    return (peaks + np.minimum(np.maximum(shift, -0.5), 0.5)).astype(np.float64)


def _row_medians(rows: Doubles) -> Doubles:
    """Median of each row's numbers; NaN where a row has none (without numpy's warning)."""
    ordered = np.sort(rows, axis=1)
    count = np.isfinite(ordered).sum(axis=1)
    at = np.arange(len(rows))
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    high = np.minimum(high, np.maximum(count - 1, 0))
    return (ordered[at, low] + ordered[at, high]) / 2


def _no_hole_between(grid: Grid, peaks: Indices) -> Mask:
    holes = np.concatenate(([0], np.cumsum(~grid.real)))
    return holes[peaks[1:]] == holes[peaks[:-1]]


def _likeness(wave: Doubles, peaks: Indices, rate_hz: float) -> tuple[float, Mask]:
    """Mean correlation of the pulses with their mean shape (Orphanidou et al. 2015), and which pulses are alike."""
    before, after = round(_SHAPE_S[0] * rate_hz), round(_SHAPE_S[1] * rate_hz)
    inside = (peaks >= before) & (peaks + after < len(wave))
    if inside.sum() < 3:
        return 0.0, np.ones(len(peaks), np.bool_)
    shapes = wave[peaks[inside, None] + np.arange(-before, after + 1)]
    shapes = shapes - shapes.mean(axis=1, keepdims=True)
    size = np.linalg.norm(shapes, axis=1, keepdims=True)
    shapes = shapes / np.where(size > 0, size, 1.0)
    mean = _row_medians(np.ascontiguousarray(shapes.T))
    mean = mean - mean.mean()
    length = float(np.linalg.norm(mean))
    match = shapes @ mean / (length if length > 0 else 1.0)
    alike = np.ones(len(peaks), np.bool_)
    alike[inside] = match > 0.5
    return float(np.clip(match, 0, 1).mean()), alike


def _heights(wave: Doubles, peaks: Indices) -> Doubles:
    """Peak over the lowest point since the peak before."""
    lowest = np.minimum.reduceat(wave, peaks)  # between this peak and the next
    return wave[peaks] - np.concatenate(([wave[: peaks[0] + 1].min()], lowest[:-1]))

"""A signal with jitter and holes in; an even grid, zero-phase filters and a mask of what is real, out."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from edge.clock import SECOND
from edge.flow import Signal

Doubles: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.bool_]
Indices: TypeAlias = npt.NDArray[np.int64]

_HOLE_PERIODS = 3.0
"""More than so many missing periods are a hole: interpolated for the filter, never trusted."""
_LARGEST_GRID = 400_000
"""Samples; a span this fine has a rate that no sensor here has."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """One axis of a signal at even times."""

    rate_hz: float
    start_s: float
    """Time of the first value, in seconds after the signal's window began."""
    values: Doubles
    real: Mask
    """False inside holes."""

    @property
    def seconds(self) -> Doubles:
        return self.start_s + np.arange(len(self.values)) / self.rate_hz


def even(signal: Signal, start_ns: int, most_hz: float) -> Grid | None:
    """Lay a one-axis signal on a grid of its own rate, or of ``most_hz`` if it is faster (averaged, then thinned).

    None when there are fewer than four samples or the rate is unknown: nothing can be filtered then.
    """
    rate_hz = signal.rate_hz
    if rate_hz <= 0 or len(signal.times) < 4:
        return None
    at = (signal.times - start_ns) / SECOND
    values = signal.values.astype(np.float64)
    fold = max(1, round(rate_hz / most_hz))
    count = 1 + round(float(at[-1] - at[0]) * rate_hz)
    if not 4 <= count <= _LARGEST_GRID:
        return None
    grid: Doubles = float(at[0]) + np.arange(count) / rate_hz
    laid: Doubles = np.interp(grid, at, values)
    real = _real(grid, at, _HOLE_PERIODS / rate_hz)
    if fold > 1:
        whole = count - count % fold
        if whole < 4 * fold:
            return None
        thin: Doubles = laid[:whole].reshape(-1, fold).mean(axis=1)
        kept: Mask = np.all(real[:whole].reshape(-1, fold), axis=1)
        return Grid(rate_hz / fold, float(at[0]) + (fold - 1) / (2 * rate_hz), thin, kept)
    return Grid(rate_hz, float(at[0]), laid, real)


def band_pass(values: Doubles, rate_hz: float, low_hz: float, high_hz: float, order: int) -> Doubles:
    """Zero-phase Butterworth band-pass: the squared magnitude of the analogue filter, applied in frequency.

    The same response as running the filter forwards and backwards; both ends are continued by point reflection.
    """
    return _shape(values, rate_hz, _Filter(low_hz, high_hz, order), ring_s=1.5 / low_hz)


def low_pass(values: Doubles, rate_hz: float, high_hz: float, order: int) -> Doubles:
    """Zero-phase Butterworth low-pass, as above."""
    return _shape(values, rate_hz, _Filter(0.0, high_hz, order), ring_s=0.5 / high_hz)


def moving_mean(values: Doubles, width: int) -> Doubles:
    """Centred mean over ``width`` samples (made odd); at the ends over what is there."""
    return moving_means(values, width)[0]


def moving_means(values: Doubles, *widths: int) -> tuple[Doubles, ...]:
    """The same over several widths, which share the sums."""
    total = np.cumsum(values)
    return tuple(_moving_mean(total, max(0, width // 2)) for width in widths)


def _moving_mean(total: Doubles, half: int) -> Doubles:
    n = len(total)
    padded = np.concatenate((np.zeros(half + 1), total, np.full(half, total[-1])))
    return (padded[2 * half + 1 :] - padded[:n]) / _there(n, half)


@lru_cache(maxsize=16)
def _there(n: int, half: int) -> Doubles:
    """How many of ``n`` samples lie within ``half`` of each: the same for every window of this size."""
    at = np.arange(n)
    return (np.minimum(at + half + 1, n) - np.maximum(at - half, 0)).astype(np.float64)


def middle(values: Doubles) -> float:
    """The median of at least one number; NumPy's own costs ten times as much where there are so few."""
    ordered = np.sort(values)
    return float(ordered[(len(values) - 1) // 2] + ordered[len(values) // 2]) / 2


def _real(grid: Doubles, at: Doubles, hole_s: float) -> Mask:
    """False where the two samples around a grid point lie further apart than ``hole_s``."""
    wide = np.flatnonzero(at[1:] - at[:-1] > hole_s)
    real = np.ones(len(grid), np.bool_)
    for k in wide:
        a, b = np.searchsorted(grid, (at[k] + 1e-9, at[k + 1] - 1e-9))
        real[a:b] = False
    return real


@dataclass(frozen=True, slots=True)
class _Filter:
    """A Butterworth band-pass; from 0 Hz on a low-pass."""

    low_hz: float
    high_hz: float
    order: int

    def gain(self, f: Doubles) -> Doubles:
        """At frequencies in Hz: the squared magnitude."""
        if self.low_hz == 0:
            return 1 / (1 + (f / self.high_hz) ** (2 * self.order))
        centre, width = self.low_hz * self.high_hz, self.high_hz - self.low_hz
        f = np.maximum(f, 1e-9)
        return 1 / (1 + ((f * f - centre) / (width * f)) ** (2 * self.order))


@lru_cache(maxsize=16)
def _gain(way: _Filter, size: int, rate_hz: float) -> Doubles:
    """The same for every window of this size; some tens of kilobytes each."""
    return way.gain(np.fft.rfftfreq(size, 1 / rate_hz).astype(np.float64))


def _shape(values: Doubles, rate_hz: float, way: _Filter, ring_s: float) -> Doubles:
    pad = min(len(values) - 1, max(1, round(ring_s * rate_hz)))
    left = 2 * values[0] - values[pad:0:-1]
    right = 2 * values[-1] - values[-2 : -pad - 2 : -1]
    size = _fast_length(len(values) + 2 * pad)
    # the rest up to a length that transforms fast is a ramp back to the first value: no step, no ringing
    steps = size - len(values) - 2 * pad + 1
    bridge: Doubles = np.arange(1, steps) * (float(left[0] - right[-1]) / steps) + right[-1]
    shaped = np.fft.irfft(np.fft.rfft(np.concatenate((left, values, right, bridge))) * _gain(way, size, rate_hz), size)
    return shaped[pad : pad + len(values)]


@lru_cache(maxsize=64)
def _fast_length(least: int) -> int:
    """The smallest product of 2, 3 and 5 that is not below ``least``."""
    best = 1 << (least - 1).bit_length()
    five = 1
    while five < best:
        three = five
        while three < best:
            two = three
            while two < least:
                two *= 2
            best = min(best, two)
            three *= 3
        five *= 5
    return best

"""Beat intervals with artefacts in; intervals without them, and what was mended, out."""

from dataclasses import dataclass

import numpy as np

from edge.signals.beats import trusted
from edge.signals.grid import Doubles

_LEAST = 5
"""Intervals below which nobody knows what is usual: they stay as they are."""
_NEAR = 0.25
"""A part or a sum of intervals this near to the median of their neighbours is what the heart did."""
_MOST_MISSED = 3


@dataclass(frozen=True, slots=True, eq=False)
class Corrected:
    """Intervals as the heart must have given them, and how many were mended in which way."""

    ends_s: Doubles
    """(m,)"""
    intervals_ms: Doubles
    """(m,)"""
    missed: int
    """Beats that were put into an interval as long as two or more."""
    extra: int
    """Beats that were taken out between two intervals that are one together."""
    replaced: int
    """Intervals that are neither and were drawn between their neighbours."""


def corrected(ends_s: Doubles, intervals_ms: Doubles) -> Corrected:
    """Mend what is no interval of a heart: split at a missed beat, join at an extra one, else draw between neighbours.

    The three repairs of Lipponen and Tarvainen 2019 (J Med Eng Technol 43:173), judged by the median of the trusted
    neighbours instead of their time-varying thresholds, which need more beats than a minute has. Total time is kept
    by the first two. Fewer than five intervals, or none to be trusted, come back as they are.
    """
    good = trusted(intervals_ms, ends_s)
    if len(intervals_ms) < _LEAST or not good.any():
        return Corrected(ends_s, intervals_ms, 0, 0, 0)
    usual = np.interp(ends_s, ends_s[good], _smooth(intervals_ms[good]))
    ends, intervals = list[float](), list[float]()
    missed = extra = replaced = k = 0
    while k < len(intervals_ms):
        value, end, middle = float(intervals_ms[k]), float(ends_s[k]), float(usual[k])
        beats = round(value / middle)
        joined = value + float(intervals_ms[k + 1]) if k + 1 < len(intervals_ms) and not good[k] else 0.0
        if good[k]:
            ends.append(end)
            intervals.append(value)
        elif 2 <= beats <= _MOST_MISSED + 1 and _near(value / beats, middle):
            missed += beats - 1
            ends += [end - value / 1000 * (beats - 1 - n) / beats for n in range(beats)]
            intervals += [value / beats] * beats
        elif value < middle and _near(joined, middle):
            extra += 1
            k += 1
            ends.append(float(ends_s[k]))
            intervals.append(joined)
        else:
            replaced += 1
            ends.append(end)
            intervals.append(middle)
        k += 1
    return Corrected(np.array(ends), np.array(intervals), missed, extra, replaced)


def _near(value: float, middle: float) -> bool:
    return abs(value - middle) <= _NEAR * middle


def _smooth(intervals: Doubles) -> Doubles:
    """Median of five around each; at the ends of what is there."""
    padded = np.pad(intervals, 2, mode="edge")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, 5), axis=1)

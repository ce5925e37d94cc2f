"""A stretch of samples taken at several rates in; the same stretch at the slowest of them, out.

A watch that is asked for another rate leaves windows that begin at one rate and end at another. Filters and beat
finding want one rate, and the slower part cannot be made faster, so the faster part is averaged down: a mean over
each group of samples, at the mean of their times, which is also what keeps higher frequencies from folding in.
"""

from collections.abc import Sequence

import numpy as np

from edge.flow import Floats, Times

SAME = 1.3
"""Rates nearer to each other than this ratio are one rate: some devices' rates are learned from their own clock."""


def level(times: Times, values: Floats, stretches: Sequence[tuple[int, float]]) -> tuple[Times, Floats, float]:
    """Times (m,), values (m, ...) and the one rate in Hz of samples that were taken at several.

    ``stretches`` holds (time of the first sample, rate in Hz above 0), rising in time; the first begins before or with
    ``times``. Up to one period of the slowest rate is lost where a stretch ends.
    """
    slowest = min(rate for _, rate in stretches)
    edges = [0, *np.searchsorted(times, [first for first, _ in stretches[1:]]).tolist(), len(times)]
    parts = [
        _thin(times[a:b], values[a:b], max(1, round(rate / slowest)))
        for a, b, (_, rate) in zip(edges, edges[1:], stretches, strict=False)
    ]
    return np.concatenate([at for at, _ in parts]), np.concatenate([value for _, value in parts]), slowest


def _thin(times: Times, values: Floats, fold: int) -> tuple[Times, Floats]:
    whole = len(times) - len(times) % fold
    if fold == 1 or not whole:
        return (times, values) if fold == 1 else (times[:0], values[:0])
    grouped = times[:whole].reshape(-1, fold)
    first = grouped[:, 0]
    centre: Times = first + np.rint((grouped - first[:, None]).mean(axis=1)).astype(np.int64)
    mean: Floats = values[:whole].reshape(-1, fold, *values.shape[1:]).mean(axis=1, dtype=np.float64).astype(np.float32)
    return centre, mean

"""The range in which int8 says a network's answer: where a softmax can tell its choices apart.

Calibration takes the widest range that it saw. Of logits, the widest part is how impossible the impossible classes are:
from -33 to 12 a step of int8 is 0.18, and the best two classes tie on every thirtieth face, while nobody would notice
-33 as -9. So where the step would be coarse, the range is chosen for what the softmax makes of it, and for few ties.
"""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from edge.flow import Floats
from edge.inference.arrays import softmax

COARSE = 0.02
"""A step of logits that is finer than this ties the best two of too few rows to matter."""
_STEPS = 255
_LOWER, _UPPER = np.linspace(0.05, 1, 39), np.linspace(0.2, 1, 17)
"""Shares of the range below and above zero that are tried."""

Range: TypeAlias = tuple[float, float]
"""Lowest and highest, zero between them."""


def coarse(logits: Mapping[str, Floats]) -> dict[str, Range]:
    """Better ranges, by name, for those logits (n, k) whose step over their whole range would be coarse."""
    return {name: telling(values) for name, values in logits.items() if _step(_whole(values)) > COARSE}


def telling(logits: Floats) -> Range:
    """The range that keeps the answers of these logits (n, k), k > 1, best in 255 steps.

    Best is the least sum of the divergence of Kullback and Leibler from what the logits themselves say, and the share
    of rows whose best two fall on one step: the first of them is taken then, and it is the wrong one as often as not.
    """
    low, high = _whole(logits)
    tried = [(float(low * below), float(high * above)) for below in _LOWER for above in _UPPER]
    return min(tried, key=lambda one: _divergence(logits, _rounded(logits, one)) + _tied(logits, one))


def _tied(logits: Floats, to: Range) -> float:
    """The share of rows whose best two would fall on one step, wherever the steps begin."""
    first, second = np.sort(np.clip(logits, *to), axis=1)[:, :-3:-1].T
    return float(np.maximum(0, 1 - (first - second) / _step(to)).mean())


def _whole(logits: Floats) -> Range:
    return min(float(logits.min()), 0.0), max(float(logits.max()), 0.0)


def _step(of: Range) -> float:
    return (of[1] - of[0]) / _STEPS


def _rounded(logits: Floats, to: Range) -> Floats:
    """As int8 says them."""
    step = _step(to)
    zero = round(-to[0] / step)
    return ((np.clip(np.round(logits / step) + zero, 0, _STEPS) - zero) * step).astype(np.float32)


def _divergence(logits: Floats, said: Floats) -> float:
    """Mean over rows."""
    wanted, got = (np.maximum(softmax(each), 1e-12) for each in (logits, said))
    return float((wanted * np.log(wanted / got)).sum(axis=1).mean())

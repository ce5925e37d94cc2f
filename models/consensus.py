"""Several searches of one space in; the subset that they agree on, out.

One search of hundreds of features ends where its seed led it. So every method spends its budget on independent runs
from other seeds. What a feature is then worth is how many of the bodies that its runs ended with use it; for the method
with AHP this is one criterion of four. Of that ranking the first so many are kept, as many as are fittest.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from models.metrics import Numbers
from models.selection import Budget, Fitness, Found, Mask, Search, Space

_PREFIXES = 8
"""Lengths of what the ranking puts first that are tried, evenly up to the most; an evaluation each, in every method."""


def searched(search: Search, fitness: Fitness, space: Space, budget: Budget, runs: int, seed: int) -> list[Found]:
    """The same search from as many seeds."""
    return [search(fitness, space, budget, 1000 * seed + run) for run in range(runs)]


def agreement(found: Sequence[Found]) -> Numbers:
    """(features,): share of the bodies that use each feature, where the runs ended and at the best they saw."""
    ends = np.concatenate([each.candidates for each in found])
    best = np.stack([each.mask for each in found])
    return (ends.mean(axis=0) + best.mean(axis=0)) / 2


def best_prefix(order: npt.NDArray[np.int64], fitness: Fitness, most: int) -> tuple[Mask, float]:
    """Of all features, those ranked first: as many, at most `most`, as have the best fitness."""
    lengths = sorted({max(1, most * k // _PREFIXES) for k in range(1, _PREFIXES + 1)})
    value, length = max((fitness(_first(order, length)), length) for length in lengths)
    return _first(order, length), value


def _first(order: npt.NDArray[np.int64], length: int) -> Mask:
    mask: Mask = np.zeros(len(order), np.bool_)
    mask[order[:length]] = True
    return mask

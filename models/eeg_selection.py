"""Sequences of epochs in; the statistics that each search keeps, from these rows alone, out.

The design, and what it was chosen on. Everything here was chosen on the people who are learned from in the first of the
five divisions, two inner groups of them left out in turn, before any outer figure was looked at; the people judged in
the first division had no part in it, those of the other four did.

- A search chooses among the twenty statistics, each for all electrodes, at most ten. Free to choose among 380 features
  it explained more of the inner people's labels and served the network worse (an accuracy of .82 where statistics gave
  .88): two dozen people cannot tell 380 coins apart.
- What is not selected is zero, "as usual", in the network's plane, for every method: the same network for all, with
  each electrode and statistic where the convolution expects it. Planes cut down to the selected features cost two
  points of accuracy at the same selection.
- The fitness is the explained variance of labels of people left out (models/subset_fitness.py), not an accuracy, and
  the size is bounded, not weighed. Three runs a method share its budget, and what they agree on is ranked
  (models/consensus.py); with AHP, by its four criteria, and the bodies start leaning towards its ranking.

On the inner people no half of the features did better than all of them, and so it came out on the outer ones. It is the
second design; the first weighed smallness at a tenth, judged by the accuracy of one inner division from single epochs,
cut the planes down, and came to 10 to 20 features: .803 for AOA with AHP, .803 for GA, .841 for PSO, .852 for none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from edge.flow import Floats
from edge.signals import eeg as signals
from models import ahp
from models.consensus import agreement, best_prefix, searched
from models.metrics import Labels, Numbers
from models.selection import SEARCHES, Budget, Mask, Space
from models.subset_fitness import SubsetFitness, Together

STATISTICS = len(signals.STATISTICS)
COST = {"mobility": 1.5, "complexity": 1.5, "spectrum": 3.0}
"""Relative cost of a statistic over differences or over a transform; one over the samples themselves costs 1."""
_RANKED: Mapping[str, str] = MappingProxyType({"aoa_ahp_levy": "aoa_levy", "aoa_ahp": "aoa"})
"""Methods that AHP starts and ranks, and the search between."""


_BUDGET = Budget(bodies=16, rounds=14)


@dataclass(frozen=True, slots=True)
class Effort:
    """What every method may spend: `runs` times the budget, and the prefixes of its ranking."""

    budget: Budget = _BUDGET
    """Of one run"""
    runs: int = 3


EFFORT = Effort()


def selected(
    method: str, planes: Floats, labels: Labels, person: Labels, effort: Effort, seed: int
) -> tuple[Mask, list[float]]:
    """The features that a method keeps, (features,), of planes (n, steps, features); the best fitness by round.

    The curve is the mean of the method's runs; none has none.
    """
    features = int(planes.shape[2])
    if method == "none":
        return np.ones(features, np.bool_), []
    # a sequence's mean says what the network can make of it better than any one epoch does
    flat, group = planes.mean(axis=1), np.tile(np.arange(STATISTICS), features // STATISTICS)
    fitness = Together(SubsetFitness(flat, labels, person, seed=seed), group)
    space = Space(STATISTICS, STATISTICS // 2)
    if method in _RANKED:
        known = ahp.together(ahp.criteria(flat, labels, person, costs(features // STATISTICS)), group)
        space = replace(space, likely=ahp.likely(ahp.ranked(known)))
        found = searched(SEARCHES[_RANKED[method]], fitness, space, effort.budget, effort.runs, seed)
        order = ahp.ranked(replace(known, agreement=agreement(found)))
    else:
        found = searched(SEARCHES[method], fitness, space, effort.budget, effort.runs, seed)
        order = np.argsort(-agreement(found), kind="stable").astype(np.int64)
    mask, _ = best_prefix(order, fitness, STATISTICS // 2)
    kept: Mask = mask[group]
    curves: Numbers = np.array([each.curve for each in found])
    return kept, curves.mean(axis=0).tolist()


def costs(electrodes: int) -> npt.NDArray[np.float64]:
    """Relative cost of each feature, in the order of edge/signals/eeg.names."""
    each = [
        COST["spectrum"] if name.removesuffix("_share") in signals.BANDS_HZ else COST.get(name, 1.0)
        for name in signals.STATISTICS
    ]
    return np.tile(each, electrodes)


def named(mask: Mask) -> list[str]:
    """The statistics of a mask that has all electrodes alike."""
    return [name for name, used in zip(signals.STATISTICS, mask[:STATISTICS], strict=True) if used]

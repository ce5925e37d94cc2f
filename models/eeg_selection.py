"""Sequences of epochs in; the electrodes that each search keeps, from these rows alone, out.

A search chooses electrodes, each with all of its twenty statistics, at most half of them: what it leaves out need not
be worn. What is not selected is zero, "as usual", in the network's plane, for every method: the same network for all,
with each electrode where the convolution expects it. The fitness is the explained variance of labels of people left out
(models/subset_fitness.py), not an accuracy; the size is bounded, not weighed. Three runs a method share its budget.
What they agree on is ranked (models/consensus.py), with AHP by its four criteria, and the fittest of the ranking's
prefixes and of the subsets that the runs ended with is kept. With AHP the bodies start leaning towards its ranking.

It is the third design. The first chose among 380 features and weighed smallness: 10 to 20 were kept, and people left
out were judged at .803 (AOA with AHP), .803 (GA), .841 (PSO), against .852 with all. The second chose ten of the twenty
statistics, alike at all electrodes: .833, .823, .832, against .853. The third was compared with both only on the people
who are learned from in the first of the five divisions, five inner groups of them left out in turn: all features .797
and .822 (two seeds), ten statistics .76 and .80 (two choices), nine electrodes as found here .828, every other
electrode .835, nine drawn at random .790. Neighbouring electrodes say nearly the same, statistics do not. The people
judged in the other four divisions are among them; no outer figure of this design was looked at before it was fixed.
On the outer people, four seeds (1 to 3 declared before they were begun), each with its own division of the people,
searches and five networks: .805 (AOA with AHP), .807 (GA), .812 (PSO) with nine electrodes, .831 with nineteen. AOA is
.027 below all of them (.003 to .052); the first seed alone, .832 against .835, had looked like no cost at all.

A fourth design, committees of five on nine electrodes, half-electrodes, another fitness, other weights of AHP and
electrodes silenced while learning, was tried on the inner people alone, two divisions of them: committees .832 to .838,
all nineteen .848. A fifth, on the inner people of one division and one seed: 71 to 190 single features .773, 26 to 28
pairs of electrode and kind of statistic .757, against .798 with all; electrodes by what a network says that was taught
with random ones silenced .814, against .810. None of it was taken to the outer people: 23 people cannot tell a gain of
a hundredth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from edge.flow import Floats
from edge.signals import eeg as signals
from models import ahp
from models.consensus import agreement, best_prefix, searched
from models.metrics import Labels, Numbers
from models.selection import SEARCHES, Budget, Mask, Space
from models.subset_fitness import SubsetFitness, Together

STATISTICS = len(signals.STATISTICS)
_BARE = frozenset({"Fp1", "Fp2", "F7", "F8"})
"""Electrodes on bare skin, where dry ones hold."""
_HAIR = 2.0
"""Relative cost of an electrode in the hair, which wants gel; one on bare skin costs 1."""
_RANKED: Mapping[str, str] = MappingProxyType({"aoa_ahp_levy": "aoa_levy", "aoa_ahp": "aoa"})
"""Methods that AHP starts and ranks, and the search between."""


_BUDGET = Budget(bodies=16, rounds=14)


@dataclass(frozen=True, slots=True)
class Effort:
    """What every method may spend: `runs` times the budget, and the prefixes of its ranking."""

    budget: Budget = _BUDGET
    """Of one run"""
    runs: int = 3
    cost: tuple[float, ...] = ()
    """Relative cost of each electrode; () for all alike"""


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
    electrodes = features // STATISTICS
    # a sequence's mean says what the network can make of it better than any one epoch does
    flat, group = planes.mean(axis=1), np.repeat(np.arange(electrodes), STATISTICS)
    fitness = Together(SubsetFitness(flat, labels, person, seed=seed), group)
    space = Space(electrodes, electrodes // 2)
    if method in _RANKED:
        cost = np.repeat(np.array(effort.cost or (1.0,) * electrodes), STATISTICS)
        known = ahp.together(ahp.criteria(flat, labels, person, cost), group)
        space = replace(space, likely=ahp.likely(ahp.ranked(known)))
        found = searched(SEARCHES[_RANKED[method]], fitness, space, effort.budget, effort.runs, seed)
        order = ahp.ranked(replace(known, agreement=agreement(found)))
    else:
        found = searched(SEARCHES[method], fitness, space, effort.budget, effort.runs, seed)
        order = np.argsort(-agreement(found), kind="stable").astype(np.int64)
    mask, value = best_prefix(order, fitness, electrodes // 2)
    fittest = max(found, key=lambda each: each.fitness)
    kept: Mask = (mask if value >= fittest.fitness else fittest.mask)[group]
    curves: Numbers = np.array([each.curve for each in found])
    return kept, curves.mean(axis=0).tolist()


def costs(electrodes: Sequence[str]) -> tuple[float, ...]:
    """Relative cost of wearing each electrode."""
    return tuple(1.0 if name in _BARE else _HAIR for name in electrodes)


def named(mask: Mask, electrodes: Sequence[str]) -> list[str]:
    """The electrodes of a mask that has all statistics of an electrode, or none."""
    return [name for name, used in zip(electrodes, mask[::STATISTICS], strict=True) if used]

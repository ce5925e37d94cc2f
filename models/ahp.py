"""Criteria of features and their pairwise importance in; a ranking of the features, out (Saaty 1980).

Patil and Kulkarni 2026 rank the features that the search left by accuracy, stability and cost of computation, in a
comparison matrix that they do not print: the one here is ours. So is the split of accuracy in two, alone and among
others: what a feature does alone a search does not tell; what it does among others, only a search tells, by keeping it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models import metrics
from models.metrics import Labels, Numbers

COMPARISON: Numbers = np.array([[1, 1, 3, 7], [1, 1, 3, 7], [1 / 3, 1 / 3, 1, 3], [1 / 7, 1 / 7, 1 / 3, 1]])
"""Accuracy alone, accuracy among others, stability, cheapness, on Saaty's scale: row over column; 1 equal, 3 moderate,
5 strong, 7 very strong."""
MOST_INCONSISTENT = 0.1
"""Saaty's bound on the consistency ratio."""
_RANDOM_INDEX = {1: 1.0, 2: 1.0, 3: 0.58, 4: 0.90, 5: 1.12}
"""Saaty's mean consistency index of random matrices, by size."""
_TURNS = 100
"""Power iterations; a matrix of positive numbers settles within ten."""


@dataclass(frozen=True, slots=True, eq=False)
class Criteria:
    """What is known of each feature from the people who may be learned from, (features,) each, more is better."""

    accuracy: Numbers
    """How well it alone parts the classes: 2 |AUC - .5|, 0 to 1"""
    agreement: Numbers
    """How well it does among others: share of the searches' bodies that use it, 0 to 1; all 1 before any search"""
    stability: Numbers
    """Share of people in whom it moves the way it moves in most, .5 to 1"""
    cheapness: Numbers
    """1 over the relative cost of computing it"""


def criteria(features: npt.NDArray[np.float32], labels: Labels, people: Labels, cost: Numbers) -> Criteria:
    """Criteria from rows (n, features), their labels (0 or 1) and people, (n,), and each feature's cost."""
    tense = labels == 1
    each = [metrics.auc(tense, features[:, k]) for k in range(features.shape[1])]
    moves = np.stack(
        [
            features[(people == person) & tense].mean(axis=0) > features[(people == person) & ~tense].mean(axis=0)
            for person in np.unique(people)
        ]
    ).mean(axis=0)
    return Criteria(2 * np.abs(np.array(each) - 0.5), np.ones(len(each)), np.maximum(moves, 1 - moves), 1 / cost)


def together(known: Criteria, group: Labels) -> Criteria:
    """Criteria of groups of features, each the mean of its features'; `group` (features,) as in `Together`."""
    size = np.bincount(group)

    def mean(each: Numbers) -> Numbers:
        return np.bincount(group, each) / size

    return Criteria(mean(known.accuracy), mean(known.agreement), mean(known.stability), mean(known.cheapness))


def weights(comparison: Numbers = COMPARISON) -> Numbers:
    """Each criterion's weight, summing to 1: the principal eigenvector, by power iteration.

    ValueError when the comparisons contradict each other.
    """
    n = len(comparison)
    principal: Numbers = np.full(n, 1 / n)
    for _ in range(_TURNS):
        principal = comparison @ principal
        principal = principal / principal.sum()
    value = float(np.mean((comparison @ principal) / principal))
    inconsistent = (value - n) / max(n - 1, 1) / _RANDOM_INDEX[n]
    if inconsistent > MOST_INCONSISTENT:
        raise ValueError(f"the comparisons contradict each other: ratio {inconsistent:.2f}, at most .1 would work")
    return principal


def ranked(known: Criteria, comparison: Numbers = COMPARISON) -> npt.NDArray[np.int64]:
    """Indices of the features, best first: weighted sum of the criteria, each over its largest."""
    table = np.stack([known.accuracy, known.agreement, known.stability, known.cheapness], axis=1)
    table = table / np.maximum(table.max(axis=0), 1e-12)
    return np.argsort(-(table @ weights(comparison)), kind="stable").astype(np.int64)


def likely(order: npt.NDArray[np.int64]) -> Numbers:
    """A ranking as a search's start takes it (models/selection.Space): 1 for the first, down to 0 for the last."""
    told: Numbers = np.empty(len(order))
    told[order] = np.linspace(1, 0, len(order))
    return told

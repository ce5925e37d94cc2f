"""Rows of the people who may be learned from in; how well each subset of features would do on others, out.

A search asks hundreds of times, so the classifier inside is light: ridge regression on the labels, people left out in
turn, from sums of products that are formed once. The network is trained only on what the search ends with.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.flow import Floats
from models.metrics import Labels, Numbers
from models.selection import Mask

ACCURACY_SHARE = 0.9
"""Of the fitness; the rest is the share of features left out. (The paper weighs both and gives no numbers.)"""
_RIDGE = 0.1
"""Added to the diagonal, in rows' worth of every feature: ridge over the number of rows."""


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """One inner fold: what is learned from as sums, who is judged as rows."""

    products: Numbers
    """(features + 1, features + 1): sums over the learning rows, the last one the constant"""
    towards: Numbers
    """(features + 1,): sums of features times label, -1 or 1"""
    judged: Numbers
    """(rows, features + 1)"""
    labels: npt.NDArray[np.bool_]


class SubsetFitness:
    """Accuracy on inner people left out, and smallness, of any subset of features."""

    def __init__(self, features: Floats, labels: Labels, people: Labels, folds: int = 4, seed: int = 0) -> None:
        """Rows (n, features), labels 0 or 1 and people (n,); folds of whole people."""
        rows = np.column_stack([features.astype(np.float64), np.ones(len(features))])
        sign = np.where(labels == 1, 1.0, -1.0)
        names = np.random.default_rng(seed).permutation(np.unique(people))
        self._parts: list[_Part] = []
        if len(names) < 2:
            raise ValueError(f"{len(names)} people cannot judge features by leaving people out; give two or more")
        for k in range(min(folds, len(names))):
            judged = np.isin(people, names[k::folds])
            learned = rows[~judged]
            self._parts.append(
                _Part(learned.T @ learned / len(learned), learned.T @ sign[~judged] / len(learned), rows[judged],
                      labels[judged] == 1)
            )  # fmt: skip
        self.asked = 0

    def __call__(self, mask: Mask) -> float:
        """The fitness of a subset, 0 to 1."""
        self.asked += 1
        return ACCURACY_SHARE * self.accuracy(mask) + (1 - ACCURACY_SHARE) * (1 - float(mask.mean()))

    def accuracy(self, mask: Mask) -> float:
        """Share of right answers over all inner people left out."""
        used = np.append(np.flatnonzero(mask), len(mask))
        ridge = np.eye(len(used)) * _RIDGE
        right = total = 0
        for part in self._parts:
            weight = np.linalg.solve(part.products[np.ix_(used, used)] + ridge, part.towards[used])
            said = part.judged[:, used] @ weight > 0
            right += int((said == part.labels).sum())
            total += len(said)
        return right / total

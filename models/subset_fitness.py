"""Rows of the people who may be learned from in; how well each subset of features would do on others, out.

A search asks hundreds of times, so the classifier inside is light: ridge regression on the labels, people left out in
turn, several times over, from sums of products that are formed once. It is judged by the share of the labels' variance
that it explains in people left out, which moves with every feature, where a share of right answers of a few hundred
rows moves by steps and by luck. The network is trained only on what the search ends with.

How small a subset is adds nothing: the paper weighs accuracy and size and gives no numbers, and a weight that mattered
chose ten features of 380, at a loss. The size is bounded instead (models/selection.Space.most).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.flow import Floats
from models.metrics import Labels, Numbers
from models.selection import Fitness, Mask

_RIDGE = 10.0
"""Added to the diagonal of the features' correlations: by it, all features together explain most in people left out."""
FOLDS, REPEATS = 5, 3


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """One inner fold: what is learned from as sums, who is judged as rows; each feature in the learners' spread."""

    products: Numbers
    """(features, features): means over the learning rows"""
    towards: Numbers
    """(features,): means of feature times label, -1 or 1, about its own mean"""
    usual: float
    """Mean of the learners' labels"""
    judged: Numbers
    """(rows, features)"""
    labels: Numbers
    """(rows,): -1 or 1"""


class SubsetFitness:
    """Share of the labels' variance that a subset of features explains in people left out; 1 is all, 0 nothing."""

    def __init__(
        self,
        features: Floats,
        labels: Labels,
        people: Labels,
        *,
        folds: int = FOLDS,
        repeats: int = REPEATS,
        seed: int = 0,
    ) -> None:
        """Rows (n, features), labels 0 or 1 and people (n,); folds of whole people, divided anew each repeat."""
        names = np.unique(people)
        if len(names) < 2:
            raise ValueError(f"{len(names)} people cannot judge features by leaving people out; give two or more")
        rows, sign = features.astype(np.float64), np.where(labels == 1, 1.0, -1.0)
        rng, folds = np.random.default_rng(seed), min(folds, len(names))
        self._parts: list[_Part] = []
        for _ in range(repeats):
            mixed = rng.permutation(names)
            self._parts += [_part(rows, sign, np.isin(people, mixed[k::folds])) for k in range(folds)]
        self.asked = 0

    def __call__(self, mask: Mask) -> float:
        """The fitness of a subset; below 0 where saying the mean label would do better."""
        self.asked += 1
        said = self._said(mask)
        missed = sum(float(((part.labels - s) ** 2).sum()) for part, s in zip(self._parts, said, strict=True))
        there = sum(float(((part.labels - part.usual) ** 2).sum()) for part in self._parts)
        return 1 - missed / there

    def accuracy(self, mask: Mask) -> float:
        """Share of right answers over all inner people left out."""
        right = [(s > 0) == (part.labels > 0) for part, s in zip(self._parts, self._said(mask), strict=True)]
        return float(np.concatenate(right).mean())

    def _said(self, mask: Mask) -> list[Numbers]:
        used = np.flatnonzero(mask)
        square = np.ix_(used, used)
        products = np.stack([part.products[square] for part in self._parts]) + _RIDGE * np.eye(len(used))
        towards = np.stack([part.towards[used] for part in self._parts])
        weights = np.linalg.solve(products, towards[..., np.newaxis])[..., 0]
        return [part.judged[:, used] @ w + part.usual for part, w in zip(self._parts, weights, strict=True)]


class Together:
    """The fitness of whole groups of features; a subset that is asked again is not computed again."""

    def __init__(self, fitness: Fitness, group: Labels) -> None:
        """`group` (features,) says which group each feature belongs to."""
        self._fitness, self._group = fitness, group
        self._known: dict[bytes, float] = {}

    def __call__(self, mask: Mask) -> float:
        """The fitness of the features of these groups, (groups,)."""
        key = mask.tobytes()
        if key not in self._known:
            self._known[key] = self._fitness(mask[self._group])
        return self._known[key]


def _part(rows: Numbers, sign: Numbers, judged: npt.NDArray[np.bool_]) -> _Part:
    learned, usual = rows[~judged], float(sign[~judged].mean())
    middle, spread = learned.mean(axis=0), np.maximum(learned.std(axis=0), 1e-9)
    told = (learned - middle) / spread
    return _Part(
        told.T @ told / len(told), told.T @ (sign[~judged] - usual) / len(told), usual,
        (rows[judged] - middle) / spread, sign[judged],
    )  # fmt: skip

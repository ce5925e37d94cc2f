"""Judges without a graph: nearest neighbours, a projection, support vectors; a call is features (n,) to scores (k,)."""

from dataclasses import dataclass
from itertools import combinations
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from edge.flow import Floats

Indices: TypeAlias = npt.NDArray[np.int64]
Weighting: TypeAlias = Literal["uniform", "distance"]
Metric: TypeAlias = Literal["euclidean", "manhattan"]
Kernel: TypeAlias = Literal["linear", "poly", "rbf", "sigmoid"]


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """Features as the judge's arrays hold them."""

    centre: Floats
    """(n,)"""
    scale: Floats
    """(n,)"""

    def __call__(self, features: Floats) -> Floats:
        """(n,) to (n,); NaN becomes 0, the middle of what was learned."""
        return np.nan_to_num((features - self.centre) / self.scale, nan=0.0)


@dataclass(frozen=True, slots=True, eq=False)
class KNearest:
    """k nearest neighbours: the share of each class among the rows that lie nearest (Cover and Hart 1967)."""

    scaling: Scaling
    rows: Floats
    """(m, n)"""
    classes: Indices
    """(m,)"""
    neighbours: int
    weighting: Weighting
    metric: Metric

    @property
    def outputs(self) -> int:
        """How many classes."""
        return int(self.classes.max()) + 1

    @property
    def says(self) -> str:
        """What its numbers are."""
        return "probability"

    def __call__(self, features: Floats) -> Floats:
        """(n,) to probabilities (k,). Rows equally far are taken in the order in which they were learned."""
        off = self.rows - self.scaling(features)
        far = np.abs(off).sum(axis=1) if self.metric == "manhattan" else np.sqrt(np.einsum("ij,ij->i", off, off))
        nearest = np.argsort(far, kind="stable")[: self.neighbours]
        weights = np.ones(len(nearest)) if self.weighting == "uniform" else _nearness(far[nearest])
        votes = np.bincount(self.classes[nearest], weights, self.outputs)
        return (votes / votes.sum()).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Principal components: features seen along the axes of most variance (Pearson 1901)."""

    scaling: Scaling
    mean: Floats
    """(n,)"""
    components: Floats
    """(k, n)"""
    spread: Floats
    """(k,)"""

    @property
    def outputs(self) -> int:
        """How many components."""
        return len(self.components)

    @property
    def says(self) -> str:
        """What its numbers are."""
        return "components"

    def __call__(self, features: Floats) -> Floats:
        """(n,) to components (k,)."""
        return (self.components @ (self.scaling(features) - self.mean) / self.spread).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class SupportVectors:
    """A support vector machine, one against one (Cortes and Vapnik 1995)."""

    scaling: Scaling
    support: Floats
    """(m, n)"""
    counts: Indices
    """(k,)"""
    dual: Floats
    """(k-1, m)"""
    intercept: Floats
    """(k(k-1)/2,)"""
    kernel: Kernel
    gamma: float
    coef0: float
    degree: int

    @property
    def outputs(self) -> int:
        """How many classes."""
        return len(self.counts)

    @property
    def says(self) -> str:
        """What its numbers are."""
        return "scores"

    def __call__(self, features: Floats) -> Floats:
        """(n,) to scores (k,), highest for the class that the machine chooses.

        Votes of every pair, parted by their confidence held under half a vote: scikit-learn's `ovr` decision function.
        Of two classes, minus and plus half the distance to the border.
        """
        ends = np.cumsum(self.counts)
        spans = [slice(end - count, end) for end, count in zip(ends, self.counts, strict=True)]
        near = self._kernel(self.scaling(features)).astype(np.float64)
        votes, sure = np.zeros(self.outputs), np.zeros(self.outputs)
        for pair, (a, b) in enumerate(combinations(range(self.outputs), 2)):
            said = self.dual[b - 1, spans[a]] @ near[spans[a]] + self.dual[a, spans[b]] @ near[spans[b]]
            said += self.intercept[pair]
            votes[a if said > 0 else b] += 1
            sure[a] += said
            sure[b] -= said
        scores = sure / 2 if self.outputs == 2 else votes + sure / (3 * (np.abs(sure) + 1))
        return scores.astype(np.float32)

    def _kernel(self, row: Floats) -> Floats:
        """(m,) how near each support vector is."""
        if self.kernel == "rbf":
            off = self.support - row
            return np.exp(-self.gamma * np.einsum("ij,ij->i", off, off))
        inner = self.support @ row
        if self.kernel == "linear":
            return inner
        inner = self.gamma * inner + self.coef0
        return np.tanh(inner) if self.kernel == "sigmoid" else inner**self.degree


Judge: TypeAlias = KNearest | Projection | SupportVectors


def _nearness(far: Floats) -> npt.NDArray[np.float64]:
    """One over the distance; where a row is met exactly, it alone counts."""
    met = far == 0
    return met.astype(np.float64) if met.any() else 1 / far.astype(np.float64)

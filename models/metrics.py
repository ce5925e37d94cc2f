"""Figures by which a prediction is judged, numpy only; each is checked against scikit-learn or SciPy in its test.

Those of Mouthami et al. 2025, equations 1 to 18, are here too. Where an equation is misprinted there, the standard
definition stands here and a note says so.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from edge.flow import Floats
from edge.inference.arrays import softmax

Labels = npt.NDArray[np.int64]
"""Class indices, shape (n,)."""
Numbers = npt.NDArray[np.float64]
_TINY = 1e-12


def confusion(labels: Labels, guesses: Labels, classes: int) -> npt.NDArray[np.int64]:
    """Counts (classes, classes): row the true class, column the guessed one."""
    return np.bincount(labels * classes + guesses, minlength=classes * classes).reshape(classes, classes)


def accuracy(counts: npt.NDArray[np.int64]) -> float:
    """Share of right guesses in a confusion matrix."""
    return float(np.trace(counts) / counts.sum())


def agreement(left: Labels, right: Labels) -> float:
    """Share of rows on which two guesses, or a guess and the truth, are the same."""
    same: npt.NDArray[np.bool_] = left == right
    return float(same.mean())


def recalls(counts: npt.NDArray[np.int64]) -> Numbers:
    """Share of each true class that was found (classes,); NaN for a class that is not there. Equation 10."""
    total = counts.sum(axis=1)
    return np.divide(np.diag(counts), total, out=np.full(len(counts), np.nan), where=total > 0)


def precisions(counts: npt.NDArray[np.int64]) -> Numbers:
    """Share of each guessed class that was right (classes,); 0 for a class never guessed. Equation 9."""
    total = counts.sum(axis=0)
    return np.divide(np.diag(counts), total, out=np.zeros(len(counts)), where=total > 0)


def balanced_accuracy(counts: npt.NDArray[np.int64]) -> float:
    """Mean recall over the classes that are there."""
    return float(np.nanmean(recalls(counts)))


def f1_scores(counts: npt.NDArray[np.int64]) -> Numbers:
    """Harmonic mean of precision and recall of each class (classes,); NaN for one neither there nor guessed."""
    either = counts.sum(axis=0) + counts.sum(axis=1)
    return np.divide(2 * np.diag(counts), either, out=np.full(len(counts), np.nan), where=either > 0)


def macro_precision(counts: npt.NDArray[np.int64]) -> float:
    """Mean precision over the classes that are there."""
    return float(np.mean(precisions(counts)[counts.sum(axis=1) > 0]))


def macro_f1(counts: npt.NDArray[np.int64]) -> float:
    """Mean F1 over the classes that are there or were guessed."""
    return float(np.nanmean(f1_scores(counts)))


def g_mean(counts: npt.NDArray[np.int64]) -> float:
    """Geometric mean of the recalls of the classes that are there. Equations 1 to 3 (the text says harmonic)."""
    present = recalls(counts)[counts.sum(axis=1) > 0]
    return 0.0 if np.any(present == 0) else float(np.exp(np.mean(np.log(present))))


def mcc(counts: npt.NDArray[np.int64]) -> float:
    """Matthews correlation, R_K for many classes (Gorodkin 2004); 0 where it is undefined.

    Equation 4 of the paper repeats TP + FN where TP + FP belongs, and equation 5 multiplies what must be summed.
    """
    numbers = counts.astype(np.float64)
    total, truth, guess = numbers.sum(), numbers.sum(axis=1), numbers.sum(axis=0)
    spread = (total**2 - guess @ guess) * (total**2 - truth @ truth)
    return float((np.trace(numbers) * total - truth @ guess) / np.sqrt(spread)) if spread > 0 else 0.0


def fowlkes_mallows(counts: npt.NDArray[np.int64]) -> float:
    """Mean over the classes that are there of the root of precision times recall. Equations 9 to 12."""
    present = counts.sum(axis=1) > 0
    return float(np.mean(np.sqrt(precisions(counts)[present] * recalls(counts)[present])))


def auc(positive: npt.NDArray[np.bool_], scores: Floats | Numbers) -> float:
    """Area under the ROC curve: the chance that a positive scores above a negative, ties half; NaN if one-sided."""
    ups, downs = int(positive.sum()), int((~positive).sum())
    if not ups or not downs:
        return float("nan")
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    rank = np.cumsum(count) - (count - 1) / 2
    return float((rank[place][positive].sum() - ups * (ups + 1) / 2) / (ups * downs))


def average_precision(positive: npt.NDArray[np.bool_], scores: Floats | Numbers) -> float:
    """Area under precision over recall, as a step function; NaN without positives."""
    if not positive.any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(positive[order])
    last = np.append(np.diff(scores[order]) != 0, True)
    precision = hits[last] / (np.flatnonzero(last) + 1)
    return float(np.sum(np.diff(hits[last], prepend=0) * precision) / positive.sum())


def calibration_error(chances: Floats, labels: Labels, bins: int = 15) -> float:
    """ECE: distance of confidence from accuracy, over equally wide bins of confidence (Guo et al. 2017, equation 3)."""
    return sum(share * abs(right - sure) for share, sure, right in reliability(chances, labels, bins))


def reliability(chances: Floats, labels: Labels, bins: int = 15) -> list[tuple[float, float, float]]:
    """For each bin of confidence that is not empty: share of all, mean confidence, accuracy. Chances (n, classes)."""
    confidence: Floats = chances.max(axis=1)
    right: npt.NDArray[np.bool_] = chances.argmax(axis=1) == labels
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    bars: list[tuple[float, float, float]] = []
    for b in range(bins):
        inside = place == b
        if inside.any():
            bars.append((float(inside.mean()), float(confidence[inside].mean()), float(right[inside].mean())))
    return bars


def fitted_temperature(logits: Floats, labels: Labels) -> float:
    """The temperature, 0.25 to 8, that gives labels (n,) the highest likelihood under logits (n, classes)."""
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        chances = softmax(logits, float(np.exp(log_temperature)))
        return -float(np.mean(np.log(np.maximum(chances[rows, labels], _TINY))))

    low, high, golden = float(np.log(0.25)), float(np.log(8.0)), float((np.sqrt(5) - 1) / 2)
    while high - low > 1e-4:
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return float(np.exp((low + high) / 2))


def bootstrap(
    figure: Callable[[npt.NDArray[np.int64]], float],
    count: int,
    *,
    groups: Labels | None = None,
    rounds: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile interval of `figure(rows)` over rows 0..count-1 drawn again with replacement.

    With `groups` (count,), whole groups are drawn: the windows of one person are no independent rows.
    """
    rng = np.random.default_rng(seed)
    members: list[Labels] = []
    if groups is not None:
        members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    drawn: list[float] = []
    for _ in range(rounds):
        if members:
            drawn.append(figure(np.concatenate([members[int(g)] for g in rng.integers(0, len(members), len(members))])))
        else:
            drawn.append(figure(rng.integers(0, count, count)))
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def smape(truth: Numbers, guess: Numbers, least: float = _TINY) -> float:
    """Symmetric mean absolute percentage error, 0 to 200. Equation 8 (6 without the guard against zero)."""
    return float(200 * np.mean(np.abs(truth - guess) / np.maximum(np.abs(truth) + np.abs(guess), least)))


def dtw(left: Numbers, right: Numbers) -> float:
    """Dynamic time warping: the least sum of distances along a path that pairs two sequences. Equations 13 to 15."""
    cost = np.abs(left[:, np.newaxis] - right[np.newaxis, :])
    total = np.full((len(left) + 1, len(right) + 1), np.inf)
    total[0, 0] = 0
    for i in range(len(left)):
        for j in range(len(right)):
            total[i + 1, j + 1] = cost[i, j] + min(total[i, j + 1], total[i + 1, j], total[i, j])
    return float(total[-1, -1])


def jensen_shannon(left: Numbers, right: Numbers) -> float:
    """Jensen-Shannon divergence in bits, 0 to 1. Equations 16 to 18; only base 2 gives their bound of 1."""
    p, q = left / left.sum(), right / right.sum()
    middle = (p + q) / 2
    return float((_divergence(p, middle) + _divergence(q, middle)) / 2)


def conditional_entropy(counts: npt.NDArray[np.int64]) -> float:
    """Bits that remain unknown of the true class once the guess is known: H(truth | guess)."""
    joint = counts / counts.sum()
    return float(_entropy(joint.ravel()) - _entropy(joint.sum(axis=0)))


def mutual_information(counts: npt.NDArray[np.int64]) -> float:
    """Normalised mutual information of truth and guess, 0 to 1, by the arithmetic mean of their entropies."""
    joint = counts / counts.sum()
    truth, guess = _entropy(joint.sum(axis=1)), _entropy(joint.sum(axis=0))
    mean = (truth + guess) / 2
    return float((truth + guess - _entropy(joint.ravel())) / mean) if mean > 0 else 1.0


def _entropy(chances: Numbers) -> float:
    some = chances[chances > 0]
    return float(-np.sum(some * np.log2(some)))


def _divergence(p: Numbers, middle: Numbers) -> float:
    some = p > 0
    return float(np.sum(p[some] * np.log2(p[some] / middle[some])))

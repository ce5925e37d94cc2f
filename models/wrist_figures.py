"""What was said of people never learned from, in; the figures of a card, out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models import metrics
from models.left_out import LeftOut, joined
from models.protocol import Fold
from models.wrist_streams import LABELS, Judged

Numbers = npt.NDArray[np.float64]
_MINUTE_S = 60.0


def pooled(people: Sequence[Judged]) -> tuple[Numbers, npt.NDArray[np.int64], Numbers, npt.NDArray[np.int64]]:
    """Probabilities, labels, ends and people's numbers of all windows, each (n,)."""
    return (
        np.concatenate([p.probability for p in people]),
        np.concatenate([p.labels for p in people]),
        np.concatenate([p.ends_s for p in people]),
        np.concatenate([np.full(len(p.labels), k) for k, p in enumerate(people)]),
    )


@dataclass(frozen=True, slots=True)
class Calibration:
    """Two numbers that are fitted on what was said of people left out."""

    temperature: float
    threshold: float
    """Of the calibrated probability"""


def fitted(people: Sequence[Judged]) -> Calibration:
    """The temperature of least loss, and after it the threshold of highest balanced accuracy, on these people."""
    chance, labels, _, _ = pooled(people)
    both = np.stack([-logit(chance) / 2, logit(chance) / 2], axis=1).astype(np.float32)
    temperature = round(metrics.fitted_temperature(both, labels), 4)
    return Calibration(temperature, best_threshold(calibrated(people, temperature, 0.0)))


def crossed(people: Sequence[Judged], folds: Sequence[Fold], common: float = 0.5) -> list[Judged]:
    """Each fold's people by the calibration of the others alone, moved so that everybody's threshold is `common`.

    So a figure at `common` is told of nobody by whom it was fitted.
    """
    told: list[Judged] = []
    for fold in folds:
        known = fitted([p for p in people if p.subject not in fold.judge])
        move = float(logit(np.array(common)) - logit(np.array(known.threshold)))
        told += calibrated([p for p in people if p.subject in fold.judge], known.temperature, move)
    return told


def figures(people: Sequence[Judged], threshold: float) -> dict[str, object]:
    """Figures at an operating threshold; intervals draw whole people again. Who has no judged window is left out."""
    people = [p for p in people if len(p.labels)]
    if not people:
        return {"n": 0, "people": 0}
    chance, labels, ends, person = pooled(people)
    guesses = (chance >= threshold).astype(np.int64)
    counts = metrics.confusion(labels, guesses, 2)
    apart = _each(people, threshold)
    both = np.stack([1 - chance, chance], axis=1).astype(np.float32)

    def balanced(rows: npt.NDArray[np.int64]) -> float:
        return metrics.balanced_accuracy(metrics.confusion(labels[rows], guesses[rows], 2))

    def macro(rows: npt.NDArray[np.int64]) -> float:
        return metrics.macro_f1(metrics.confusion(labels[rows], guesses[rows], 2))

    return {
        "n": len(labels),
        "people": len(people),
        "unjudged": sum(p.unjudged for p in people),
        "accuracy": metrics.accuracy(counts),
        "balanced_accuracy": metrics.balanced_accuracy(counts),
        "balanced_accuracy_95": metrics.bootstrap(balanced, len(labels), groups=person),
        "macro_f1": metrics.macro_f1(counts),
        "macro_f1_95": metrics.bootstrap(macro, len(labels), groups=person),
        "auc": metrics.auc(labels == 1, chance),
        "auc_same_minute": same_minute_auc(chance, labels, ends),
        "mcc": metrics.mcc(counts),
        "calibration_error": metrics.calibration_error(both, labels),
        "threshold": threshold,
        "confusion": counts.tolist(),
        "labels": list(LABELS),
        "per_person": {p.subject: round(a, 4) for p, a in zip(people, apart, strict=True)},
        "per_person_balanced_accuracy": {
            "mean": float(np.nanmean(apart)),
            "std": float(np.nanstd(apart)),
            "worst": float(np.nanmin(apart)),
            "best": float(np.nanmax(apart)),
        },
    }


def same_minute_auc(chance: Numbers, labels: npt.NDArray[np.int64], ends_s: Numbers) -> float:
    """AUC over pairs of a stressed and a calm person at the same minute of the protocol.

    A clock, however well it knows the protocol, gets .5 here: what is above comes from the body.
    """
    won = pairs = 0.0
    minute = (ends_s // _MINUTE_S).astype(np.int64)
    for m in np.unique(minute):
        here = minute == m
        stress = labels[here] == 1
        count = float(stress.sum()) * float((~stress).sum())
        if count:
            won += count * metrics.auc(stress, chance[here])
            pairs += count
    return won / pairs if pairs else float("nan")


def as_left_out(people: Sequence[Judged]) -> LeftOut:
    """The same people as any other benchmark's; stress is guessed from one half on."""
    return joined(
        [
            LeftOut(
                np.stack([1 - p.probability, p.probability], axis=1).astype(np.float32),
                p.labels, (p.subject,) * len(p.labels), p.ends_s,
            )
            for p in people
        ]
    )  # fmt: skip


def majority(people: Sequence[Judged]) -> dict[str, float]:
    """Always the more frequent label."""
    labels = pooled(people)[1]
    most = int(labels.mean() > 0.5)
    counts = metrics.confusion(labels, np.full(len(labels), most), 2)
    return {"accuracy": metrics.accuracy(counts), "balanced_accuracy": 0.5, "macro_f1": metrics.macro_f1(counts)}


def by_the_clock(learn: Sequence[Judged], people: Sequence[Judged]) -> list[Judged]:
    """What the minute alone would say: the share of the learning people who were under stress at that minute."""
    _, labels, ends, _ = pooled(learn)
    minute = (ends // _MINUTE_S).astype(np.int64)
    stress, count = np.bincount(minute, labels == 1), np.bincount(minute)
    share = (stress + 1) / (count + 2)
    weight = float((labels == 0).sum() / max(1, (labels == 1).sum()))
    chance = weight * share / (weight * share + 1 - share)  # as if both labels were equally frequent
    return [
        Judged(p.subject, chance[np.minimum((p.ends_s // _MINUTE_S).astype(np.int64), len(chance) - 1)],
               p.labels, p.ends_s, p.unjudged)
        for p in people
    ]  # fmt: skip


def best_threshold(people: Sequence[Judged]) -> float:
    """The threshold of highest balanced accuracy, smoothed over its neighbours: a lucky spike is no operating point."""
    chance, labels, _, _ = pooled(people)
    tried = np.arange(0.30, 0.7001, 0.01)
    scores = np.array([_balanced(chance >= t, labels) for t in tried])
    smooth = np.convolve(np.pad(scores, 3, mode="edge"), np.ones(7) / 7, "valid")
    return round(float(tried[int(np.argmax(smooth))]), 2)


def calibrated(people: Sequence[Judged], temperature: float, bias: float) -> list[Judged]:
    """The same people with logits divided by a temperature, and moved by a bias."""
    return [replace(p, probability=1 / (1 + np.exp(-(logit(p.probability) / temperature + bias)))) for p in people]


def logit(chance: Numbers) -> Numbers:
    """Log odds, finite."""
    held = np.clip(chance, 1e-9, 1 - 1e-9)
    return np.log(held / (1 - held))


def _each(people: Sequence[Judged], threshold: float) -> list[float]:
    return [_balanced(p.probability >= threshold, p.labels) for p in people]


def _balanced(stress: npt.NDArray[np.bool_], labels: npt.NDArray[np.int64]) -> float:
    return metrics.balanced_accuracy(metrics.confusion(labels, stress.astype(np.int64), 2))

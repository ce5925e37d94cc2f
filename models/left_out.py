"""What networks said of people they never met, of any number of classes, in; figures with intervals, out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.flow import Floats
from models import metrics
from models.metrics import Labels, Numbers

Rows = npt.NDArray[np.int64]
_ROUNDS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class LeftOut:
    """Chances of every judged row, each by a network that was not shown its person."""

    chances: Floats
    """(n, classes)"""
    labels: Labels
    """(n,)"""
    people: tuple[str, ...]
    """Whose the rows are, (n,)"""
    ends_s: Numbers
    """(n,), in seconds of the recording"""

    @property
    def guesses(self) -> Labels:
        return self.chances.argmax(axis=1).astype(np.int64)

    @property
    def person(self) -> Labels:
        """People as numbers, (n,)."""
        return np.unique(np.array(self.people), return_inverse=True)[1].astype(np.int64)


def joined(parts: Sequence[LeftOut]) -> LeftOut:
    """The folds together."""
    return LeftOut(
        np.concatenate([p.chances for p in parts]),
        np.concatenate([p.labels for p in parts]),
        tuple(name for p in parts for name in p.people),
        np.concatenate([p.ends_s for p in parts]),
    )


def figures(said: LeftOut, names: Sequence[str]) -> dict[str, object]:
    """Figures of a card; intervals draw whole people again. `names` are the classes'."""
    classes, labels, guesses = len(names), said.labels, said.guesses
    counts = metrics.confusion(labels, guesses, classes)
    told: dict[str, object] = {"n": len(labels), "people": len(set(said.people))}
    for name, figure in _FIGURES.items():
        told[name] = figure(counts)
        told[f"{name}_95"] = metrics.bootstrap(
            lambda rows, figure=figure: figure(metrics.confusion(labels[rows], guesses[rows], classes)),
            len(labels), groups=said.person, rounds=_ROUNDS,
        )  # fmt: skip
    told |= {
        "mcc": metrics.mcc(counts),
        "g_mean": metrics.g_mean(counts),
        "auc": _one_against_rest(metrics.auc, said),
        "average_precision": _one_against_rest(metrics.average_precision, said),
        "calibration_error": metrics.calibration_error(said.chances, labels),
        "reliability": metrics.reliability(said.chances, labels),
        "confusion": counts.tolist(),
        "labels": list(names),
        "recall": dict(zip(names, metrics.recalls(counts).tolist(), strict=True)),
        "per_person": _each(said, classes),
    }
    return told


def difference(ours: LeftOut, theirs: LeftOut, figure: str = "macro_f1") -> dict[str, object]:
    """Ours minus theirs on the same rows, with an interval that draws the same people for both.

    ValueError when the rows are not the same.
    """
    if ours.people != theirs.people or not np.array_equal(ours.labels, theirs.labels):
        raise ValueError("the two were not judged on the same rows; judge both on the same folds and windows")
    classes, labels = ours.chances.shape[1], ours.labels
    score = _FIGURES[figure]

    def gap(rows: Rows) -> float:
        both = (metrics.confusion(labels[rows], said.guesses[rows], classes) for said in (ours, theirs))
        mine, other = (score(counts) for counts in both)
        return mine - other

    everything = np.arange(len(labels))
    return {
        "figure": figure,
        "difference": gap(everything),
        "difference_95": metrics.bootstrap(gap, len(labels), groups=ours.person, rounds=_ROUNDS),
    }


def majority(said: LeftOut) -> dict[str, float]:
    """Always the commonest class."""
    classes = said.chances.shape[1]
    most = int(np.bincount(said.labels, minlength=classes).argmax())
    counts = metrics.confusion(said.labels, np.full(len(said.labels), most), classes)
    return {name: figure(counts) for name, figure in _FIGURES.items()}


def save(said: LeftOut, path: Path) -> None:
    """Leave every prediction, for whoever looks again."""
    np.savez_compressed(
        path, chances=said.chances.astype(np.float32), label=said.labels, subject=np.array(said.people),
        time_s=said.ends_s,
    )  # fmt: skip


def read(path: Path) -> LeftOut:
    """What `save` left."""
    with np.load(path, allow_pickle=False) as held:
        return LeftOut(held["chances"], held["label"], tuple(held["subject"].tolist()), held["time_s"])


_FIGURES: dict[str, Callable[[Rows], float]] = {
    "accuracy": metrics.accuracy,
    "balanced_accuracy": metrics.balanced_accuracy,
    "macro_f1": metrics.macro_f1,
}


def _one_against_rest(figure: Callable[[npt.NDArray[np.bool_], Floats], float], said: LeftOut) -> float:
    """Mean over the classes; of two, the second says it all."""
    classes = said.chances.shape[1]
    sides = range(classes) if classes > 2 else range(1, 2)
    return float(np.mean([figure(said.labels == k, said.chances[:, k]) for k in sides]))


def _each(said: LeftOut, classes: int) -> dict[str, float]:
    """Each person's balanced accuracy."""
    told: dict[str, float] = {}
    for name in sorted(set(said.people)):
        rows = np.array([person == name for person in said.people])
        counts = metrics.confusion(said.labels[rows], said.guesses[rows], classes)
        told[name] = round(metrics.balanced_accuracy(counts), 4)
    return told

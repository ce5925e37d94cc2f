"""Faces and heart rates divided as Hegh et al. 2025 or as honesty asks, with what generators add; pairs by label.

`clean`: de-duplicated faces, people of the wrist apart, generators learn from the learning part and add to it alone.
`paper`: everything is pooled and divided at random, windows of one person and what generators made on both sides; only
so do figures such as theirs come about.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from edge.flow import EMOTIONS
from models.datasets.fer2013 import Faces
from models.face_protocol import clean_split
from models.fusion import TENSE
from models.heart_windows import HeartWindows
from models.protocol import subject_folds

SYNTHETIC_SHARE = 0.2
"""How much generators add, of what there is ("approximately 20 %")."""
Array: TypeAlias = npt.NDArray[Any]
Rows = npt.NDArray[np.int64]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Rows of one kind: the first input that they are, any others beside it, their classes."""

    inputs: tuple[Array, ...]
    """Each (n, ...); faces as grey levels, uint8"""
    labels: Labels
    """(n,)"""
    people: tuple[str, ...]
    """(n,) who may not be drawn apart: whose a heart is, in a pair too; a face alone stands for itself"""
    faces: tuple[str, ...] = ()
    """(n,) the face of each pair; empty where there are no pairs"""

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: Rows) -> "Examples":
        """The rows at these indices."""
        people, faces = (tuple(np.array(names)[rows].tolist()) if names else () for names in (self.people, self.faces))
        return Examples(tuple(each[rows] for each in self.inputs), self.labels[rows], people, faces)


def joined(left: Examples, right: Examples) -> Examples:
    """All of both."""
    inputs = tuple(np.concatenate([a, b]) for a, b in zip(left.inputs, right.inputs, strict=True))
    labels = np.concatenate([left.labels, right.labels])
    return Examples(inputs, labels, left.people + right.people, left.faces + right.faces)


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """To learn from, to stop by, to judge by."""

    learning: Examples
    tuning: Examples
    test: Examples


def faces_of(faces: Faces) -> Examples:
    """Each face, grey levels (n, 48, 48)."""
    return Examples((faces.images,), faces.labels, tuple(f"face {n}" for n in range(len(faces))))


def hearts_of(windows: HeartWindows) -> Examples:
    """Each window and its statistics, not yet scaled."""
    return Examples((windows.sequences[..., np.newaxis], windows.statistics), windows.labels, windows.people)


def divided_faces(faces: Faces) -> tuple[Rows, Rows, Rows]:
    """Clean rows: learning, tuning, PublicTest."""
    split = clean_split(faces)
    return split.learning, split.tuning, split.test


def divided_people(people: tuple[str, ...], seed: int) -> tuple[Rows, Rows, Rows]:
    """Clean rows: nobody is on two sides. A quarter of the people judge, a fifth of the others tune."""
    fold = subject_folds(people, 4, seed)[0]
    tuning = subject_folds(fold.learn, 5, seed)[0].judge
    learning = [name for name in fold.learn if name not in tuning]
    return _of(people, learning), _of(people, tuning), _of(people, fold.judge)


def at_random(count: int, seed: int) -> tuple[Rows, Rows, Rows]:
    """The paper's: 72 % to learn from, 8 % to stop by, 20 % to judge by."""
    order = np.random.default_rng((seed, 6)).permutation(count)
    learning, tuning = round(0.72 * count), round(0.8 * count)
    return order[:learning], order[learning:tuning], order[tuning:]


def lacking(labels: Labels, share: float = SYNTHETIC_SHARE) -> Labels:
    """Classes (k,) of the examples to be made: the scarcest are filled up evenly, `share` of all together."""
    counts = np.bincount(labels)
    wanted: list[int] = []
    for _ in range(round(share * len(labels))):
        scarcest = int(counts.argmin())
        counts[scarcest] += 1
        wanted.append(scarcest)
    return np.array(wanted, np.int64)


def telling(examples: Examples, count: int) -> Rows:
    """At most `count` rows that show how far the inputs reach: at random, but for a statistic's least and most.

    An exporter calibrates by them, and what reaches further is cut off in int8. The variance of a heart rate lies
    thirteen deviations out at times, which a few hundred random rows do not show.
    """
    ends = [np.concatenate([each.argmin(axis=0), each.argmax(axis=0)]) for each in examples.inputs if each.ndim == 2]
    rows = np.concatenate([*ends, np.random.default_rng(0).permutation(len(examples))])
    _, first = np.unique(rows, return_index=True)
    return rows[np.sort(first)][:count]


def paired(faces: Examples, hearts: Examples, seed: int) -> Examples:
    """Each face with a window of its state beside.

    A pair belongs to the heart's person: a few people's windows go round all the faces, so that pairs of one person
    are no independent rows.
    """
    beside = hearts.take(matched(faces.labels, hearts.labels, seed))
    return Examples((*faces.inputs, *beside.inputs), faces.labels, beside.people, faces.people)


def matched(faces: Labels, hearts: Labels, seed: int) -> Rows:
    """For each face a window (n,) whose state its emotion goes with: stress with angry, disgust, fear, sad."""
    tense = np.isin(faces, [EMOTIONS.index(name) for name in TENSE]).astype(np.int64)
    rng = np.random.default_rng((seed, 8))
    drawn = np.empty(len(faces), np.int64)
    for state in (0, 1):
        here = tense == state
        drawn[here] = rng.choice(np.flatnonzero(hearts == state), int(here.sum()))
    return drawn


def _of(people: tuple[str, ...], names: tuple[str, ...] | list[str]) -> Rows:
    return np.flatnonzero(np.isin(np.array(people), list(names))).astype(np.int64)

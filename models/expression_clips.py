"""Labelled faces in; clips of faces whose expression changes, as rows into them, out.

No moving pictures with labels exist here, so a clip is put together from single pictures: an expression is held for
some frames, then another comes. Nobody's identity is kept across frames. Two kinds bound what a real clip would be: in
`people` every frame is another face, so that errors of neighbouring frames are independent, more than in any real
clip; in `held` one face stands for all frames of its expression, moved a little, so that errors persist, more than in
most.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Rows: TypeAlias = npt.NDArray[np.int64]
Kind: TypeAlias = Literal["people", "held"]
KINDS: tuple[Kind, ...] = ("people", "held")
STEPS = 16
"""Frames of a clip."""
SHORTEST, LONGEST = 4, 9
"""Frames that an expression is held, drawn evenly: about a second at the rate at which the device looks."""


@dataclass(frozen=True, slots=True, eq=False)
class Clips:
    """Which face each frame shows, in which view, and what it expresses."""

    rows: Rows
    """(n, STEPS) indices of faces"""
    views: Rows
    """(n, STEPS) which of the prepared pictures of that face"""
    labels: Rows
    """(n, STEPS)"""


def assembled(labels: Rows, count: int, views: int, kind: Kind, rng: np.random.Generator) -> Clips:
    """Put `count` clips together from faces with these labels (m,), each prepared in so many views.

    An expression comes as often as it is among the faces. A clip begins in the middle of one. ValueError if the faces
    show only one expression.
    """
    if len(np.unique(labels)) < 2:
        raise ValueError("the faces show one expression; give faces of two or more, so that it can change")
    by_label = [np.flatnonzero(labels == label) for label in range(int(labels.max()) + 1)]
    rows, told = np.empty((count, STEPS), np.int64), np.empty((count, STEPS), np.int64)
    for clip in range(count):
        start, label = -int(rng.integers(0, LONGEST)), -1
        while start < STEPS:
            label = _another(labels, label, rng)
            end = min(start + int(rng.integers(SHORTEST, LONGEST + 1)), STEPS)
            here = slice(max(start, 0), max(end, 0))
            shown = rng.choice(by_label[label], 1 if kind == "held" else here.stop - here.start)
            rows[clip, here], told[clip, here] = shown, label
            start = end
    return Clips(rows, rng.integers(0, views, (count, STEPS)), told)


def _another(labels: Rows, before: int, rng: np.random.Generator) -> int:
    """Another expression than before, as often as it is among the faces."""
    while (label := int(labels[rng.integers(len(labels))])) == before:
        pass
    return label

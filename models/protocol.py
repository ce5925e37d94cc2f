"""Who may be learned from, and who is only judged: folds in which no person stands on both sides.

What is fitted in a fold (a normaliser's population, class weights, a network, a stopping point) sees the learning
subjects alone. What is fitted on the judged predictions of all folds together (temperature, operating threshold) has
never touched a network's weights, and is one or two numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from models.catalog import TrainingError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fold:
    """One division of people."""

    learn: tuple[str, ...]
    judge: tuple[str, ...]

    def __post_init__(self) -> None:
        if both := set(self.learn) & set(self.judge):
            raise ValueError(f"{', '.join(sorted(both))} would be learned from and judged in one fold")


def subject_folds(subjects: Sequence[str], groups: int, seed: int) -> list[Fold]:
    """Leave a group of people out, each person once; groups differ by one person at most.

    The division depends on the names and the seed alone, not on their order.
    """
    names = sorted(set(subjects))
    if not 2 <= groups <= len(names):
        cure = f"2 to {len(names)} would work" if len(names) > 1 else "recordings of two or more would"
        raise TrainingError(f"{len(names)} people cannot make {groups} groups; {cure}")
    mixed: list[int] = np.random.default_rng(seed).permutation(len(names)).tolist()
    parts = [{names[i] for i in mixed[k::groups]} for k in range(groups)]
    return [Fold(tuple(n for n in names if n not in part), tuple(sorted(part))) for part in parts]


def of(people: Sequence[str], items: Sequence[tuple[str, T]]) -> list[T]:
    """The items of these people, in the items' order."""
    wanted = set(people)
    return [item for name, item in items if name in wanted]

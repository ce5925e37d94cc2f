"""Runs of one comparison from several seeds in; what each method said in all of them, out.

A seed divides the people anew and starts every search and network anew. RUNS/NAME is the first of them; those beside it
are called NAME_seedN, and count when they were made by the same recipe.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from models import left_out
from models.catalog import TrainingError
from models.left_out import LeftOut


@dataclass(frozen=True, slots=True, eq=False)
class Seeds:
    """A comparison of methods, from one seed or more."""

    seeds: tuple[int, ...]
    labels: tuple[str, ...]
    said: Mapping[str, LeftOut]
    """By method; all rows of the first seed, then all of the second, and so on"""
    selected: Mapping[str, list[int]]
    """How many features each method kept, by seed and fold"""
    commands: tuple[str, ...]
    """What was typed for each"""

    def accuracies(self) -> dict[int, list[float]]:
        """Of each seed, each method's."""
        right = [(each.guesses == each.labels).reshape(len(self.seeds), -1).mean(axis=1) for each in self.said.values()]
        return dict(zip(self.seeds, np.stack(right, axis=1).tolist(), strict=True))


def across(runs: Path, network: str) -> Seeds:
    """All finished runs of a comparison; TrainingError when one was made by another recipe than the first."""
    paths = [runs / network / "card.json", *sorted(runs.glob(f"{network}_seed*/card.json"), key=_by_number)]
    cards = {path.parent: cast(dict[str, Any], json.loads(path.read_text(encoding="utf-8"))) for path in paths}
    first, *others = cards.values()
    for run, card in cards.items():
        if card["recipe"] != first["recipe"]:
            raise TrainingError(
                f"{run} was made by another recipe than {runs / network}; train it anew, or move it elsewhere"
            )
    methods: list[str] = list(first["methods"])
    return Seeds(
        tuple(card["seed"] for card in (first, *others)),
        tuple(first["ours"]["labels"]),
        {name: left_out.joined([left_out.read(run / f"oof_{name}.npz") for run in cards]) for name in methods},
        {name: [n for card in cards.values() for n in card["methods"][name]["selected"]] for name in methods},
        tuple(card["command"] for card in cards.values()),
    )


def _by_number(path: Path) -> tuple[int, str]:
    """NAME_seed2 before NAME_seed10."""
    return len(path.parent.name), path.parent.name

"""Probabilities over recordings in; the setting that notices most at a bearable rate of false alerts, out.

The bound is one false alert in two hours. So that the point is not told of the people it was picked on, it is picked
again without each group of people and counted on those: what comes of that is what others may expect.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import msgspec
import numpy as np
import numpy.typing as npt

from edge.inference.decision import DecisionSettings
from models.operating import alerts_at, counted, stress_episodes
from models.wrist_streams import Judged

MOST_FALSE_PER_HOUR = 0.5
GRID = tuple(
    DecisionSettings(on=on, off=round(on - gap, 2), smoothing_s=smoothing, min_duration_s=least)
    for on, gap, smoothing, least in product(
        (0.55, 0.6, 0.65, 0.7, 0.75, 0.8), (0.05, 0.1, 0.3), (20.0, 40.0, 90.0), (20.0, 60.0, 120.0, 150.0)
    )
)
"""Settings that are tried; the refractory time stays, since it hardly moved anything between one and ten minutes."""
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """What each setting would have done to each person."""

    grid: tuple[DecisionSettings, ...]
    counts: Counts
    """(settings, people, 2): episodes noticed, false alerts"""
    hours: npt.NDArray[np.float64]
    """(people,)"""
    episodes: Counts
    """(people,)"""


def tried(people: Sequence[Judged], grid: Sequence[DecisionSettings] = GRID) -> Tried:
    """Run the daemon's own decision room over everybody, once a setting."""
    counts = np.zeros((len(grid), len(people), 2), np.int64)
    for row, settings in enumerate(grid):
        for k, person in enumerate(people):
            counts[row, k] = counted(person, alerts_at(person, settings))
    hours = np.array([float(np.ptp(p.ends_s)) / 3600 if len(p.ends_s) else 0.0 for p in people])
    return Tried(tuple(grid), counts, hours, np.array([len(list(stress_episodes(p))) for p in people], np.int64))


def pick(known: Tried, people: npt.NDArray[np.int64], most: float = MOST_FALSE_PER_HOUR) -> int:
    """The setting (its place in the grid) with most episodes noticed among these people, fewest false alerts next.

    When none stays below the bound, the one with fewest false alerts.
    """
    noticed, false = known.counts[:, people].sum(axis=1).T
    rate = false / max(float(known.hours[people].sum()), 1e-9)
    bearable = rate <= most
    worth = np.where(bearable, noticed - 1e-3 * false, -1e6 - false)
    return int(worth.argmax())


def point(known: Tried, groups: int = 7, seed: int = 0, most: float = MOST_FALSE_PER_HOUR) -> dict[str, object]:
    """The setting picked on everybody, what it does to them, and what picking does to people who were left out."""
    people = np.arange(len(known.hours))
    best = pick(known, people, most)
    left_out = np.zeros(2, np.int64)
    for part in np.array_split(np.random.default_rng(seed).permutation(people), groups):
        without = np.setdiff1d(people, part)
        left_out += known.counts[pick(known, without, most), part].sum(axis=0)
    return {
        "settings": msgspec.to_builtins(known.grid[best]),
        "on_everybody": _told(known.counts[best].sum(axis=0), known),
        "picked_without_each_group": _told(left_out, known),
        "most_false_per_hour": most,
    }


def _told(counts: Counts, known: Tried) -> dict[str, float]:
    noticed, false = counts.tolist()
    episodes, hours = int(known.episodes.sum()), float(known.hours.sum())
    return {
        "episodes": episodes,
        "noticed": noticed,
        "noticed_share": round(noticed / episodes, 4) if episodes else 0.0,
        "false_alerts": false,
        "false_alerts_per_hour": round(false / hours, 3) if hours else 0.0,
    }

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
from models.metrics import Numbers
from models.operating import alerts_at, counted, judged_hours, stress_episodes
from models.wrist_streams import Judged

MOST_FALSE_PER_HOUR = 0.5
_STRICTER = (1.0, 0.8, 0.6, 0.4, 0.2)
"""Shares of the bound that are tried while picking."""
_SAME = 0.02
"""Share of the episodes by which two settings notice about the same."""
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
    hours = np.array([judged_hours(person) for person in people])
    return Tried(tuple(grid), counts, hours, np.array([len(list(stress_episodes(p))) for p in people], np.int64))


def pick(known: Tried, people: npt.NDArray[np.int64], most: float = MOST_FALSE_PER_HOUR) -> int:
    """The setting (its place in the grid) with most episodes noticed among these people, fewest false alerts next.

    When none stays below the bound, the one with fewest false alerts.
    """
    noticed: Numbers = known.counts[:, people, 0].sum(axis=1).astype(np.float64)
    false: Numbers = known.counts[:, people, 1].sum(axis=1).astype(np.float64)
    rate = false / max(float(known.hours[people].sum()), 1e-9)
    worth: Numbers = np.where(rate <= most, noticed - 1e-3 * false, -1e6 - false)
    return int(worth.argmax())


def point(known: Tried, groups: int = 7, divisions: int = 10, most: float = MOST_FALSE_PER_HOUR) -> dict[str, object]:
    """The setting picked on everybody, what it does to them, and what picking does to people who were left out.

    What is picked at the bound itself is beyond it for others. So stricter bounds are tried too, and that one is kept
    whose picks, made without each group of people in turn, stay below the bound for those people and notice most; of
    two that notice about the same, the one with fewer false alerts.
    """
    people = np.arange(len(known.hours))
    others = {strict: _left_out(known, strict * most, groups, divisions) for strict in _STRICTER}
    hours, episodes = max(float(known.hours.sum()), 1e-9), max(int(known.episodes.sum()), 1)
    kept = [strict for strict, counts in others.items() if counts[1] / hours <= most] or [min(_STRICTER)]
    lead = max(others[strict][0] for strict in kept)
    near = [strict for strict in kept if others[strict][0] >= lead - _SAME * episodes]
    strict = min(near, key=lambda s: float(others[s][1]))
    best = pick(known, people, strict * most)
    return {
        "settings": msgspec.to_builtins(known.grid[best]),
        "on_everybody": _told(known.counts[best].sum(axis=0).astype(np.float64), known),
        "picked_without_each_group": _told(others[strict], known),
        "bound_while_picking": strict * most,
        "by_bound": {f"{s * most:g}": _told(counts, known) for s, counts in others.items()},
        "most_false_per_hour": most,
        "divisions": divisions,
    }


def _left_out(known: Tried, most: float, groups: int, divisions: int) -> npt.NDArray[np.float64]:
    """Episodes noticed and false alerts of people by settings picked without them, mean over divisions into groups."""
    people = np.arange(len(known.hours))
    total = np.zeros(2)
    for seed in range(divisions):
        for part in np.array_split(np.random.default_rng(seed).permutation(people), groups):
            chosen = pick(known, np.setdiff1d(people, part), most)
            total += known.counts[chosen, part].sum(axis=0)
    return total / divisions


def _told(counts: npt.NDArray[np.float64], known: Tried) -> dict[str, float]:
    noticed, false = counts.tolist()
    episodes, hours = int(known.episodes.sum()), float(known.hours.sum())
    return {
        "episodes": episodes,
        "noticed": noticed,
        "noticed_share": round(noticed / episodes, 4) if episodes else 0.0,
        "false_alerts": false,
        "false_alerts_per_hour": round(false / hours, 3) if hours else 0.0,
    }

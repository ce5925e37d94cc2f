"""Probabilities over recordings in; the setting that notices most at a bearable rate of false alerts, out.

The bound is one false alert in two hours. So that the point is not told of the people it was picked on, everything that
is picked is picked again without each group of people and counted on those: what comes of that is what others may
expect, by the point estimate; how far it may be off stands beside it, whole people drawn again. Several trainings of
one recipe may be given: what a setting does to a person is then the mean over networks, so that no one network's luck
decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import msgspec
import numpy as np
import numpy.typing as npt

from edge.inference.decision import DecisionSettings
from models import metrics
from models.metrics import Numbers
from models.operating import alerts_at, counted, judged_hours, stress_episodes
from models.wrist_streams import Judged

MOST_FALSE_PER_HOUR = 0.5
_STRICTER = (1.0, 0.9, 0.8, 0.6)
"""Shares of the bound that are tried while picking: what is picked at the bound itself may be beyond it for others."""
_INNER_DIVISIONS = 3
GRID = tuple(
    DecisionSettings(on=on, off=round(on - gap, 2), own_level=own, smoothing_s=smoothing, min_duration_s=least)
    for on, gap, own, smoothing, least in product(
        (0.6, 0.65, 0.7, 0.75, 0.8, 0.85), (0.05, 0.1), (0.0, 1.0), (40.0, 90.0, 180.0), (20.0, 60.0, 120.0)
    )
)
"""Settings that are tried; the refractory time stays, since it hardly moved anything between one and ten minutes."""
People = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """What each setting would have done to each person."""

    grid: tuple[DecisionSettings, ...]
    counts: Numbers
    """(settings, people, 2): episodes noticed, false alerts; means over trainings"""
    hours: Numbers
    """(people,)"""
    episodes: Numbers
    """(people,)"""


def tried(people: Sequence[Judged], grid: Sequence[DecisionSettings] = GRID) -> Tried:
    """Run the daemon's own decision room over everybody, once a setting; a subject who comes twice is one person."""
    names = list(dict.fromkeys(person.subject for person in people))
    counts = np.zeros((len(grid), len(names), 2))
    hours, episodes, times = np.zeros(len(names)), np.zeros(len(names)), np.zeros(len(names))
    for person in people:
        at = names.index(person.subject)
        times[at] += 1
        hours[at] += judged_hours(person)
        episodes[at] += len(list(stress_episodes(person)))
        for row, settings in enumerate(grid):
            counts[row, at] += counted(person, alerts_at(person, settings))
    return Tried(tuple(grid), counts / times[:, np.newaxis], hours / times, episodes / times)


def pick(known: Tried, people: People, most: float = MOST_FALSE_PER_HOUR) -> int:
    """The setting (its place in the grid) with most episodes noticed among these people, fewest false alerts next.

    When none stays below the bound, the one with fewest false alerts.
    """
    noticed: Numbers = known.counts[:, people, 0].sum(axis=1)
    false: Numbers = known.counts[:, people, 1].sum(axis=1)
    rate = false / max(float(known.hours[people].sum()), 1e-9)
    worth: Numbers = np.where(rate <= most, noticed - 1e-3 * false, -1e6 - false)
    return int(worth.argmax())


def point(known: Tried, groups: int = 9, divisions: int = 10, most: float = MOST_FALSE_PER_HOUR) -> dict[str, object]:
    """The setting picked on everybody, what it does to them, and what picking does to people who were left out.

    What is picked at the bound itself may be beyond it for others. So stricter bounds are tried too, and that one is
    kept whose picks, made without each group of people in turn, stay below the bound for those people and notice most.
    For the people left out all of this is done without them.
    """
    everybody = np.arange(len(known.hours))
    strict = _strictness(known, everybody, groups, most)
    best = pick(known, everybody, strict * most)
    return {
        "settings": msgspec.to_builtins(known.grid[best]),
        "on_everybody": _told(known.counts[best], known),
        "picked_without_each_group": _told(_all_left_out(known, groups, divisions, most), known),
        "bound_while_picking": round(strict * most, 3),
        "most_false_per_hour": most,
        "divisions": divisions,
    }


def _all_left_out(known: Tried, groups: int, divisions: int, most: float) -> Numbers:
    """(people, 2): what settings do to people, bound and setting picked without them; mean over divisions."""
    everybody, total = np.arange(len(known.hours)), np.zeros((len(known.hours), 2))
    for seed in range(divisions):
        for part in _parts(everybody, groups, seed):
            others = np.setdiff1d(everybody, part)
            strict = _strictness(known, others, groups, most)
            total[part] += known.counts[pick(known, others, strict * most), part]
    return total / divisions


def _strictness(known: Tried, people: People, groups: int, most: float) -> float:
    """The share of the bound to pick by, from these people alone."""
    hours = max(float(known.hours[people].sum()), 1e-9)
    others: dict[float, Numbers] = {}
    for strict in _STRICTER:
        others[strict] = np.zeros(2)
        for seed in range(_INNER_DIVISIONS):
            for part in _parts(people, groups, seed):
                chosen = pick(known, np.setdiff1d(people, part), strict * most)
                others[strict] += known.counts[chosen, part].sum(axis=0) / _INNER_DIVISIONS
    kept = [strict for strict, counts in others.items() if counts[1] / hours <= most] or [min(_STRICTER)]
    return max(kept, key=lambda strict: (float(others[strict][0]), -float(others[strict][1])))


def _parts(people: People, groups: int, seed: int) -> list[People]:
    return np.array_split(np.random.default_rng(seed).permutation(people), min(groups, len(people)))


def _told(counts: Numbers, known: Tried) -> dict[str, object]:
    """Figures of (people, 2) counts; intervals draw whole people again."""

    def share(rows: People) -> float:
        return float(counts[rows, 0].sum() / max(float(known.episodes[rows].sum()), 1e-9))

    def rate(rows: People) -> float:
        return float(counts[rows, 1].sum() / max(float(known.hours[rows].sum()), 1e-9))

    everybody = np.arange(len(counts))
    return {
        "episodes": round(float(known.episodes.sum()), 1),
        "noticed": round(float(counts[:, 0].sum()), 1),
        "noticed_share": round(share(everybody), 4),
        "noticed_share_95": [round(v, 4) for v in metrics.bootstrap(share, len(counts))],
        "false_alerts": round(float(counts[:, 1].sum()), 1),
        "false_alerts_per_hour": round(rate(everybody), 3),
        "false_alerts_per_hour_95": [round(v, 3) for v in metrics.bootstrap(rate, len(counts))],
    }

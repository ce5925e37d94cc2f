"""Bouts of activity in; windows of features with their level and their person, out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.clock import SECOND
from edge.flow import Floats, Signal
from edge.signals.activity import LEAST_S, SPAN_S, activity
from models.datasets.hmp import RATE_HZ, Bout

_HOP_S = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Windowed:
    """Windows of many people."""

    rows: Floats
    """(n, names) as edge/signals/activity.py computes them"""
    levels: npt.NDArray[np.int64]
    """(n,)"""
    people: tuple[str, ...]
    """Whose each window is, n of them."""

    def of(self, rows: npt.NDArray[np.bool_]) -> "Windowed":
        """Some of the windows."""
        people = tuple(name for name, kept in zip(self.people, rows.tolist(), strict=True) if kept)
        return Windowed(self.rows[rows], self.levels[rows], people)


def windows(bouts: Sequence[Bout]) -> Windowed:
    """Eight seconds every four; a bout that is shorter, but not below 3.75 s, is one window."""
    rows, levels, people = list[Floats](), list[int](), list[str]()
    for bout in bouts:
        width = min(round(SPAN_S * RATE_HZ), len(bout.axes))
        if width < LEAST_S * RATE_HZ:
            continue
        times = (np.arange(width) * (SECOND / RATE_HZ)).astype(np.int64)
        for first in range(0, len(bout.axes) - width + 1, round(_HOP_S * RATE_HZ)):
            rows.append(activity(Signal(times, bout.axes[first : first + width], RATE_HZ, 1.0)))
            levels.append(bout.level)
            people.append(bout.person)
    return Windowed(np.stack(rows), np.array(levels, np.int64), tuple(people))

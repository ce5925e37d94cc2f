"""Probabilities of stress in; the same as told from the level that is usual for this person, out.

A network that never met a person is too sure, or not sure enough, of them all day long. What counts for an alert is a
rise: so the median log odds of the person's last hour are taken off each prediction's. Until there is an hour, the
median counts only for as much of itself as was heard, and for five minutes of nobody in particular.
"""

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from edge.clock import StreamNs, nanoseconds

EVERY_S = 5.0
"""One prediction is remembered in so long: those of a camera come faster and say nearly the same."""
REMEMBERED = 720
"""An hour of them. Time without predictions does not count: after a night off the wrist the evening is still known."""
PRIOR = 60
"""Remembered predictions, five minutes, that a person of no level of their own counts for."""
_LEAST = 1e-6


class OwnLevel:
    """Holds one person's last hour. Feed predictions in order of time; bounded memory, a few microseconds each."""

    def __init__(self, share: float) -> None:
        """``share``, 0 to 1, of the usual level is taken off; 0 leaves predictions as they come."""
        self._share = share
        self._order: deque[float] = deque()
        self._sorted: list[float] = []
        self._kept_at: StreamNs | None = None

    def told(self, at: StreamNs, stress: float) -> float:
        """A probability of stress as it would be of a person whose usual level is even odds."""
        if not self._share:
            return stress
        held = min(max(stress, _LEAST), 1 - _LEAST)
        odds = math.log(held / (1 - held))
        if self._kept_at is None or not 0 <= at - self._kept_at < nanoseconds(EVERY_S):
            self._keep(odds)
            self._kept_at = at
        return 0.5 * (1 + math.tanh(0.5 * (odds - self._share * self.usual)))

    @property
    def usual(self) -> float:
        """The person's usual log odds, as far as they are known; 0 at first."""
        count = len(self._sorted)
        if not count:
            return 0.0
        middle = (self._sorted[(count - 1) // 2] + self._sorted[count // 2]) / 2
        return middle * count / (count + PRIOR)

    def remembered(self) -> tuple[float, ...]:
        """The log odds of the last hour, oldest first."""
        return tuple(self._order)

    def recall(self, odds: Iterable[float]) -> None:
        """Know the person by what was `remembered` earlier, oldest first, and by nothing else."""
        self._order.clear()
        self._sorted.clear()
        self._kept_at = None
        for each in odds if self._share else ():  # what nothing is taken off by would never grow old
            self._keep(each)

    def _keep(self, odds: float) -> None:
        insort(self._sorted, odds)
        self._order.append(odds)
        if len(self._order) > REMEMBERED:
            del self._sorted[bisect_left(self._sorted, self._order.popleft())]


@dataclass(frozen=True, slots=True)
class Levels:
    """What is remembered of one person."""

    by: str = ""
    """Who said so: the bundle."""
    odds: Mapping[str, tuple[float, ...]] = field(default_factory=dict[str, tuple[float, ...]])
    """Log odds of the last hour by what was listened to, oldest first."""


class OwnLevels:
    """One person's usual levels, apart by who says so and by what they listen to.

    They are usual for a network as much as for a person: a face alone may say .46 of somebody of whom a wrist says .1,
    and that is no rise.
    """

    def __init__(self, share: float) -> None:
        """``share`` as an OwnLevel's."""
        self._share = share
        self._by, self._levels = "", dict[str, OwnLevel]()
        self._before: tuple[str, dict[str, OwnLevel]] = "", {}
        """Of the bundle before, which comes back when this one fails its trial."""

    def told(self, at: StreamNs, stress: float, *, by: str, ear: str) -> float:
        """A probability of stress as it would be of a person whose usual level, by these, is even odds."""
        if by != self._by:
            mine, theirs = (self._by, self._levels), self._before
            self._by, self._levels = theirs if theirs[0] == by else (by, {})
            self._before = mine
        return self._levels.setdefault(ear, OwnLevel(self._share)).told(at, stress)

    def remembered(self) -> Levels:
        """The last hour by each ear of the bundle in use."""
        return Levels(self._by, {ear: odds for ear, own in self._levels.items() if (odds := own.remembered())})

    def recall(self, levels: Levels) -> None:
        """Know the person by what was `remembered` earlier, and by nothing else."""
        self._by, self._levels = levels.by, dict[str, OwnLevel]()
        self._before = "", {}
        for ear, odds in levels.odds.items():
            self._levels[ear] = OwnLevel(self._share)
            self._levels[ear].recall(odds)

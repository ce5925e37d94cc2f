"""Quiet for a while: what was noticed meanwhile is kept, so that it can be told when the quiet ends."""

import math
from dataclasses import dataclass

from edge.clock import Clock, HostNs, UnixNs, nanoseconds, seconds
from edge.flow import Decision

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Kept:
    """What a quiet time kept back."""

    began: UnixNs
    ended: UnixNs
    alerts: int
    """How many would have been raised; 0 when there was nothing to keep back."""
    last: Decision | None


class Snooze:
    """No alerts until a moment of the host's own clock: no clock that is set ends or prolongs it, a restart ends it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: HostNs | None = None
        self._began = UnixNs(0)
        self._alerts = 0
        self._last: Decision | None = None

    @property
    def holds(self) -> bool:
        """Whether alerts are to be kept back now."""
        return self._until is not None and self._clock.now() < self._until

    @property
    def minutes_left(self) -> int:
        """Whole minutes, rounded up; 0 when it does not hold."""
        if self._until is None:
            return 0
        return max(0, math.ceil(seconds(self._until - self._clock.now()) / MINUTE_S))

    def start(self, minutes: int) -> None:
        """Hold for so many minutes from now, in place of what was left; 0 ends it."""
        now = self._clock.now()
        if self._until is None:
            self._began = self._clock.wall()
        self._until = HostNs(now + nanoseconds(minutes * MINUTE_S))

    def keep(self, decision: Decision) -> None:
        """Keep an alert back."""
        self._alerts += 1
        self._last = decision

    def over(self) -> Kept | None:
        """What it kept back, told once after it has ended; None before, and when there was none."""
        if self._until is None or self.holds:
            return None
        kept = Kept(self._began, self._clock.wall(), self._alerts, self._last)
        self._until, self._alerts, self._last = None, 0, None
        return kept

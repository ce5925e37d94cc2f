"""Quiet for a while: what was noticed meanwhile is kept, so that it can be told when the quiet ends."""

import math
import os
from pathlib import Path

import msgspec

from edge.clock import Clock, HostNs, UnixNs, nanoseconds, seconds
from edge.flow import Decision
from edge.kept_back import Kept, note_kept, read_kept, strike_kept
from edge.relay.ids import RANDOM_BYTES, uuid7

MINUTE_S = 60.0


class Snooze:
    """No alerts until a moment of the host's own clock: no clock that is set ends or prolongs it, a restart ends it.

    What it keeps back lies in the state directory, too, until it is `told`.
    """

    def __init__(self, clock: Clock, state: Path) -> None:
        self._clock = clock
        self._state = state
        self._until: HostNs | None = None
        self._began = UnixNs(0)
        self._kept: Kept | None = None
        self._left = read_kept(state)

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

    @property
    def kept_back(self) -> int:
        """Alerts of this snooze so far."""
        return 0 if self._kept is None else self._kept.alerts

    def start(self, minutes: int) -> None:
        """Hold for so many minutes from now, in place of what was left; 0 ends it."""
        now = self._clock.now()
        if self._until is None:
            self._began = self._clock.wall()
        self._until = HostNs(now + nanoseconds(minutes * MINUTE_S))

    def end(self) -> None:
        """Hold no longer, if it does."""
        if self._until is not None:
            self._until = self._clock.now()

    def keep(self, decision: Decision) -> None:
        """Keep an alert back."""
        now = self._clock.wall()
        before = self._kept or Kept(uuid7(now, os.urandom(RANDOM_BYTES)), self._began, now, 0, "")
        self._kept = msgspec.structs.replace(before, ended=now, alerts=before.alerts + 1, reason=decision.reason)
        note_kept(self._state, self._kept)

    def over(self) -> Kept | None:
        """What it kept back, once after it has ended; None before, and when there was none."""
        if self._until is None or self.holds:
            return None
        now = self._clock.wall()
        kept = Kept("", self._began, now, 0, "") if self._kept is None else self._kept
        self._until = self._kept = None
        return msgspec.structs.replace(kept, ended=now)

    def left(self) -> Kept | None:
        """What a run before this one kept back and did not tell, once."""
        left, self._left = self._left, None
        return left

    def told(self) -> None:
        """What was last given out is safe with the relay; what was kept back since then lies in its place."""
        if self._kept is None:
            strike_kept(self._state)

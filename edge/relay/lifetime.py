"""A clock -> for how long the outbox has been open, over all its runs: a time that no set clock moves."""

from typing import NewType

from edge.clock import Clock

LivedNs = NewType("LivedNs", int)
"""Nanoseconds that an outbox has been open; kept in its file."""


class Lifetime:
    """What messages age by.

    A machine without a battery for its clock starts at a date that looks right and is weeks off, until a time server
    sets it: an alert that was stamped before would then seem to be weeks old, and would be dropped unsent. So ages are
    counted by the monotonic clock, which nobody sets, and go on from the file at the next start. Time in which no
    daemon ran, or the machine slept, does not count: a message may stay longer than its days, never for less.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._before = 0
        self._since = clock.now()

    @property
    def ns(self) -> LivedNs:
        """Until now."""
        return LivedNs(self._before + self._clock.now() - self._since)

    def go_on_from(self, stored: LivedNs) -> None:
        """A file says how long it has lived: time never runs back."""
        self._before, self._since = max(self.ns, stored), self._clock.now()

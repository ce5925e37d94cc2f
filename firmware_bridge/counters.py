"""Sequence numbers that wrap, unwrapped, with gaps counted."""

from dataclasses import dataclass
from enum import StrEnum


class Order(StrEnum):
    """How a numbered item came, seen from those before it."""

    FIRST = "first"
    NEXT = "next"
    GAP = "gap"
    """Newer than expected: some are missing in between."""
    LATE = "late"
    """One of the missing, after all."""
    DUPLICATE = "duplicate"
    RESTART = "restart"
    """So far from expected that the device must have started anew."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where one item stands in the row."""

    order: Order
    position: int
    """Unwrapped number: from the first item's number on, one a step, never wrapping, going on over a restart."""
    missing: int = 0
    """How many items between the newest before and this one have not come (GAP only)."""


class Unwrap:
    """A counter of ``bits`` bits that wraps, made to run on for ever.

    The result is the value nearest to the last one, so that late values come out smaller and not a whole turn larger.
    """

    def __init__(self, bits: int) -> None:
        self._turn = 1 << bits
        self._last: int | None = None

    def __call__(self, raw: int) -> int:
        """The unwrapped value; the first one is itself."""
        if not 0 <= raw < self._turn:
            raise ValueError(f"counter value {raw} does not fit its range 0 to {self._turn - 1}")
        if self._last is None:
            self._last = raw
            return raw
        half = self._turn // 2
        value = self._last + (raw - self._last + half) % self._turn - half
        self._last = max(self._last, value)
        return value

    def reset(self) -> None:
        """Forget what was: the next value is a first one."""
        self._last = None


class Sequence:
    """Counts one stream's items by their wrapping sequence number; tolerates duplicates and reordering.

    ``memory`` is how many numbers back an item may be late; further back means that the device restarted.
    ``lost`` falls again when a missing item comes late.
    """

    def __init__(self, bits: int, memory: int = 64) -> None:
        self.received = 0
        self.lost = 0
        self.late = 0
        self.duplicates = 0
        self.restarts = 0
        self._memory = memory
        self._unwrap = Unwrap(bits)
        self._shift = 0
        self._newest: int | None = None
        self._missing: set[int] = set()

    def see(self, raw: int) -> Arrival:
        """Place one item; say whether it is next, late, a duplicate, after a gap or after a restart."""
        position = self._unwrap(raw) + self._shift
        if self._newest is None:
            return self._advance(Arrival(Order.FIRST, position))
        step = position - self._newest
        if step == 1:
            return self._advance(Arrival(Order.NEXT, position))
        if step > 1:
            self._miss(self._newest + 1, position)
            return self._advance(Arrival(Order.GAP, position, missing=step - 1))
        if step <= -self._memory:
            return self._restart(raw)
        if position in self._missing:
            self._missing.remove(position)
            self.received += 1
            self.lost -= 1
            self.late += 1
            return Arrival(Order.LATE, position)
        self.duplicates += 1
        return Arrival(Order.DUPLICATE, position)

    def _advance(self, arrival: Arrival) -> Arrival:
        self.received += 1
        self._newest = arrival.position
        return arrival

    def _miss(self, first: int, end: int) -> None:
        self.lost += end - first
        # Only the recent ones can still come late, so only they are remembered, however long the gap.
        oldest = end - self._memory
        self._missing = {number for number in self._missing if number > oldest}
        self._missing.update(range(max(first, oldest + 1), end))

    def _restart(self, raw: int) -> Arrival:
        newest = self._newest if self._newest is not None else -1
        self._unwrap.reset()
        self._shift = newest + 1 - self._unwrap(raw)
        self._missing.clear()
        self.restarts += 1
        return self._advance(Arrival(Order.RESTART, newest + 1))

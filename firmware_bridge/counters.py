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
    """So far from expected, or with a tick that fits so badly, that the device must have started anew."""


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

    ``memory`` is how many numbers back an item may be late; further back means that the device restarted. Where items
    carry the device's tick, a restart is also known by a tick that does not fit the number. A restart counts nothing as
    lost: nobody knows what there was. ``lost`` falls again when a missing item comes late.
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
        self._ticks: dict[int, int] = {}
        """Tick of each item that came lately, by position, where items carry one."""
        self._anew = False

    def see(self, raw: int, tick: int | None = None) -> Arrival:
        """Place one item; say whether it is next, late, a duplicate, after a gap or after a restart.

        ``tick`` is when the device says it made the item, unwrapped: it rises with the number until a restart.
        """
        arrival = self._place(raw, tick)
        if tick is not None and arrival.order is not Order.DUPLICATE:
            self._ticks[arrival.position] = tick
            if len(self._ticks) > 2 * self._memory:
                self._ticks = {at: kept for at, kept in self._ticks.items() if at > arrival.position - self._memory}
        return arrival

    def begin_anew(self) -> None:
        """The device is known to have started anew: nothing that comes now is missing, late or a duplicate."""
        self._anew = self._newest is not None
        self._missing.clear()
        self._ticks.clear()

    def _place(self, raw: int, tick: int | None) -> Arrival:
        position = self._unwrap(raw) + self._shift
        if self._newest is None:
            return self._advance(Arrival(Order.FIRST, position))
        step = position - self._newest
        anew, self._anew = self._anew, False
        if step != 1 and (anew or step <= -self._memory):
            return self._restart(raw)
        if tick is not None and not self._fits(position, tick):
            return self._restart(raw)
        if step == 1:
            return self._advance(Arrival(Order.NEXT, position))
        if step > 1:
            self._miss(self._newest + 1, position)
            return self._advance(Arrival(Order.GAP, position, missing=step - 1))
        if position in self._missing:
            self._missing.remove(position)
            self.received += 1
            self.lost -= 1
            self.late += 1
            return Arrival(Order.LATE, position)
        self.duplicates += 1
        return Arrival(Order.DUPLICATE, position)

    def _fits(self, position: int, tick: int) -> bool:
        """Whether this tick can be of this run: that of the same item, or between those before and after."""
        newest = self._newest if self._newest is not None else position
        if position > newest:
            return tick >= self._ticks.get(newest, tick)
        known = self._ticks.get(position)
        if known is not None:
            return tick == known
        return all(tick >= other if position > at else tick <= other for at, other in self._ticks.items())

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
        self._ticks.clear()
        self.restarts += 1
        return self._advance(Arrival(Order.RESTART, newest + 1))

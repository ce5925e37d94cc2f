"""What every lane has in hand, since when, and whether that is too long: the ground of every watchdog."""

import contextlib
from collections.abc import Callable, Generator
from dataclasses import dataclass

from edge.clock import Clock, nanoseconds


@dataclass(slots=True)
class _Hand:
    """One lane's work."""

    beats: int = 0
    last: int = 0
    """Host time of the last sign of progress."""
    limit_ns: int = 0
    """From the last sign to being stuck; 0: nothing is in hand, and silence is no fault."""


class Heartbeats:
    """Lanes say what they begin, that they move, and that they are done; nothing here runs on a timer.

    A lane with something in hand that has given no sign for its limit is stuck. To be used on the event loop's thread.
    """

    def __init__(self, clock: Clock) -> None:
        self.moved: Callable[[], None] | None = None
        """Called at every sign of progress; what pets systemd's watchdog hangs here."""
        self._clock = clock
        self._hands: dict[str, _Hand] = {}

    @property
    def beats(self) -> dict[str, int]:
        """Signs of progress so far, by lane."""
        return {lane: hand.beats for lane, hand in self._hands.items()}

    def begin(self, lane: str, limit_s: float) -> None:
        """Something is in hand now: a sign of progress is due within ``limit_s``, again and again."""
        hand = self._hands.setdefault(lane, _Hand())
        hand.limit_ns = nanoseconds(limit_s)
        self._sign(hand)

    def beat(self, lane: str) -> None:
        """A sign of progress."""
        self._sign(self._hands.setdefault(lane, _Hand()))

    def rest(self, lane: str) -> None:
        """Nothing is in hand any more."""
        hand = self._hands.setdefault(lane, _Hand())
        hand.limit_ns = 0
        self._sign(hand)

    @contextlib.contextmanager
    def work(self, lane: str, limit_s: float) -> Generator[None]:
        """One piece of work, from beginning to end."""
        self.begin(lane, limit_s)
        try:
            yield
        finally:
            self.rest(lane)

    def stuck(self, grace: float = 1.0) -> dict[str, float]:
        """Lanes that are stuck, with the seconds since their last sign; ``grace`` multiplies every limit."""
        now = self._clock.now()
        return {
            lane: (now - hand.last) / 1e9
            for lane, hand in self._hands.items()
            if hand.limit_ns and now - hand.last > grace * hand.limit_ns
        }

    def _sign(self, hand: _Hand) -> None:
        hand.beats += 1
        hand.last = self._clock.now()
        if self.moved is not None:
            self.moved()

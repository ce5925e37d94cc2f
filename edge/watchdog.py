"""The watchdog: systemd hears of life only while lanes move, and a process that cannot mend itself ends."""

from collections import Counter

from edge.budget import Budget, LaneError
from edge.clock import Clock, nanoseconds
from edge.heartbeats import Heartbeats
from edge.systemd import Systemd

INFERENCE_S = 10.0
"""A network that has not answered for so long never will; on the slowest board a frame takes well under a second."""
_LOOKS = 10
"""A lane is given up when it is stuck at so many looks in a row: after a pause of the whole process it may move on."""
_PETS = 4
"""Signs of life within systemd's time."""


class Watchdog:
    """Holds what lanes report, and what they may spend; `look` is called once a second by the lane that ticks."""

    def __init__(self, clock: Clock, systemd: Systemd | None = None) -> None:
        self.hearts = Heartbeats(clock)
        self.hearts.moved = self._pet
        self.budget = Budget(clock)
        self._clock = clock
        self._systemd = systemd or Systemd({})
        self._petted = 0
        self._seen: Counter[str] = Counter()

    @property
    def stuck(self) -> tuple[str, ...]:
        """Lanes that are stuck now."""
        return tuple(sorted(self.hearts.stuck()))

    def look(self) -> None:
        """Raise LaneError when a lane has been stuck for twice its limit and did not mend itself."""
        stuck = self.hearts.stuck(grace=2.0)
        self._seen = Counter({lane: self._seen[lane] + 1 for lane in stuck})
        for lane, silent_s in stuck.items():
            if self._seen[lane] >= _LOOKS:
                raise LaneError(
                    f"the {lane} lane has not moved for {silent_s:.0f} s and did not mend itself; "
                    "the process ends, so that it can be started afresh"
                )

    def _pet(self) -> None:
        """Some lane moved: tell systemd, unless another one is stuck."""
        every_s = self._systemd.watchdog_s
        if every_s is None:
            return
        now = self._clock.now()
        if now - self._petted >= nanoseconds(every_s / _PETS) and not self.hearts.stuck():
            self._petted = now
            self._systemd.alive()

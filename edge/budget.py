"""How often a lane may be begun anew before the process is."""

from collections import Counter, deque

from edge.clock import Clock, HostNs, nanoseconds
from edge.worker import left_behind

PATIENCE = 10
"""A lane's restarts are counted over so many times what it takes to notice that it is stuck: one that waits for 180 s
each time would never be caught in a minute."""


class LaneError(RuntimeError):
    """A lane that does not work, however often it is begun anew; the process must end, so that it is started afresh."""


class Budget:
    """Each lane may be begun anew ``most`` times in ``within_s``, or longer where it is slow to notice.

    At most ``threads`` may be left behind in all.
    """

    def __init__(self, clock: Clock, *, most: int = 5, within_s: float = 60.0, threads: int = 5) -> None:
        self.spent: Counter[str] = Counter()
        """Restarts since the start, by lane."""
        self._clock = clock
        self._most = most
        self._within_s = within_s
        self._threads = threads
        self._times: dict[str, deque[HostNs]] = {}

    def spend(self, lane: str, why: str, limit_s: float = 0.0) -> None:
        """Count one restart; raise LaneError when the lane has had its share, or too many threads are stuck.

        ``limit_s`` is how long the lane waits before it calls itself stuck.
        """
        now, within_s = self._clock.now(), max(self._within_s, PATIENCE * limit_s)
        times = self._times.setdefault(lane, deque(maxlen=self._most + 1))
        times.append(now)
        self.spent[lane] += 1
        if len(times) > self._most and now - times[0] <= nanoseconds(within_s):
            raise LaneError(
                f"the {lane} lane was begun anew {self._most} times in {within_s:g} s and fails again ({why}); "
                "the process ends, so that it can be started afresh"
            )
        if left_behind() > self._threads:
            raise LaneError(
                f"{left_behind()} threads are stuck and cannot be ended ({lane}: {why}); "
                "the process ends, so that it can be started afresh"
            )

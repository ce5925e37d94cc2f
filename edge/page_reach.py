"""Counters of a watch's packets in, again and again; the share that was lost in the last minute out."""

from collections import deque

from edge.clock import HostNs, nanoseconds

_SPAN = nanoseconds(60.0)
_LEAST = 20
"""Packets that a share is told of: of fewer it would be chance."""


class Reach:
    """What was lost while the watch was away an hour ago says nothing of how it is heard now."""

    def __init__(self) -> None:
        self._past: deque[tuple[HostNs, int, int]] = deque()

    def take(self, now: HostNs, packets: int, lost: int) -> float | None:
        """``packets`` and ``lost`` as counted since the start; None while too few came to tell."""
        if self._past and packets < self._past[-1][1]:
            self._past.clear()  # another watch
        self._past.append((now, packets, lost))
        while now - self._past[0][0] > _SPAN:
            self._past.popleft()
        _, first_packets, first_lost = self._past[0]
        came, gone = packets - first_packets, max(0, lost - first_lost)
        return gone / (came + gone) if came + gone >= _LEAST else None

"""Beat intervals without a stamp in, the times of their beats out."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.clock import SECOND, HostNs, StreamNs
from edge.flow import Floats, Times

MS = 1_000_000
BEATS_OFF_NS = 2 * SECOND
"""Summed beat intervals this far from the arrival of their notification: beats were lost, the row starts anew."""
BEATS_SILENT_NS = 10 * SECOND
"""A device may send its beats twice, by its own service and by the standard one: after so long the other is taken."""
JITTER_NS = SECOND
"""Notifications come about once a second, so that a beat may be up to a second old, evenly, and nothing is wrong."""
DRIFT = 8
"""So many notifications in a row that are off by more, all to one side, mean that the sum drifts: a device rounds its
intervals, and measures them by a clock of its own."""
DRAW = 0.01
"""The row is drawn back by so much of its length at most: no clock drifts faster, and beats hardly move."""


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """The usable beats of one notification."""

    times: Times
    rr_ms: Floats
    gap: bool
    """Beats are missing before one of these, or the row starts anew."""
    off_ns: int
    """How far the row is from arrival."""


class BeatRow:
    """Each interval begins where the one before ended: notifications come evenly, beats do not.

    So Heart Rate Service 1.0, 3.1.1. Arrival only says when the row has lost some, or drifts.
    """

    def __init__(self) -> None:
        self._end: StreamNs | None = None
        self._offs: deque[int] = deque(maxlen=DRIFT)
        """How far the row's end was ahead of the latest notifications."""
        self._missing = False
        """Beats were not handed on since those before."""
        self._from = ""
        """Source of the beats last taken, and when they came."""
        self._at = HostNs(0)

    def takes(self, source: str, received: HostNs) -> bool:
        """Whether beats of this source are taken: beats that come by two ways must not be summed twice."""
        if self._from not in ("", source) and received - self._at < BEATS_SILENT_NS:
            return False
        self._from, self._at = source, received
        return True

    def is_from(self, source: str) -> bool:
        """Whether the beats taken last were of this source."""
        return self._from == source

    def miss(self) -> None:
        """Note that beats, nobody knows how many, cannot be used."""
        self._missing = bool(self._from)

    def place(self, rr_ms: Sequence[float], usable: Sequence[bool], at: StreamNs) -> Placed:
        """Put a notification's intervals, one or more, into the row; what is not ``usable`` takes its time and goes."""
        spans = np.cumsum([round(rr * MS) for rr in rr_ms])
        length = int(spans[-1])
        start = self._end if self._end is not None else StreamNs(at - length)
        off = start + length - at
        anew = abs(off) > BEATS_OFF_NS
        if anew:
            start, off = StreamNs(at - length), 0
            self._offs.clear()
        drawn = self._drawn(off, length)
        times: Times = start + drawn + spans
        self._end = StreamNs(int(times[-1]))
        gap = anew or self._missing or not all(usable)
        self._missing = not usable[-1] or (self._missing and not any(usable))
        kept = np.array(usable, np.bool_)
        return Placed(times[kept], np.array(rr_ms, np.float32)[kept], gap, abs(off + drawn))

    def _drawn(self, off: int, length: int) -> int:
        """By how much the row is moved towards arrival: not at all while jitter can be the reason."""
        self._offs.append(off)
        if len(self._offs) < DRIFT:
            return 0
        most = round(DRAW * length)
        ahead, behind = min(self._offs) - JITTER_NS, -max(self._offs) - JITTER_NS
        drawn = -min(ahead, most) if ahead > 0 else min(behind, most) if behind > 0 else 0
        self._offs = deque([each + drawn for each in self._offs], DRIFT)
        return drawn

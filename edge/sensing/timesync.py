"""Device ticks in, stream time out: offset and drift of one device's clock, learned from when its packets arrive.

A packet arrives after its last sample was taken, never before, and most of the difference is delay that varies. So the
clock's offset is sought along the lower edge of ``arrival - tick`` (the minimum-delay filter of NTP, RFC 5905 section
10), kept per bucket of device time, and its drift as the Theil-Sen slope through those minima.

A packet far off that line was delayed, or the clock jumped. Nothing arrives before it was sent, so packets that come
too early mean a clock that was set ahead. Packets that come too late are a burst after a stall while they catch up with
our time; they are a clock that was set back, or started anew, once they have stopped catching up.
"""

from collections import deque
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from edge.clock import SECOND, StreamNs

BUCKET_NS = 5 * SECOND
BUCKETS = 60
MIN_BUCKETS_FOR_DRIFT = 12
MAX_DRIFT = 500e-6
"""A quartz is within 100 ppm, a cheap RC oscillator after calibration within some hundreds; more is noise."""
STEP_NS = 2 * SECOND
"""A packet this much earlier or later than the clock says is strange."""
STEP_PACKETS = 3
"""So many strange ones in a row, at least, are a step."""
REORDER_NS = SECOND // 2
"""A tick this much older than the newest went back: channels that share a clock overtake each other by less."""
BACK_NS = SECOND // 4
"""Ticks that went back are a step when they have caught up no further for so long: old packets come in a burst."""
STAY_NS = 5 * SECOND
"""Ticks that go on, but stay behind for so long without catching up, are a step: no stall is known to end like this."""
GAIN_NS = SECOND // 20
"""Catching up by less is jitter,"""
STALL_NS = SECOND
"""and falling back by more at once is another stall, from which it has yet to catch up."""
STALE_NS = 3600 * SECOND
"""No link holds packets back for so long: until they have stayed behind, or caught up, nobody knows their time."""
ARRIVAL_NS = round(SECOND / 12**0.5)
"""Standard deviation of the time of what has no stamp but its arrival: such readings (a heart rate, beats) come about
once a second, so that one is up to a second old, evenly."""
TICK_NS = SECOND // 1000
"""Ticks are whole milliseconds: nobody knows a time better than that."""
YOUNG = 3
"""The spread of fewer minima says nothing of the clock."""


@dataclass(frozen=True, slots=True)
class ClockEstimate:
    """How a device's clock lies to ours."""

    offset_ns: int
    drift_ppm: float
    uncertainty_ns: int
    buckets: int

    @property
    def off_ns(self) -> int:
        """How far a time told by this clock may be off, one standard deviation: never 0, and much while it is young."""
        return max(self.uncertainty_ns, ARRIVAL_NS if self.buckets < YOUNG else TICK_NS)


class _Behind:
    """Packets later than the clock says, as long as they are."""

    def __init__(self) -> None:
        self._packets = 0
        self._last = 0
        self._least = 0
        self._gained_at = 0

    def stays(self, delta: int, arrival: StreamNs) -> int:
        """Note one; for how long they have not caught up, in ns, and 0 while they are few."""
        if not self._packets or delta < self._least - GAIN_NS or delta > self._last + STALL_NS:
            self._least, self._gained_at = delta, arrival
        self._packets += 1
        self._last = delta
        return arrival - self._gained_at if self._packets >= STEP_PACKETS else 0


class TimeSync:
    """One device clock against stream time. Feed every packet's last tick and its arrival; ask for any tick's time."""

    def __init__(self) -> None:
        self.steps = 0
        """How often the device's clock jumped and was learned anew."""
        self.early = False
        """The packet observed last came before it can have been sent: nobody knows the time of its samples."""
        self._late_ns = 0
        self._went_back = False
        self._reset()

    def observe(self, device_ns: int, arrival: StreamNs) -> bool:
        """Note that a packet whose last sample was taken at ``device_ns`` arrived at ``arrival``.

        Returns True when the device's clock had jumped, so that samples before and after are no continuation.
        """
        delta, self.early = arrival - device_ns, False
        self._late_ns, self._went_back = 0, False
        if not self._minima or abs(off := delta - self._offset_at(device_ns)) <= STEP_NS:
            self._believe(device_ns, delta)
            return False
        if not (self._is_ahead() if off < 0 else self._is_back(device_ns, delta, arrival)):
            self.early = off < 0
            self._late_ns = max(off, 0)
            self._went_back = off > 0 and device_ns < self._newest - REORDER_NS
            return False
        self.steps += 1
        self._reset()
        self._believe(device_ns, delta)
        return True

    def undecided(self, *, goes_on: bool) -> bool:
        """Whether the packet observed last may be of a clock that was set back, so that nobody knows its time yet.

        ``goes_on`` says that its own channel's ticks do: then it is late at most, unless by more than any link is.
        """
        return self._late_ns > STALE_NS or (self._went_back and not goes_on)

    def time_of(self, device_ns: int) -> StreamNs:
        """The stream time of a device time; an error before the first packet."""
        if not self._minima:
            raise LookupError("no packet was observed yet, so the device's clock is unknown")
        return StreamNs(device_ns + self._offset_at(device_ns))

    @property
    def estimate(self) -> ClockEstimate:
        offset = self._offset_at(self._minima[-1][1]) if self._minima else 0
        return ClockEstimate(offset, self._slope * 1e6, self._spread, len(self._minima))

    def _reset(self) -> None:
        self._minima: deque[tuple[int, int, int]] = deque(maxlen=BUCKETS)  # (bucket, device_ns, smallest delta)
        self._slope = 0.0
        self._anchor = (0, 0)
        self._spread = 0
        self._newest = 0
        self._trust()

    def _trust(self) -> None:
        """The clock is as it was learned: nothing is strange."""
        self._early = 0
        self._slow = _Behind()
        self._back = _Behind()

    def _believe(self, device_ns: int, delta: int) -> None:
        self._newest = max(self._newest, device_ns) if self._minima else device_ns
        self._trust()
        self._note(device_ns, delta)

    def _is_ahead(self) -> bool:
        """One more packet came before it can have been sent; whether the clock was set ahead."""
        self._early += 1
        return self._early >= STEP_PACKETS

    def _is_back(self, device_ns: int, delta: int, arrival: StreamNs) -> bool:
        """One more packet came late; whether the clock was set back."""
        if device_ns < self._newest - REORDER_NS:
            return self._back.stays(delta, arrival) >= BACK_NS
        # The ticks go on: what is late was sent late, and older packets in between only lost their way.
        self._newest = max(self._newest, device_ns)
        self._back = _Behind()
        return self._slow.stays(delta, arrival) >= STAY_NS

    def _offset_at(self, device_ns: int) -> int:
        at, offset = self._anchor
        return offset + round(self._slope * (device_ns - at))

    def _note(self, device_ns: int, delta: int) -> None:
        bucket = device_ns // BUCKET_NS
        if not self._minima or bucket > self._minima[-1][0]:
            self._minima.append((bucket, device_ns, delta))
            self._fit()
        elif bucket == self._minima[-1][0] and delta < self._minima[-1][2]:
            self._minima[-1] = (bucket, device_ns, delta)
            if len(self._minima) == 1 or delta < self._offset_at(device_ns):
                self._fit()

    def _fit(self) -> None:
        """The line below the minima: Theil-Sen slope, then the offset that leaves the least delay at zero."""
        at = np.array([m[1] for m in self._minima], dtype=np.float64)
        delta = np.array([m[2] for m in self._minima], dtype=np.float64)
        base = delta[0]
        self._slope = 0.0
        if len(at) >= MIN_BUCKETS_FOR_DRIFT:
            i, j = _pairs(len(at))
            slope = float(np.median((delta[j] - delta[i]) / (at[j] - at[i])))
            self._slope = min(max(slope, -MAX_DRIFT), MAX_DRIFT)
        residual = (delta - base) - self._slope * (at - at[-1])
        # No mean of two minima: while they are few, one after a stall would lift the line by a tenth of its delay.
        edge = np.sort(residual)[(len(residual) - 1) // 10]
        self._anchor = (int(at[-1]), int(base + edge))
        self._spread = int(1.4826 * np.median(np.abs(residual - np.median(residual))))


@lru_cache(maxsize=2)
def _pairs(n: int) -> tuple[npt.NDArray[np.intp], ...]:
    """Every two of ``n``, the earlier first: the same at each fit once all buckets are filled."""
    return np.triu_indices(n, 1)

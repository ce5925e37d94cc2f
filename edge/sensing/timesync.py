"""Device ticks in, stream time out: offset and drift of one device's clock, learned from when its packets arrive.

A packet arrives after its last sample was taken, never before, and most of the difference is delay that varies. So the
clock's offset is sought along the lower edge of ``arrival - tick`` (the minimum-delay filter of NTP, RFC 5905 section
10), kept per bucket of device time, and its drift as the Theil-Sen slope through those minima.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from edge.clock import SECOND, StreamNs

BUCKET_NS = 5 * SECOND
BUCKETS = 60
MIN_BUCKETS_FOR_DRIFT = 12
MAX_DRIFT = 500e-6
"""A quartz is within 100 ppm, a cheap RC oscillator after calibration within some hundreds; more is noise."""
STEP_NS = 2 * SECOND
"""A packet this much earlier or later than the clock says: the device restarted or its clock was set."""
STEP_PACKETS = 3


@dataclass(frozen=True, slots=True)
class ClockEstimate:
    """How a device's clock lies to ours."""

    offset_ns: int
    drift_ppm: float
    uncertainty_ns: int
    buckets: int


class TimeSync:
    """One device clock against stream time. Feed every packet's last tick and its arrival; ask for any tick's time."""

    def __init__(self) -> None:
        self.steps = 0
        """How often the device's clock jumped and was learned anew."""
        self._reset()

    def observe(self, device_ns: int, arrival: StreamNs) -> bool:
        """Note that a packet whose last sample was taken at ``device_ns`` arrived at ``arrival``.

        Returns True when the device's clock had jumped, so that samples before and after are no continuation.
        """
        delta = arrival - device_ns
        if self._minima and abs(delta - self._offset_at(device_ns)) > STEP_NS:
            self._strange += 1
            if self._strange < STEP_PACKETS:
                return False
            self.steps += 1
            self._reset()
            self._note(device_ns, delta)
            return True
        self._strange = 0
        self._note(device_ns, delta)
        return False

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
        self._strange = 0

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
            i, j = np.triu_indices(len(at), 1)
            slope = float(np.median((delta[j] - delta[i]) / (at[j] - at[i])))
            self._slope = min(max(slope, -MAX_DRIFT), MAX_DRIFT)
        residual = (delta - base) - self._slope * (at - at[-1])
        self._anchor = (int(at[-1]), int(base + np.percentile(residual, 10)))
        self._spread = int(1.4826 * np.median(np.abs(residual - np.median(residual))))

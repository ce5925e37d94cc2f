"""What the daemon knows of itself: counters, latencies, memory."""

import contextlib
from collections import Counter, deque
from dataclasses import dataclass, field

import numpy as np
import psutil

from edge.clock import HostNs
from edge.flow import Floats

KEPT = 20_000
"""Latencies kept for percentiles; months of running must not grow memory."""


class Latencies:
    """Durations of one leg of the journey, the newest KEPT of them."""

    def __init__(self) -> None:
        self.n = 0
        self.total_ms = 0.0
        """Of all of them, those no longer kept, too."""
        self._ms: Floats = np.zeros(KEPT, np.float32)  # of one size from the start: a growing one looks like a leak

    def add(self, start: HostNs, end: HostNs) -> None:
        ms = (end - start) / 1e6
        self._ms[self.n % KEPT] = ms
        self.total_ms += ms
        self.n += 1

    def kept_ms(self) -> Floats:
        """The newest KEPT of them, in no order."""
        return self._ms[: self.n].copy()

    def summary(self) -> dict[str, float | int | None]:
        """p50 and p99 in milliseconds, and how many there were; None while there are none."""
        if not self.n:
            return {"p50": None, "p99": None, "n": 0}
        p50, p99 = np.percentile(self._ms[: self.n], (50, 99))
        return {"p50": round(float(p50), 3), "p99": round(float(p99), 3), "n": self.n}


class ProcessMeter:
    """Memory and processor time of this process since the meter was made."""

    def __init__(self, now: HostNs) -> None:
        self._process = psutil.Process()
        self._started = now
        self._cpu_s = self._spent_s = self._spent()
        self._rss: deque[float] = deque([self._resident()], maxlen=KEPT)

    def sample(self) -> float:
        """Resident memory now, in MB; kept for the steady figure. The last one where the system does not tell it."""
        with contextlib.suppress(OSError, psutil.Error):  # no descriptor is left to ask with: none of our failings
            self._rss.append(self._resident())
        return self._rss[-1]

    def steady_rss_mb(self) -> float:
        """Median of the later half of the samples: what is left once start-up is over."""
        later = list(self._rss)[len(self._rss) // 2 :]
        return round(float(np.median(later)), 1)

    def peak_rss_mb(self) -> float:
        return round(max(self._rss), 1)

    def cpu_percent(self, now: HostNs) -> float:
        """Share of one core used since the start."""
        elapsed = max(now - self._started, 1) / 1e9
        with contextlib.suppress(OSError, psutil.Error):
            self._spent_s = self._spent()
        return round(100 * (self._spent_s - self._cpu_s) / elapsed, 1)

    def _resident(self) -> float:
        return self._process.memory_info().rss / 1e6

    def _spent(self) -> float:
        times = self._process.cpu_times()
        return times.user + times.system


@dataclass(slots=True)
class Health:
    """Counters that every room reports into, through the daemon."""

    samples: Counter[str] = field(default_factory=Counter[str])
    """per channel"""
    predictions: Counter[str] = field(default_factory=Counter[str])
    """per set of modalities: `face`, `wrist`, `face+wrist`"""
    dropped: Counter[str] = field(default_factory=Counter[str])
    """what was lost or refused, and where: garbage packets, a link, a camera"""
    most_lost: Counter[str] = field(default_factory=Counter[str])
    """per cause, the most that the metrics have told: what comes late is taken back, but a counter that falls counts as
    one that began anew (prometheus.io, metric types)"""
    skipped: Counter[str] = field(default_factory=Counter[str])
    """windows that were whole but must not be judged: the watch off the wrist, a poor signal"""
    raised: int = 0
    snoozed: int = 0
    """alerts that were not raised because somebody had asked for quiet; a report tells of them when it ends"""
    acked: int = 0
    """alerts that the broker has; reports do not count"""
    frames: int = 0
    faces: int = 0
    sensor_to_puback: Latencies = field(default_factory=Latencies)
    frame_to_prediction: Latencies = field(default_factory=Latencies)

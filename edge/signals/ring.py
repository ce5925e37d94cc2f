"""The last seconds of one channel, in order, in bounded memory."""

import numpy as np
import numpy.typing as npt

from edge.clock import SECOND, HostNs, StreamNs, nanoseconds
from edge.flow import Floats, Samples, Signal, Times
from edge.signals.level import SAME, level

EVENT_SPACING_NS = SECOND // 1000
"""Events (beats, rate 0) nearer to each other than this are the same event."""
_FIRST_CAPACITY = 256


class Ring:
    """Keeps ``keep_s`` seconds of one channel; what is older than that leaves.

    A sample is taken when it is finite, not too old, and no sample already held is nearer than half a period. So a
    packet that comes twice changes nothing, a late packet fills the hole it left, and memory is bounded by
    ``2 * keep_s * rate``. A change of rate is no gap: what is cut from both sides of one comes at the slower rate.
    """

    def __init__(self, keep_s: float) -> None:
        self._keep_ns = nanoseconds(keep_s)
        self._first = self._last = 0
        self._times: Times = np.empty(0, np.int64)
        self._values: Floats = np.empty((0,), np.float32)
        self._receipts: list[tuple[int, HostNs, int]] = []
        """One entry a packet: its first time, its receipt, and how far its times may be off."""
        self._rates: list[tuple[int, float]] = []
        """Time from which on, and rate; one entry a change."""
        self.rate_hz = 0.0

    def __len__(self) -> int:
        return self._last - self._first

    @property
    def newest(self) -> StreamNs | None:
        """Time of the newest sample held."""
        return StreamNs(int(self._times[self._last - 1])) if len(self) else None

    @property
    def period_ns(self) -> int:
        """Time one sample stands for; 0 for events."""
        return round(SECOND / self.rate_hz) if self.rate_hz > 0 else 0

    def add(self, samples: Samples) -> int:
        """Take what is new of these samples; return how many were taken."""
        if samples.values.shape[1:] != self._values.shape[1:]:
            self._clear(samples.values.shape[1:])
        times, values = _orderly(samples)
        newest = self.newest
        if newest is None or (len(times) and times[-1] > newest):
            self._note_rate(int(times[0]) if len(times) else 0, max(0.0, samples.rate_hz))
        spacing = round(SECOND / samples.rate_hz) // 2 if samples.rate_hz > 0 else EVENT_SPACING_NS
        if newest is not None and len(times) and times[0] < newest + spacing:
            fresh = self._far_from_held(times, spacing) & (times >= newest - self._keep_ns)
            times, values = times[fresh], values[fresh]
        if not len(times):
            return 0
        self._receipts.append((int(times[0]), samples.received, samples.uncertainty_ns))
        self._append(times, values, in_order=newest is None or int(times[0]) > newest)
        self._forget()
        return len(times)

    def cut(self, start: StreamNs, end: StreamNs) -> Signal | None:
        """The samples in [start, end), copied; None when there are none."""
        held = self._times[self._first : self._last]
        a, b = (self._first + int(i) for i in np.searchsorted(held, (start, end)))
        if a == b:
            return None
        times, values, rate_hz = self._times[a:b].copy(), self._values[a:b].copy(), self.rate_hz
        stretches = self._stretches(int(times[0]), int(times[-1]))
        if len(stretches) > 1:
            times, values, rate_hz = level(times, values, stretches)
        elif stretches:
            rate_hz = stretches[0][1]
        if not len(times):
            return None
        expected = (end - start) / SECOND * rate_hz
        complete = min(1.0, len(times) / expected) if expected > 0 else 1.0
        return Signal(times, values, rate_hz, complete)

    def received(self, end: StreamNs) -> HostNs:
        """Receipt of the last packet with a sample before ``end``; 0 when there is none."""
        return max((host for first, host, _ in self._receipts if first < end), default=HostNs(0))

    def uncertainty_ns(self, end: StreamNs) -> int:
        """How far the times of what is held before ``end`` may be off, at most; 0 when there is nothing."""
        return max((off_ns for first, _, off_ns in self._receipts if first < end), default=0)

    def _note_rate(self, first: int, rate_hz: float) -> None:
        """Remember a rate that is not that of the samples before."""
        known = self._rates[-1][1] if self._rates else 0.0
        if rate_hz > 0 and not known / SAME < rate_hz < known * SAME:
            self._rates.append((first, rate_hz))
        elif rate_hz > 0:
            self._rates[-1] = (self._rates[-1][0], rate_hz)
        self.rate_hz = rate_hz

    def _stretches(self, first: int, last: int) -> list[tuple[int, float]]:
        """The rates that samples from ``first`` to ``last`` were taken at; none for events."""
        if self.rate_hz <= 0:
            return []
        began = max((k for k, (at, _) in enumerate(self._rates) if at <= first), default=0)
        return [stretch for stretch in self._rates[began:] if stretch[0] <= last]

    def _far_from_held(self, times: Times, spacing: int) -> npt.NDArray[np.bool_]:
        held = self._times[self._first : self._last]
        after = np.searchsorted(held, times)
        left = times - held[np.maximum(after - 1, 0)]
        right = held[np.minimum(after, len(held) - 1)] - times
        return (np.abs(left) >= spacing) & (np.abs(right) >= spacing)

    def _append(self, times: Times, values: Floats, *, in_order: bool) -> None:
        self._make_room(len(times))
        end = self._last + len(times)
        self._times[self._last : end] = times
        self._values[self._last : end] = values
        self._last = end
        if not in_order:
            order = np.argsort(self._times[self._first : end], kind="stable")
            self._times[self._first : end] = self._times[self._first : end][order]
            self._values[self._first : end] = self._values[self._first : end][order]

    def _make_room(self, more: int) -> None:
        """Move what is held to the front, into a larger array only when half of this one is not enough."""
        need = len(self) + more
        if self._last + more <= len(self._times):
            return
        capacity = max(_FIRST_CAPACITY, len(self._times))
        while capacity < 2 * need:
            capacity *= 2
        times = np.empty(capacity, np.int64)
        values = np.empty((capacity, *self._values.shape[1:]), np.float32)
        times[: len(self)] = self._times[self._first : self._last]
        values[: len(self)] = self._values[self._first : self._last]
        self._first, self._last, self._times, self._values = 0, len(self), times, values

    def _forget(self) -> None:
        oldest = int(self._times[self._last - 1]) - self._keep_ns
        self._first += int(np.searchsorted(self._times[self._first : self._last], oldest))
        stale = 0
        while stale < len(self._receipts) - 1 and self._receipts[stale + 1][0] <= oldest:
            stale += 1
        del self._receipts[:stale]
        past = 0
        while past < len(self._rates) - 1 and self._rates[past + 1][0] <= oldest:
            past += 1
        del self._rates[:past]

    def _clear(self, axes: tuple[int, ...]) -> None:
        self._first = self._last = 0
        self._times = np.empty(0, np.int64)
        self._values = np.empty((0, *axes), np.float32)
        self._receipts.clear()
        self._rates.clear()


def _orderly(samples: Samples) -> tuple[Times, Floats]:
    """Finite samples in rising order of time, each time once."""
    times, values = samples.times, samples.values
    finite = np.isfinite(values) if values.ndim == 1 else np.isfinite(values).all(axis=1)
    if not finite.all():
        times, values = times[finite], values[finite]
    if len(times) > 1 and not bool((np.diff(times) > 0).all()):
        times, first = np.unique(times, return_index=True)
        values = values[first]
    return times, values

"""The last seconds of one channel, in order, in bounded memory."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from edge.clock import SECOND, HostNs, StreamNs, nanoseconds
from edge.flow import Floats, Samples, Signal, Times
from edge.signals.level import SAME, level

EVENT_SPACING_NS = SECOND // 1000
"""Events (beats, rate 0) nearer to each other than this are the same event."""
_FIRST_CAPACITY = 256

Stand: TypeAlias = tuple[object, ...]
"""How a ring stands on a stretch of time; only good for comparing."""


class Ring:
    """Keeps ``keep_s`` seconds of one channel; what is older than that leaves.

    A sample is taken when it is finite, not too old, and no sample already held is nearer than half a period. So a
    packet that comes twice changes nothing, a late packet fills the hole it left, and memory is bounded by
    ``2 * keep_s * rate``. A change of rate is no gap: what is cut from both sides of one comes at the slower rate.
    """

    def __init__(self, keep_s: float) -> None:
        self._keep_ns = nanoseconds(keep_s)
        self._first = self._last = 0
        self._cleared = 0
        self._times: Times = np.empty(0, np.int64)
        self._values: Floats = np.empty((0,), np.float32)
        self._receipts: list[tuple[int, HostNs]] = []
        """One entry a packet, as they came: its first time and its receipt."""
        self._off: list[tuple[int, int]] = []
        """Time from which on, and how far times may be off; one entry a change."""
        self._rates: list[tuple[int, float]] = []
        """Time from which on, and rate; one entry a change."""
        self.rate_hz = 0.0
        self.newest: StreamNs | None = None
        """Time of the newest sample held."""

    def __len__(self) -> int:
        return self._last - self._first

    @property
    def period_ns(self) -> int:
        """Time one sample stands for; 0 for events."""
        return round(SECOND / self.rate_hz) if self.rate_hz > 0 else 0

    def add(self, samples: Samples) -> int:
        """Take what is new of these samples; return how many were taken."""
        if samples.values.shape[1:] != self._values.shape[1:]:
            self._clear(samples.values.shape[1:])
        times, values = _orderly(samples)
        if not len(times):
            return 0
        first, newest = int(times[0]), self.newest
        if newest is None or int(times[-1]) > newest:
            self._note_rate(first, max(0.0, samples.rate_hz))
        spacing = round(SECOND / samples.rate_hz) // 2 if samples.rate_hz > 0 else EVENT_SPACING_NS
        if newest is not None and first < newest + spacing:
            fresh = self._far_from_held(times, spacing) & (times >= newest - self._keep_ns)
            times, values = times[fresh], values[fresh]
            if not len(times):
                return 0
            first = int(times[0])
        self._receipts.append((first, samples.received))
        if not self._off or self._off[-1][1] != samples.uncertainty_ns:
            self._off.append((first, samples.uncertainty_ns))
        self._append(times, values, in_order=newest is None or first > newest)
        self.newest = StreamNs(int(self._times[self._last - 1]))
        self._forget(self.newest - self._keep_ns)
        return len(times)

    def cut(self, start: StreamNs, end: StreamNs) -> Signal | None:
        """The samples in [start, end), copied; None when there are none."""
        a, b = self._between(start, end)
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

    def stand(self, start: StreamNs, end: StreamNs) -> Stand:
        """Equal only as long as `cut` gives the same: samples come one by one, and leave from the oldest on."""
        a, b = self._between(start, end)
        oldest = int(self._times[a]) if a < b else None
        return start, end, b - a, oldest, self.rate_hz, tuple(self._rates), self._cleared

    def holds(self, start: StreamNs, end: StreamNs) -> bool:
        """Whether there is a sample in [start, end)."""
        a, b = self._between(start, end)
        return a < b

    def received(self, end: StreamNs) -> HostNs:
        """Receipt of the last packet with a sample before ``end``; 0 when there is none."""
        return next((host for first, host in reversed(self._receipts) if first < end), HostNs(0))

    def uncertainty_ns(self, end: StreamNs) -> int:
        """How far the times of what is held before ``end`` may be off, at most; 0 when there is nothing."""
        return max((off_ns for first, off_ns in self._off if first < end), default=0)

    def _between(self, start: StreamNs, end: StreamNs) -> tuple[int, int]:
        held = self._times[self._first : self._last]
        return self._first + int(held.searchsorted(start)), self._first + int(held.searchsorted(end))

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

    def _forget(self, oldest: int) -> None:
        """Let go of what is older; of receipts, rates and errors the one that reaches over the edge is kept."""
        if self._times[self._first] < oldest:
            self._first += int(self._times[self._first : self._last].searchsorted(oldest))
        for noted in (self._receipts, self._off, self._rates):
            past = 0
            while past < len(noted) - 1 and noted[past + 1][0] <= oldest:
                past += 1
            del noted[:past]

    def _clear(self, axes: tuple[int, ...]) -> None:
        self._first = self._last = 0
        self._times = np.empty(0, np.int64)
        self._values = np.empty((0, *axes), np.float32)
        self.newest = None
        self._cleared += 1
        for noted in (self._receipts, self._off, self._rates):
            noted.clear()


def _orderly(samples: Samples) -> tuple[Times, Floats]:
    """Finite samples in rising order of time, each time once."""
    times, values = samples.times, samples.values
    finite = np.isfinite(values) if values.ndim == 1 else np.isfinite(values).all(axis=1)
    if not finite.all():
        times, values = times[finite], values[finite]
    if len(times) > 1 and not (times[1:] > times[:-1]).all():
        times, first = np.unique(times, return_index=True)
        values = values[first]
    return times, values

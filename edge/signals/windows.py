"""Samples of many channels and rates in; the last seconds of all of them, every hop, out."""

from types import MappingProxyType

from edge.clock import HostNs, StreamNs, nanoseconds, seconds
from edge.flow import Channel, Samples, Signal, Window
from edge.signals.ring import Ring, Stand

_PATIENCE_S = 2.0
"""How long a window waits for a channel that is behind the others: longer than any packet we know."""
_PATIENCE_NS = nanoseconds(_PATIENCE_S)
_KEEP_MORE_S = 4.0
"""Kept beyond the span: a window is cut up to a hop and the patience after its end."""
_LATE_RUNS = 16
"""So many runs in a row that are all too old mean that the clock went back, not that packets are late."""


class Windows:
    """One window of ``span_s`` seconds every ``hop_s`` seconds of stream time, from the first full span on.

    Windows end on a grid that the first sample sets. A window is cut as soon as every channel has reached its end;
    a channel that has fallen silent is not waited for longer than two seconds. A hop in which nothing at all was
    heard has no window, and the next one is marked as a gap. Feed only the channels the features want.
    """

    def __init__(self, span_s: float = 60.0, hop_s: float = 5.0) -> None:
        if not (0 < hop_s <= span_s):
            raise ValueError(f"hop must be above 0 and at most the span, got hop {hop_s} s and span {span_s} s")
        self.span_s, self.hop_s = span_s, hop_s
        self._span, self._hop = nanoseconds(span_s), nanoseconds(hop_s)
        self._keep_s = span_s + hop_s + _PATIENCE_S + _KEEP_MORE_S
        self._rings: dict[Channel, Ring] = {}
        self._whole: dict[Channel, tuple[Stand, Signal | None]] = {}
        """Cuts of those channels that `ahead` has told to have all of the next window, and how their rings stood."""
        self._next: StreamNs | None = None
        self._gap = False
        self._late_in_a_row = 0
        self.late = 0
        """Samples that came twice, too late, or were no numbers."""

    def feed(self, samples: Samples) -> list[Window]:
        """Take samples; return the windows they complete, oldest first."""
        if not len(samples.times):
            return []
        if self._clock_went_back(samples):
            self._restart()
        ring = self._rings.get(samples.channel)
        if ring is None:
            ring = self._rings[samples.channel] = Ring(self._keep_s)
        self.late += len(samples.times) - ring.add(samples)
        if ring.newest is None:
            return []
        if self._next is None:
            self._next = StreamNs(int(samples.times.min()) + self._span)
        return self._cut_due()

    def ahead(self) -> Window | None:
        """What is known of the next window: the channels that have all of it. None when it is the same as last time.

        Its signals are the very objects that the window will hold, but for one whose ring changes meanwhile.
        """
        if self._next is None:
            return None
        start, end = StreamNs(self._next - self._span), self._next
        shown = self._whole
        reached = [channel for channel, ring in self._rings.items() if self._reached(ring) >= end]
        self._whole = {channel: self._cut_of(channel, start, end) for channel in reached}
        held = {channel: cut for channel, (_, cut) in self._whole.items() if cut is not None}
        new = any(kept is not shown.get(channel) for channel, kept in self._whole.items())
        return Window(start, end, MappingProxyType(held), HostNs(0)) if new else None

    def _cut_due(self) -> list[Window]:
        windows: list[Window] = []
        while self._next is not None and self._due(self._next):
            end = self._next
            if self._heard_in(StreamNs(end - self._hop), end):
                windows.append(self._cut(end))
                self._gap = False
                self._next = StreamNs(end + self._hop)
            else:
                self._gap = True
                self._next = self._resume_after(end)
            self._whole.clear()
        return windows

    def _due(self, end: StreamNs) -> bool:
        """Every channel has reached ``end``, or has been silent for longer than is waited for."""
        reached = [(self._reached(ring), ring.rate_hz > 0) for ring in self._rings.values() if len(ring)]
        newest = max(at for at, _ in reached)
        return newest >= end and all(
            at >= end or newest - at > _PATIENCE_NS for at, waited_for in reached if waited_for
        )

    def _reached(self, ring: Ring) -> int:
        """Time up to which this channel is known; half a period of jitter is forgiven."""
        newest = ring.newest
        return 0 if newest is None else newest + ring.period_ns + ring.period_ns // 2

    def _heard_in(self, start: StreamNs, end: StreamNs) -> bool:
        return any(ring.holds(start, end) for ring in self._rings.values())

    def _resume_after(self, end: StreamNs) -> StreamNs:
        """The next end on the grid whose hop holds a sample."""
        later = [int(s.times[0]) for s in self._signals(end, StreamNs(2**62)).values()]
        if not later:
            return StreamNs(end + self._hop)
        return StreamNs(end + (1 + (min(later) - end) // self._hop) * self._hop)

    def _cut(self, end: StreamNs) -> Window:
        start = StreamNs(end - self._span)
        received = max((ring.received(end) for ring in self._rings.values()), default=HostNs(0))
        held = (ring for ring in self._rings.values() if ring.holds(start, end))
        off_ns = max((ring.uncertainty_ns(end) for ring in held), default=0)
        return Window(start, end, MappingProxyType(self._signals(start, end)), received, self._gap, off_ns)

    def _cut_of(self, channel: Channel, start: StreamNs, end: StreamNs) -> tuple[Stand, Signal | None]:
        ring, known = self._rings[channel], self._whole.get(channel)
        stand = ring.stand(start, end)
        return known if known is not None and known[0] == stand else (stand, ring.cut(start, end))

    def _signals(self, start: StreamNs, end: StreamNs) -> dict[Channel, Signal]:
        cuts = {channel: self._cut_of(channel, start, end)[1] for channel in self._rings}
        return {channel: cut for channel, cut in cuts.items() if cut is not None}

    def _clock_went_back(self, samples: Samples) -> bool:
        newest = max((ring.newest or 0 for ring in self._rings.values()), default=0)
        late = self._next is not None and seconds(newest - int(samples.times.max())) > self._keep_s
        self._late_in_a_row = self._late_in_a_row + 1 if late else 0
        return self._late_in_a_row >= _LATE_RUNS

    def _restart(self) -> None:
        self._rings.clear()
        self._whole.clear()
        self._next = None
        self._gap = True
        self._late_in_a_row = 0

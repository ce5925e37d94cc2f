"""Packets of one watch in, samples on stream time out."""

from collections import Counter

import numpy as np

from edge.clock import SECOND, Clock, HostNs, StreamNs
from edge.flow import Channel, Samples, Times
from edge.sensing.headband import Headband
from edge.sensing.learned_rate import LearnedRate
from edge.sensing.runs import Run, runs
from edge.sensing.timesync import ARRIVAL_NS, ClockEstimate, TimeSync
from firmware_bridge.codec import decode
from firmware_bridge.counters import Order, Sequence, Unwrap
from firmware_bridge.errors import CodecError
from firmware_bridge.links import Packet
from firmware_bridge.messages import (
    E4Sample,
    E4Stream,
    HeartRate,
    MovesenseHeartRate,
    MuseAcceleration,
    MuseEeg,
    MusePpg,
    PolarIntervals,
)

MS = 1_000_000
BEATS_OFF_NS = 2 * SECOND
"""Summed beat intervals this far from the arrival of their notification: beats were lost, the row starts anew."""

BEATS_SILENT_NS = 10 * SECOND
"""A device may send its beats twice, by its own service and by the standard one: after so long the other is taken."""


class Watch:
    """Decodes one device's packets, puts their samples on stream time and counts what was wrong."""

    def __init__(self, clock: Clock) -> None:
        self.counts: Counter[str] = Counter()
        """`packets`, `garbage`, `duplicate`, `late`, `lost`, `restart`, `early`, `no_contact`, `unused`"""
        self._clock = clock
        self._sync = TimeSync()
        self._ticks = Unwrap(32)
        self._sequences: dict[Channel, Sequence] = {}
        self._rates: dict[Channel, LearnedRate] = {}
        self._last_beat: StreamNs | None = None
        self._beats_from = ""
        """Source of the beats last taken, and when they came."""
        self._beats_at = HostNs(0)
        self._headband = Headband(clock, self.counts)

    @property
    def device_clock(self) -> ClockEstimate:
        own = self._sync.estimate
        return own if own.buckets else self._headband.device_clock

    def feed(self, packet: Packet) -> list[Samples]:
        """What one packet brought; nothing, and a count more, when its bytes are wrong."""
        self.counts["packets"] += 1
        received = HostNs(packet.arrived_ns)
        try:
            message = decode(packet.source, packet.payload)
        except CodecError:
            self.counts["garbage"] += 1
            return []
        match message:
            case HeartRate():
                if message.contact is False:
                    self.counts["no_contact"] += 1
                    return []
                return self._heart(float(message.bpm), message.rr_ms, packet)
            case MovesenseHeartRate(bpm, rr_ms):
                return self._heart(bpm, tuple(map(float, rr_ms)), packet)
            case PolarIntervals():
                return self._heart(0.0, tuple(float(b.interval_ms) for b in message.beats if b.usable), packet)
            case MuseEeg() | MusePpg() | MuseAcceleration():
                return self._headband.feed(message, received)
            case E4Sample(E4Stream.INTERVAL):
                return self._heart(0.0, tuple(1000 * s for s in message.values), packet)
            case _:
                found = runs(message)
        if not found:
            self.counts["unused"] += 1
        return [samples for run in found if (samples := self._place(run, received)) is not None]

    def _place(self, run: Run, received: HostNs) -> Samples | None:
        """A run on stream time; None when it came twice, is empty, or its rate or its time is not known yet."""
        if not len(run.values) or (run.stamp is not None and not run.stamp.rate):
            self.counts["garbage"] += 1
            return None
        gap = False
        if run.stamp is not None:
            order = self._count(run.channel, run.stamp.sequence)
            if order is Order.DUPLICATE:
                return None
            gap = order in (Order.GAP, Order.RESTART)
        first_tick = run.stamp.tick_ms if run.stamp is not None else run.first_tick_ms
        if first_tick is None and run.last_ns is None:
            return self._event(run, received)
        first = None if first_tick is None else self._ticks(first_tick) * MS
        rate_hz = run.rate_hz
        if not rate_hz:
            learned = self._rates.setdefault(run.channel, LearnedRate())
            mark_ns = first if first is not None else run.last_ns or 0
            rate_hz = learned.learn(mark_ns, len(run.values), of_first=first is not None)
            gap = learned.lost
        if not rate_hz:
            return None
        period_ns = SECOND / rate_hz
        span_ns = round((len(run.values) - 1) * period_ns)
        if first is None:
            first = (run.last_ns or 0) - span_ns
        jumped = self._sync.observe(first + span_ns, self._clock.stream(received))
        if self._sync.early:  # a sample from the future would make all that come after it old
            self.counts["early"] += 1
            return None
        times: Times = self._sync.time_of(first) + np.rint(np.arange(len(run.values)) * period_ns).astype(np.int64)
        return Samples(run.channel, times, run.values, rate_hz, received, gap or jumped, self._sync.estimate.off_ns)

    def _count(self, channel: Channel, sequence: int) -> Order:
        arrival = self._sequences.setdefault(channel, Sequence(16)).see(sequence)
        self.counts["lost"] += arrival.missing
        if arrival.order in (Order.DUPLICATE, Order.LATE, Order.RESTART):
            self.counts[arrival.order.value] += 1
        return arrival.order

    def _heart(self, bpm: float, rr_ms: tuple[float, ...], packet: Packet) -> list[Samples]:
        received = HostNs(packet.arrived_ns)
        samples: list[Samples] = []
        if bpm:
            samples.append(self._event(Run(Channel.HEART_RATE, np.array([bpm], np.float32)), received))
        if rr_ms and self._takes(packet.source, received):
            samples.append(self._beats(rr_ms, received))
        return samples

    def _takes(self, source: str, received: HostNs) -> bool:
        """Whether beats of this source are taken: beats that come by two ways must not be summed twice."""
        if self._beats_from not in ("", source) and received - self._beats_at < BEATS_SILENT_NS:
            return False
        self._beats_from, self._beats_at = source, received
        return True

    def _beats(self, rr_ms: tuple[float, ...], received: HostNs) -> Samples:
        """Beat times from summed intervals: notifications come evenly, beats do not (Heart Rate Service 1.0, 3.1.1)."""
        at = self._clock.stream(received)
        spans = np.cumsum([round(rr * MS) for rr in rr_ms])
        start = self._last_beat if self._last_beat is not None else StreamNs(at - int(spans[-1]))
        off_ns = abs(start + int(spans[-1]) - at)
        gap = off_ns > BEATS_OFF_NS
        if gap:
            start, off_ns = StreamNs(at - int(spans[-1])), 0
        times: Times = start + spans
        self._last_beat = StreamNs(int(times[-1]))
        values = np.array(rr_ms, np.float32)
        return Samples(Channel.BEAT_INTERVAL, times, values, 0.0, received, gap, max(off_ns, ARRIVAL_NS))

    def _event(self, run: Run, received: HostNs) -> Samples:
        times: Times = np.full(len(run.values), self._clock.stream(received), np.int64)
        return Samples(run.channel, times, run.values, 0.0, received, uncertainty_ns=ARRIVAL_NS)

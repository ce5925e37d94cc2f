"""Packets of one watch in, samples on stream time out."""

from collections import Counter, deque
from collections.abc import Sequence as Row
from dataclasses import dataclass, replace

import numpy as np

from edge.clock import SECOND, Clock, HostNs, StreamNs
from edge.flow import Channel, Samples, Times
from edge.sensing.beat_row import BEATS_OFF_NS, BeatRow
from edge.sensing.headband import Headband
from edge.sensing.learned_rate import LearnedRate
from edge.sensing.runs import Run, factor_g, runs
from edge.sensing.timesync import ARRIVAL_NS, STALE_NS, STEP_NS, ClockEstimate, TimeSync
from firmware_bridge.codec import decode
from firmware_bridge.counters import Order, Sequence, Unwrap
from firmware_bridge.errors import CodecError
from firmware_bridge.links import Packet
from firmware_bridge.messages import (
    E4Sample,
    E4Stream,
    HeartRate,
    Message,
    MovesenseHeartRate,
    MuseAcceleration,
    MuseEeg,
    MusePpg,
    PolarAnswer,
    PolarIntervals,
)

MS = 1_000_000
SEAM_NS = SECOND // 10
"""Stamped beats whose intervals leave more than this between them: a beat is missing there."""
WAITING = 256
"""Packets that wait until it is known whether the device's clock was set back; the oldest is dropped and counted."""


@dataclass(frozen=True, slots=True, eq=False)
class _Timed:
    """A run on the device's own clock."""

    run: Run
    first_ns: int
    rate_hz: float
    received: HostNs
    gap: bool

    @property
    def offsets_ns(self) -> Times:
        """When its samples were taken, after the first one."""
        return np.rint(np.arange(len(self.run.values)) * self._period_ns).astype(np.int64)

    @property
    def last_ns(self) -> int:
        return self.first_ns + round((len(self.run.values) - 1) * self._period_ns)

    @property
    def _period_ns(self) -> float:
        return SECOND / self.rate_hz if self.rate_hz else 0.0


class Watch:
    """Decodes one device's packets, puts their samples on stream time and counts what was wrong."""

    def __init__(self, clock: Clock) -> None:
        self.counts: Counter[str] = Counter()
        """`packets`, `garbage`, `duplicate`, `late`, `lost`, `restart`, `early`, `untold`, `no_contact`, `unused`"""
        self._clock = clock
        self._sync = TimeSync()
        self._ticks = Unwrap(32)
        self._sequences: dict[Channel, Sequence] = {}
        self._rates: dict[Channel, LearnedRate] = {}
        self._firsts: dict[Channel, int] = {}
        """Newest packet of each channel, by its first sample's device time."""
        self._waiting: deque[_Timed] = deque()
        self._polar_factor: float | None = None
        self._row = BeatRow()
        self._stamped_beat: StreamNs | None = None
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
                    self._row.miss()
                    return self._beats(message.rr_ms, [False] * len(message.rr_ms), packet)
                return self._heart(float(message.bpm), message.rr_ms, packet)
            case MovesenseHeartRate(bpm, rr_ms):
                return self._heart(bpm, tuple(map(float, rr_ms)), packet)
            case PolarIntervals(_, beats):
                return self._beats([float(b.interval_ms) for b in beats], [b.usable for b in beats], packet)
            case MuseEeg() | MusePpg() | MuseAcceleration():
                return self._headband.feed(message, received)
            case E4Sample(E4Stream.INTERVAL, unix_s):
                rr_ms = [1000 * s for s in message.values]
                if not unix_s:
                    return self._beats(rr_ms, [True] * len(rr_ms), packet)
                found = self._stamped_beats(rr_ms, unix_s, packet)
            case _:
                found = self._found(message)
        return [samples for run in found for samples in self._place(run, received)]

    def _found(self, message: Message) -> list[Run]:
        if isinstance(message, PolarAnswer):
            self._polar_factor = factor_g(message) or self._polar_factor
        found = runs(message, self._polar_factor)
        if not found:
            self.counts["unused"] += 1
        return found

    def _place(self, run: Run, received: HostNs) -> list[Samples]:
        """A run on stream time, and those before it that waited to be; nothing while its rate or time is unknown."""
        if not len(run.values) or (run.stamp is not None and not run.stamp.rate):
            self.counts["garbage"] += 1
            return []
        first_tick = run.stamp.tick_ms if run.stamp is not None else run.first_tick_ms
        if first_tick is None and run.last_ns is None:
            return [self._event(run, received)]
        timed = self._timed(run, None if first_tick is None else self._ticks(first_tick) * MS, received)
        if timed is None:
            return []
        if run.channel is Channel.BEAT_INTERVAL and self._firsts.keys() - {run.channel}:
            return self._follow(timed)
        jumped = self._sync.observe(timed.last_ns, self._clock.stream(received))
        if self._sync.early:  # a sample from the future would make all that come after it old
            self.counts["early"] += 1
            return []
        known = self._firsts.get(run.channel)
        if self._sync.undecided(goes_on=known is not None and timed.first_ns > known):
            self._wait(timed)
            return []
        if jumped:
            self._begin_anew()
        told: list[Samples] = []
        for each in [*self._waited(STEP_NS if jumped else STALE_NS), timed]:
            samples = self._told(each, jumped=jumped and not told)
            told += [samples] if samples is not None else []
        return told

    def _follow(self, timed: _Timed) -> list[Samples]:
        """Place a stamped beat by a clock that others teach: it teaches nothing, as it is told once it is sure."""
        if self._waiting:
            self._wait(timed)
            return []
        off_ns = self._sync.time_of(timed.last_ns) - self._clock.stream(timed.received)
        if not -STALE_NS <= off_ns <= STEP_NS:
            self.counts["early" if off_ns > 0 else "untold"] += 1
            return []
        samples = self._told(timed, jumped=False)
        return [samples] if samples is not None else []

    def _timed(self, run: Run, first_ns: int | None, received: HostNs) -> _Timed | None:
        """A run with its rate, learned where it is not said; None while nobody knows it."""
        rate_hz, gap = run.rate_hz, False
        if not rate_hz and run.channel is not Channel.BEAT_INTERVAL:
            learned = self._rates.setdefault(run.channel, LearnedRate())
            mark_ns = first_ns if first_ns is not None else run.last_ns or 0
            rate_hz = learned.learn(mark_ns, len(run.values), of_first=first_ns is not None)
            gap = learned.lost
            if not rate_hz:
                return None
        if first_ns is not None:
            return _Timed(run, first_ns, rate_hz, received, gap)
        ends_now = _Timed(run, 0, rate_hz, received, gap)
        return replace(ends_now, first_ns=(run.last_ns or 0) - ends_now.last_ns)

    def _wait(self, timed: _Timed) -> None:
        if len(self._waiting) == WAITING:
            self._waiting.popleft()
            self.counts["untold"] += 1
        self._waiting.append(timed)

    def _waited(self, most_ns: int) -> list[_Timed]:
        """What waited to be told its time, now that it can be; without what would be further off its arrival."""
        waited = [*self._waiting]
        self._waiting.clear()
        near = [
            each
            for each in waited
            if abs(self._sync.time_of(each.last_ns) - self._clock.stream(each.received)) <= most_ns
        ]
        if len(near) < len(waited):
            self.counts["untold"] += len(waited) - len(near)
        return near

    def _begin_anew(self) -> None:
        """The device's clock jumped: no number and no tick is a continuation of those before."""
        self._firsts.clear()
        for sequence in self._sequences.values():
            sequence.begin_anew()

    def _told(self, timed: _Timed, *, jumped: bool) -> Samples | None:
        """A run's samples, their time known; None when they came before."""
        run, gap = timed.run, timed.gap or jumped
        if run.stamp is not None:
            order = self._count(run.channel, run.stamp.sequence, timed.first_ns // MS)
            if order is Order.DUPLICATE:
                return None
            gap = gap or order in (Order.GAP, Order.RESTART)
        self._firsts[run.channel] = max(timed.first_ns, self._firsts.get(run.channel, timed.first_ns))
        times: Times = self._sync.time_of(timed.first_ns) + timed.offsets_ns
        if run.channel is Channel.BEAT_INTERVAL:
            times, seam = self._beside(times, run)
            gap = gap or seam
        return Samples(run.channel, times, run.values, timed.rate_hz, timed.received, gap, self._sync.estimate.off_ns)

    def _count(self, channel: Channel, number: int, tick_ms: int) -> Order:
        arrival = self._sequences.setdefault(channel, Sequence(16)).see(number, tick_ms)
        self.counts["lost"] += arrival.missing - (arrival.order is Order.LATE)
        if arrival.order in (Order.DUPLICATE, Order.LATE, Order.RESTART):
            self.counts[arrival.order.value] += 1
        return arrival.order

    def _heart(self, bpm: float, rr_ms: tuple[float, ...], packet: Packet) -> list[Samples]:
        received = HostNs(packet.arrived_ns)
        told = [self._event(Run(Channel.HEART_RATE, np.array([bpm], np.float32)), received)] if bpm else []
        return told + self._beats(rr_ms, [True] * len(rr_ms), packet)

    def _beats(self, rr_ms: Row[float], usable: Row[bool], packet: Packet) -> list[Samples]:
        """Beats without a stamp. Those that cannot be used have taken their time all the same."""
        received = HostNs(packet.arrived_ns)
        row = self._row
        if not rr_ms or not (row.takes(packet.source, received) if any(usable) else row.is_from(packet.source)):
            return []
        beats = row.place(rr_ms, usable, self._clock.stream(received))
        if not len(beats.times):
            return []
        channel, off_ns = Channel.BEAT_INTERVAL, max(beats.off_ns, ARRIVAL_NS)
        return [Samples(channel, beats.times, beats.rr_ms, 0.0, received, beats.gap, off_ns)]

    def _stamped_beats(self, rr_ms: Row[float], unix_s: float, packet: Packet) -> list[Run]:
        """Beats with the device's own time, if this way of sending them is taken."""
        if not rr_ms or not self._row.takes(packet.source, HostNs(packet.arrived_ns)):
            return []
        return [Run(Channel.BEAT_INTERVAL, np.array(rr_ms, np.float32), last_ns=round(unix_s * 1e9))]

    def _beside(self, times: Times, run: Run) -> tuple[Times, bool]:
        """Time of a stamped beat, and whether its interval does not begin where the one before ended.

        A stamp that leaves no room for the interval is that of several beats told together: one goes after the other.
        """
        before, long = self._stamped_beat, round(float(run.values[0]) * MS)
        if before is not None and -BEATS_OFF_NS < int(times[0]) - before < long // 2:
            times = np.array([before + long])
        self._stamped_beat = StreamNs(int(times[0]))
        return times, before is not None and abs(self._stamped_beat - long - before) > SEAM_NS

    def _event(self, run: Run, received: HostNs) -> Samples:
        times: Times = np.full(len(run.values), self._clock.stream(received), np.int64)
        return Samples(run.channel, times, run.values, 0.0, received, uncertainty_ns=ARRIVAL_NS)

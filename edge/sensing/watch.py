"""Packets of one watch in, samples on stream time out."""

from collections import Counter

import numpy as np

from edge.clock import SECOND, Clock, HostNs, StreamNs, seconds
from edge.flow import Channel, Floats, Samples, Times
from edge.sensing.timesync import ClockEstimate, TimeSync
from firmware_bridge.codec import decode
from firmware_bridge.counters import Order, Sequence, Unwrap
from firmware_bridge.errors import CodecError
from firmware_bridge.links import Packet
from firmware_bridge.messages import (
    Battery,
    HeartRate,
    Motion,
    Pulse,
    SkinConductance,
    SkinTemperature,
    Stamp,
)

MS = 1_000_000
BEATS_OFF_NS = 2 * SECOND
"""Summed beat intervals this far from the arrival of their notification: beats were lost, the row starts anew."""


class Watch:
    """Decodes one device's packets, puts their samples on stream time and counts what was wrong."""

    def __init__(self, clock: Clock) -> None:
        self.counts: Counter[str] = Counter()
        """`packets`, `garbage`, `duplicate`, `late`, `lost`, `restart`, `no_contact`"""
        self._clock = clock
        self._sync = TimeSync()
        self._ticks = Unwrap(32)
        self._sequences: dict[Channel, Sequence] = {}
        self._last_beat: StreamNs | None = None

    @property
    def device_clock(self) -> ClockEstimate:
        return self._sync.estimate

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
                return self._heart(message, received)
            case Battery(percent):
                return [self._event(Channel.BATTERY, float(percent), received)]
            case SkinConductance(stamp):
                return self._stream(Channel.SKIN_CONDUCTANCE, stamp, _floats(message.nanosiemens, 1000), received)
            case SkinTemperature(stamp):
                return self._stream(Channel.SKIN_TEMPERATURE, stamp, _floats(message.centidegrees, 100), received)
            case Pulse(stamp):
                return self._stream(Channel.PULSE, stamp, _floats(message.counts, 1), received)
            case Motion(stamp):
                return self._stream(Channel.MOTION, stamp, _floats(message.xyz, 4096), received)
            case _:
                self.counts["unused"] += 1
                return []

    def _stream(self, channel: Channel, stamp: Stamp, values: Floats, received: HostNs) -> list[Samples]:
        if not len(values) or not stamp.rate:
            self.counts["garbage"] += 1
            return []
        arrival = self._sequences.setdefault(channel, Sequence(16)).see(stamp.sequence)
        if arrival.order is Order.DUPLICATE:
            self.counts["duplicate"] += 1
            return []
        self.counts["lost"] += arrival.missing
        if arrival.order in (Order.LATE, Order.RESTART):
            self.counts[arrival.order.value] += 1
        period_ns = SECOND / stamp.rate_hz
        first = self._ticks(stamp.tick_ms) * MS
        last = first + round((len(values) - 1) * period_ns)
        jumped = self._sync.observe(last, self._clock.stream(received))
        times: Times = self._sync.time_of(first) + np.rint(np.arange(len(values)) * period_ns).astype(np.int64)
        gap = jumped or arrival.order in (Order.GAP, Order.RESTART)
        uncertainty = self._sync.estimate.uncertainty_ns
        return [Samples(channel, times, values, stamp.rate_hz, received, gap, uncertainty)]

    def _heart(self, message: HeartRate, received: HostNs) -> list[Samples]:
        if message.contact is False:
            self.counts["no_contact"] += 1
            return []
        samples = [self._event(Channel.HEART_RATE, float(message.bpm), received)] if message.bpm else []
        if message.rr_1024:
            samples.append(self._beats(message.rr_ms, received))
        return samples

    def _beats(self, rr_ms: tuple[float, ...], received: HostNs) -> Samples:
        """Beat times from summed intervals: notifications come evenly, beats do not (Heart Rate Service 1.0, 3.1.1)."""
        at = self._clock.stream(received)
        spans = np.cumsum([round(rr * MS) for rr in rr_ms])
        start = self._last_beat if self._last_beat is not None else StreamNs(at - int(spans[-1]))
        gap = abs(seconds(start + int(spans[-1]) - at)) > seconds(BEATS_OFF_NS)
        if gap:
            start = StreamNs(at - int(spans[-1]))
        times: Times = start + spans
        self._last_beat = StreamNs(int(times[-1]))
        return Samples(Channel.BEAT_INTERVAL, times, np.array(rr_ms, np.float32), 0.0, received, gap)

    def _event(self, channel: Channel, value: float, received: HostNs) -> Samples:
        times: Times = np.array([self._clock.stream(received)], np.int64)
        return Samples(channel, times, np.array([value], np.float32), 0.0, received)


def _floats(values: tuple[int, ...] | tuple[tuple[int, int, int], ...], units: int) -> Floats:
    return (np.array(values, np.float64) / units).astype(np.float32)

"""One message of any device in; runs of values, still on the device's own clock, out."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.flow import Channel, Floats
from firmware_bridge.messages import (
    BangleActivity,
    BangleStatus,
    Battery,
    E4Sample,
    E4Stream,
    Message,
    Motion,
    MovesenseAcceleration,
    MovesenseEcg,
    MovesenseTemperature,
    MuseTelemetry,
    PolarAcceleration,
    PolarAnswer,
    PolarEcg,
    PolarHead,
    PolarMeasurement,
    PolarOperation,
    PolarPpg,
    PolarSettingKind,
    Pulse,
    SkinConductance,
    SkinTemperature,
    Stamp,
)

_STANDARD_GRAVITY = 9.80665
_LEAST_FACTOR, _MOST_FACTOR = 1e-6, 1e-2
"""Of g a count: 16 bits that end at 0.03 and at 330 g. A sensor's are around 2e-4; a factor of 1 says nothing of g."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Values of one channel that one packet brought. At most one of the three clocks is set; none: arrival counts."""

    channel: Channel
    values: Floats
    rate_hz: float = 0.0
    """0 where the message does not say: learned from the clock's steps, or an event."""
    stamp: Stamp | None = None
    """Our own stream: sequence number, 32-bit ms at the first value."""
    first_tick_ms: int | None = None
    """32-bit ms at the first value (Movesense)."""
    last_ns: int | None = None
    """64-bit ns at the last value (Polar, E4)."""


def factor_g(answer: PolarAnswer) -> float | None:
    """What a count of acceleration is in g, where a Polar's answer to being started says it sensibly."""
    if (answer.operation, answer.measurement) != (PolarOperation.START, PolarMeasurement.ACCELERATION):
        return None
    for setting in answer.settings:
        if setting.kind is PolarSettingKind.FACTOR and setting.values:
            (factor,) = struct.unpack("<f", setting.values[0].to_bytes(4, "little"))
            return float(factor) if _LEAST_FACTOR <= factor <= _MOST_FACTOR else None
    return None


def runs(message: Message, factor: float | None = None) -> list[Run]:
    """What a message measures, if anything here uses it; beats and heart rates are read in edge/sensing/watch.py.

    ``factor`` is what `factor_g` said last, of the same sensor.
    """
    match message:
        case SkinConductance(stamp):
            return [_stamped(Channel.SKIN_CONDUCTANCE, stamp, message.nanosiemens, 1000)]
        case SkinTemperature(stamp):
            return [_stamped(Channel.SKIN_TEMPERATURE, stamp, message.centidegrees, 100)]
        case Pulse(stamp):
            return [_stamped(Channel.PULSE, stamp, message.counts, 1)]
        case Motion(stamp):
            return [_stamped(Channel.MOTION, stamp, message.xyz, 4096)]
        case PolarEcg(head):
            return [_polar(Channel.ECG, head, _floats(message.microvolts))]
        case PolarAcceleration(head):
            # Compressed frames of type 0 hold counts, all others thousandths of g (Polar SDK, AccData).
            counts_a_g = 1 / factor if factor and head.blocks is not None and head.frame_type == 0 else 1000
            return [_polar(Channel.MOTION, head, _floats(message.xyz, counts_a_g))]
        case PolarPpg(head):
            light = _floats(message.channels)
            # Three photodiodes see one pulse: their mean, less the light of the room, is what the skin gives back. More
            # blood takes more of the light: turned round, the wave rises with the heart beat.
            return [_polar(Channel.PULSE, head, light[:, 3] - light[:, :3].mean(axis=1))] if len(light) else []
        case MovesenseEcg(tick_ms):
            return [Run(Channel.ECG, _floats(message.microvolts), first_tick_ms=tick_ms)]
        case MovesenseAcceleration(tick_ms):
            return [Run(Channel.MOTION, _floats(message.xyz, _STANDARD_GRAVITY), first_tick_ms=tick_ms)]
        case MovesenseTemperature():
            return [_event(Channel.SKIN_TEMPERATURE, message.celsius)]
        case E4Sample(stream, unix_s):
            return _e4(stream, round(unix_s * 1e9), message.values)
        case BangleActivity(bpm) if bpm:
            return [_event(Channel.HEART_RATE, float(bpm))]
        case BangleStatus(percent) | Battery(percent):
            return [_event(Channel.BATTERY, float(percent))]
        case MuseTelemetry():
            return [_event(Channel.BATTERY, message.battery_percent)]
        case _:
            return []


_E4 = {
    E4Stream.ACCELERATION: (Channel.MOTION, 32.0, 64.0),
    E4Stream.PULSE: (Channel.PULSE, 64.0, 0.01),
    E4Stream.SKIN_CONDUCTANCE: (Channel.SKIN_CONDUCTANCE, 4.0, 1.0),
    E4Stream.SKIN_TEMPERATURE: (Channel.SKIN_TEMPERATURE, 4.0, 1.0),
    E4Stream.HEART_RATE: (Channel.HEART_RATE, 0.0, 1.0),
    E4Stream.BATTERY: (Channel.BATTERY, 0.0, 0.01),
}
"""Channel, rate in Hz, and what a value is divided by (the pulse wave in the counts that the networks learned on)."""


def _e4(stream: E4Stream, unix_ns: int, values: Sequence[float]) -> list[Run]:
    if stream not in _E4 or not values:
        return []
    channel, rate_hz, units = _E4[stream]
    shaped = [tuple(values)] if channel is Channel.MOTION else values[:1]
    return [Run(channel, _floats(shaped, units), rate_hz, last_ns=unix_ns if rate_hz else None)]


def _stamped(channel: Channel, stamp: Stamp, values: Sequence[float] | Sequence[tuple[int, ...]], units: int) -> Run:
    return Run(channel, _floats(values, units), stamp.rate_hz, stamp=stamp)


def _polar(channel: Channel, head: PolarHead, values: Floats) -> Run:
    return Run(channel, values, last_ns=head.time_ns or None)


def _event(channel: Channel, value: float) -> Run:
    return Run(channel, _floats([value]))


def _floats(values: Sequence[float] | Sequence[tuple[float, ...]], units: float = 1.0) -> Floats:
    return (np.array(values, np.float64) / units).astype(np.float32)

"""What our own stream says (firmware_bridge/STREAM.md), and what it can be told."""

from dataclasses import dataclass
from enum import IntEnum

RATE_UNITS_PER_HZ = 32
"""Streams state their rate in 1/32 Hz: 4 Hz is 128, 64 Hz is 2048."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every frame of our own stream carries (firmware_bridge/STREAM.md)."""

    sequence: int
    """Counts this channel's frames, 16 bits, wraps."""
    tick_ms: int
    """Device clock at the first sample, in ms since it started, 32 bits, wraps after 49.7 days."""
    rate: int
    """Sample rate in 1/32 Hz."""

    @property
    def rate_hz(self) -> float:
        return self.rate / RATE_UNITS_PER_HZ


@dataclass(frozen=True, slots=True)
class SkinConductance:
    stamp: Stamp
    nanosiemens: tuple[int, ...]

    @property
    def microsiemens(self) -> tuple[float, ...]:
        return tuple(v / 1000 for v in self.nanosiemens)


@dataclass(frozen=True, slots=True)
class SkinTemperature:
    stamp: Stamp
    centidegrees: tuple[int, ...]

    @property
    def celsius(self) -> tuple[float, ...]:
        return tuple(v / 100 for v in self.centidegrees)


@dataclass(frozen=True, slots=True)
class Pulse:
    """Pulse wave (photoplethysmogram), in counts of the sensor: its shape matters, its scale does not."""

    stamp: Stamp
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Motion:
    """Acceleration, one (x, y, z) per sample, in 1/4096 g."""

    stamp: Stamp
    xyz: tuple[tuple[int, int, int], ...]

    @property
    def g(self) -> tuple[tuple[float, float, float], ...]:
        return tuple((x / 4096, y / 4096, z / 4096) for x, y, z in self.xyz)


@dataclass(frozen=True, slots=True)
class Ecg:
    """Electrocardiogram."""

    stamp: Stamp
    microvolts: tuple[int, ...]


class StreamChannel(IntEnum):
    """The channels of our own stream; ALL only in commands."""

    ALL = 0
    SKIN_CONDUCTANCE = 1
    SKIN_TEMPERATURE = 2
    PULSE = 3
    MOTION = 4
    ECG = 5


@dataclass(frozen=True, slots=True)
class RateCommand:
    """Host to device: stream this channel at this rate from now on."""

    channel: StreamChannel
    rate: int
    """In 1/32 Hz; 0 stops the channel, DEFAULT_RATE returns it to the device's own rate."""


DEFAULT_RATE = 0xFFFF

"""What Muse headbands (2, S) say, and what they can be told."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class MuseElectrode(StrEnum):
    TP9 = "TP9"
    AF7 = "AF7"
    AF8 = "AF8"
    TP10 = "TP10"
    RIGHT_AUX = "right aux"


class MuseLight(IntEnum):
    """Which light of the pulse sensor."""

    AMBIENT = 0
    INFRARED = 1
    RED = 2


@dataclass(frozen=True, slots=True)
class MuseEeg:
    """Twelve samples of one electrode at 256 Hz."""

    electrode: MuseElectrode
    index: int
    raw: tuple[int, ...]
    """12 bits, 2048 is 0"""

    @property
    def microvolts(self) -> tuple[float, ...]:
        return tuple(0.48828125 * (v - 2048) for v in self.raw)


@dataclass(frozen=True, slots=True)
class MusePpg:
    """Six samples of one light at 64 Hz."""

    light: MuseLight
    index: int
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MuseAcceleration:
    """Three samples at 52 Hz, in 1/16384 g."""

    index: int
    xyz: tuple[tuple[int, int, int], ...]

    @property
    def g(self) -> tuple[tuple[float, float, float], ...]:
        return tuple((x / 16384, y / 16384, z / 16384) for x, y, z in self.xyz)


@dataclass(frozen=True, slots=True)
class MuseRotation:
    """Three samples at 52 Hz; 1 is 0.0074768 degrees per second."""

    index: int
    xyz: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class MuseTelemetry:
    index: int
    battery_512: int
    """512 is 1 %."""
    fuel: int
    """1 is 2.2 mV."""
    adc_mv: int
    temperature_c: int

    @property
    def battery_percent(self) -> float:
        return self.battery_512 / 512


@dataclass(frozen=True, slots=True)
class MuseText:
    """A piece of an answer in JSON; pieces follow one another."""

    text: str


@dataclass(frozen=True, slots=True)
class MuseCommand:
    """``d`` start, ``h`` halt, ``k`` keep alive, ``s`` status, ``p21`` preset, ..."""

    text: str


MuseMessage = MuseEeg | MusePpg | MuseAcceleration | MuseRotation | MuseTelemetry | MuseText

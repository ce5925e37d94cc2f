"""What Polar sensors say through their measurement service (PMD), and what they can be told."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum


class PolarMeasurement(IntEnum):
    """What can be measured."""

    ECG = 0
    PPG = 1
    ACCELERATION = 2
    INTERVALS = 3
    GYRO = 5
    MAGNETOMETER = 6
    SKIN_TEMPERATURE = 7
    SDK_MODE = 9
    LOCATION = 10
    PRESSURE = 11
    TEMPERATURE = 12
    OFFLINE_RECORDING = 13
    OFFLINE_HEART_RATE = 14


class PolarOperation(IntEnum):
    """What the control point can be asked."""

    GET_SETTINGS = 1
    START = 2
    STOP = 3
    GET_SDK_SETTINGS = 4
    MEASUREMENT_STATUS = 5
    SDK_STATUS = 6


class PolarStatus(IntEnum):
    """How the control point answers."""

    OK = 0
    BAD_OPERATION = 1
    BAD_TYPE = 2
    NOT_SUPPORTED = 3
    BAD_LENGTH = 4
    BAD_PARAMETER = 5
    ALREADY_IN_STATE = 6
    BAD_RESOLUTION = 7
    BAD_RATE = 8
    BAD_RANGE = 9
    BAD_MTU = 10
    BAD_CHANNELS = 11
    INVALID_STATE = 12
    IN_CHARGER = 13
    DISK_FULL = 14


class PolarSettingKind(IntEnum):
    """What a setting sets."""

    RATE_HZ = 0
    RESOLUTION_BITS = 1
    RANGE = 2
    RANGE_MILLI = 3
    CHANNELS = 4
    FACTOR = 5


@dataclass(frozen=True, slots=True)
class PolarSetting:
    """One setting with its choices (in an answer) or its value (in a command)."""

    kind: PolarSettingKind
    values: tuple[int, ...]
    """Unsigned as sent; a FACTOR is the bits of a 32-bit float."""


@dataclass(frozen=True, slots=True)
class PolarCommand:
    """Host to control point."""

    operation: PolarOperation
    measurement: PolarMeasurement
    settings: tuple[PolarSetting, ...] = ()


@dataclass(frozen=True, slots=True)
class PolarAnswer:
    """Control point to host: how a command went; settings if it asked for them."""

    operation: PolarOperation
    measurement: PolarMeasurement
    status: PolarStatus
    more: bool = False
    settings: tuple[PolarSetting, ...] = ()

    @property
    def streaming(self) -> bool:
        """The measurement runs now, even if it ran already."""
        return self.status in (PolarStatus.OK, PolarStatus.ALREADY_IN_STATE)


@dataclass(frozen=True, slots=True)
class PolarStopped:
    """Control point to host: the sensor ended these measurements by itself."""

    measurements: tuple[PolarMeasurement, ...]


@dataclass(frozen=True, slots=True)
class PolarFeatures:
    """The value of the control point when read: what the sensor can measure."""

    measurements: int
    """Bit 0 ECG, 1 PPG, 2 acceleration, 3 beat intervals, 5 gyro, 6 magnetometer, 7 skin temperature."""
    extras: int
    """Bit 1 SDK mode, 2 location, 3 pressure, 4 temperature, 5 offline recording, 6 offline heart rate."""
    rest: bytes = b""

    def __contains__(self, measurement: PolarMeasurement) -> bool:
        return measurement < 8 and bool(self.measurements >> measurement & 1)

    def __iter__(self) -> Iterator[PolarMeasurement]:
        return (each for each in PolarMeasurement if each in self)


@dataclass(frozen=True, slots=True)
class PolarHead:
    """What every data frame begins with."""

    time_ns: int
    """Device clock at the LAST sample, ns since 2000-01-01 UTC; 0 if unknown."""
    frame_type: int
    """How the samples are laid out, 0 to 127."""
    blocks: tuple[tuple[int, int], ...] | None = None
    """Bits and count of each run of differences in a compressed frame; None when not compressed."""


@dataclass(frozen=True, slots=True)
class PolarEcg:
    head: PolarHead
    microvolts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PolarAcceleration:
    """Thousandths of g; in compressed frames of type 0, to be multiplied by 1000 and the factor of the start answer."""

    head: PolarHead
    xyz: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class PolarPpg:
    """Three photodiodes and the ambient light, in counts."""

    head: PolarHead
    channels: tuple[tuple[int, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class PolarBeat:
    bpm: int
    interval_ms: int
    error_ms: int
    flags: int
    """Bit 0 blocked by movement, 1 skin contact, 2 skin contact can be told."""

    @property
    def usable(self) -> bool:
        """Neither moved nor known to be off the skin (Polar SDK documentation, PPIData)."""
        return not self.flags & 1 and self.flags & 0b110 != 0b100


@dataclass(frozen=True, slots=True)
class PolarIntervals:
    """Beat intervals from the pulse wave, oldest first."""

    head: PolarHead
    beats: tuple[PolarBeat, ...]


PolarData = PolarEcg | PolarAcceleration | PolarPpg | PolarIntervals
PolarControl = PolarAnswer | PolarStopped | PolarFeatures

"""What the standard Bluetooth services say: heart rate, battery, device information, time."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class HeartRate:
    """GATT Heart Rate Measurement (0x2A37)."""

    bpm: int
    contact: bool | None = None
    """Skin contact; None when the sensor cannot tell."""
    energy_kj: int | None = None
    rr_1024: tuple[int, ...] = ()
    """Beat intervals, oldest first, in 1/1024 s."""
    wide: bool = False
    """Sent as 16 bits though 8 would do; kept so that encoding gives the same bytes."""

    @property
    def rr_ms(self) -> tuple[float, ...]:
        return tuple([rr * 1000 / 1024 for rr in self.rr_1024])


@dataclass(frozen=True, slots=True)
class Battery:
    """GATT Battery Level (0x2A19)."""

    percent: int


class InformationField(StrEnum):
    """What a device tells about itself (Device Information Service 1.1)."""

    MODEL = "model"
    SERIAL = "serial"
    FIRMWARE = "firmware"
    HARDWARE = "hardware"
    SOFTWARE = "software"
    MANUFACTURER = "manufacturer"


@dataclass(frozen=True, slots=True)
class DeviceInformation:
    """One field of the Device Information Service (0x2A24 to 0x2A29)."""

    field: InformationField
    text: str


@dataclass(frozen=True, slots=True)
class CurrentTime:
    """GATT Current Time (0x2A2B): the local time of day."""

    year: int
    month: int
    day: int
    hours: int
    minutes: int
    seconds: int
    weekday: int
    """1 Monday to 7 Sunday, 0 unknown."""
    fractions_256: int = 0
    reason: int = 0
    """Why it was set: bit 0 by hand, 1 by a reference, 2 change of zone, 3 change of summer time."""


@dataclass(frozen=True, slots=True)
class LocalTime:
    """GATT Local Time Information (0x2A0F), both in quarters of an hour."""

    zone_quarters: int
    summer_quarters: int

    @property
    def offset_s(self) -> int:
        """What local time is ahead of UTC."""
        return 900 * (self.zone_quarters + self.summer_quarters)

"""What a Bangle.js says in lines of JSON, and what it can be told."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BangleActivity:
    """Heart rate and steps of the last interval (``t":"act"``)."""

    bpm: int | None
    steps: int | None
    realtime: bool = False
    """Sent because it was asked for, not from the history."""
    unix_ms: int | None = None
    """When, for a record of the history."""


@dataclass(frozen=True, slots=True)
class BangleStatus:
    """Battery (``t":"status"``)."""

    battery_percent: int
    volts: float | None = None
    charging: bool = False


@dataclass(frozen=True, slots=True)
class BangleAcceleration:
    """The largest acceleration in an interval, in g (``t":"accel"``, app accelsender)."""

    x: float
    y: float
    z: float


@dataclass(frozen=True, slots=True)
class BangleVersion:
    """``t":"ver"``."""

    firmware: str
    hardware: str


@dataclass(frozen=True, slots=True)
class BangleOther:
    """A line of another kind, as it came; nothing here uses it."""

    kind: str
    line: str


@dataclass(frozen=True, slots=True)
class BangleActivityRequest:
    """Send heart rate and steps every so many seconds, or stop."""

    heart: bool
    steps: bool
    interval_s: int


@dataclass(frozen=True, slots=True)
class BangleAccelerationRequest:
    """Send acceleration every so many milliseconds, or stop (needs the app accelsender)."""

    enable: bool
    interval_ms: int


@dataclass(frozen=True, slots=True)
class BangleSetTime:
    """Set the watch's clock."""

    unix_s: int
    zone_h: float


BangleMessage = BangleActivity | BangleStatus | BangleAcceleration | BangleVersion | BangleOther
BangleCommand = BangleActivityRequest | BangleAccelerationRequest | BangleSetTime

"""What Movesense sensors say through their streaming protocol (GSP), and what they can be told."""

from dataclasses import dataclass
from enum import IntEnum


class MovesenseOperation(IntEnum):
    HELLO = 0
    SUBSCRIBE = 1
    UNSUBSCRIBE = 2
    FETCH_LOG = 3
    GET = 4
    CLEAR = 5
    PUT_LOG_CONFIG = 6
    PUT_SYSTEM_MODE = 7
    PUT_UTC_TIME = 8
    PUT_LOG_STATE = 9


class MovesenseReference(IntEnum):
    """The host numbers its subscriptions; these are our numbers, so that a packet says what it holds."""

    HELLO = 0
    ECG = 1
    ACCELERATION = 2
    HEART_RATE = 3
    TEMPERATURE = 4
    INERTIA = 5


@dataclass(frozen=True, slots=True)
class MovesenseCommand:
    operation: MovesenseOperation
    reference: int
    argument: bytes = b""
    """A path such as ``/Meas/ECG/200/mV``, or a value."""


@dataclass(frozen=True, slots=True)
class MovesenseHello:
    protocol: int
    texts: tuple[str, ...]
    """Serial, product, address of the update mode, application, version."""


@dataclass(frozen=True, slots=True)
class MovesenseAnswer:
    reference: int
    status: int
    """As in HTTP: 200 is well."""
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class MovesenseEcg:
    tick_ms: int
    microvolts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MovesenseAcceleration:
    tick_ms: int
    xyz: tuple[tuple[float, float, float], ...]
    """m/s2"""


@dataclass(frozen=True, slots=True)
class MovesenseInertia:
    tick_ms: int
    acceleration: tuple[tuple[float, float, float], ...]
    """m/s2"""
    rotation: tuple[tuple[float, float, float], ...]
    """degrees per second"""


@dataclass(frozen=True, slots=True)
class MovesenseHeartRate:
    bpm: float
    rr_ms: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MovesenseTemperature:
    kelvin: float

    @property
    def celsius(self) -> float:
        return self.kelvin - 273.15


@dataclass(frozen=True, slots=True)
class MovesenseOther:
    """Data of a subscription that is none of ours, or the second part of data too long for one packet."""

    kind: int
    reference: int
    data: bytes


MovesenseMessage = (
    MovesenseHello
    | MovesenseAnswer
    | MovesenseEcg
    | MovesenseAcceleration
    | MovesenseInertia
    | MovesenseHeartRate
    | MovesenseTemperature
    | MovesenseOther
)

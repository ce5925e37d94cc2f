"""What a virtual device is, whichever way it is reached: what it offers, what it says, and how it answers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Flag, auto
from typing import Protocol

from firmware_bridge.virtual.second import Second


class Access(Flag):
    """What may be done with a characteristic."""

    READ = auto()
    WRITE = auto()
    NOTIFY = auto()
    INDICATE = auto()
    PAIRED = auto()
    """Reading and writing need an encrypted connection."""


@dataclass(frozen=True, slots=True)
class Service:
    """One GATT service and its characteristics, by UUID."""

    uuid: str
    characteristics: dict[str, Access]


@dataclass(frozen=True, slots=True)
class Spoken:
    """One packet as the device sends it."""

    at_ns: int
    """Device time since it started, when the packet's last sample had been taken."""
    source: str
    payload: bytes


class Personality(Protocol):
    """One device family's behaviour in pure code: no radio, no clock."""

    @property
    def name(self) -> str:
        """As advertised."""
        ...

    @property
    def advertised(self) -> Sequence[str]:
        """Service UUIDs in the advertisement."""
        ...

    @property
    def services(self) -> Sequence[Service]: ...

    def speak(self, seconds: Iterable[Second]) -> Iterator[Spoken]:
        """Every packet that the wearer's seconds cause, in the order of time."""
        ...

    def read(self, target: str) -> bytes:
        """A characteristic's value; raise LinkError if there is nothing to read."""
        ...

    def write(self, target: str, payload: bytes) -> Sequence[tuple[str, bytes]]:
        """Obey, and answer at once with notifications or indications; raise LinkError if the write is refused."""
        ...

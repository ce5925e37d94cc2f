"""What is known about one family of devices: a table and a few pure functions, no link and no clock."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from firmware_bridge import gatt
from firmware_bridge.errors import LinkError, Trouble
from firmware_bridge.messages import Command


class Quantity(StrEnum):
    """What a device can measure; the words are those of the daemon's channels."""

    HEART_RATE = "heart_rate"
    BEAT_INTERVAL = "beat_interval"
    PULSE = "pulse"
    SKIN_CONDUCTANCE = "skin_conductance"
    SKIN_TEMPERATURE = "skin_temperature"
    MOTION = "motion"
    ECG = "ecg"
    EEG = "eeg"
    BATTERY = "battery"
    STEPS = "steps"


class Pairing(StrEnum):
    """How a device is paired, if at all."""

    NONE = "none"
    JUST_WORKS = "just works"
    PASSKEY = "passkey"
    """The device shows six digits, the host types them."""


Rates = Mapping[Quantity, float]
"""Samples a second of each quantity; 0 is off."""
Steering = Callable[[Quantity, float], Sequence[Command]]


@dataclass(frozen=True, slots=True)
class Seen:
    """One advertisement: what recognises a device before it is connected."""

    address: str
    name: str
    services: frozenset[str] = frozenset()
    rssi: int | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """One family's habits. Where a field is empty, the family has no such habit."""

    name: str
    title: str
    gives: Mapping[Quantity, tuple[float, ...]]
    """Quantities and the rates they can have, in Hz, the usual one first; () for values that come when they come."""
    advertises: frozenset[str] = frozenset()
    """Any of these services in the advertisement is the family's."""
    names: tuple[str, ...] = ()
    """Advertised names begin with one of these."""
    offers: frozenset[str] = frozenset()
    """Once connected, all of these characteristics are there."""
    pairing: Pairing = Pairing.NONE
    start: Sequence[Command] = ()
    stop: Sequence[Command] = ()
    """What must be sent before leaving, so that the device does not go on for nobody."""
    steer: Steering | None = None
    """Commands that give a quantity another of its rates; None where rates are fixed."""
    set_clock: Callable[[datetime], Sequence[Command]] | None = None
    """Commands that set its clock to a local time; None where it has none, or keeps it by itself."""
    left_off: Callable[[str, bytes], bool] | None = None
    """Whether a packet, by its source and payload, says that something started does not run and may be started anew."""
    answers: Callable[[str, bytes], bool] | None = None
    """Whether a packet, by its source and payload, only answers a command: no sign that what was started runs."""
    reply: Callable[[str, bytes], Sequence[Command]] | None = None
    """What to say to a packet: to a refusal, say, what is asked for instead."""
    keep_alive: Sequence[Command] = ()
    keep_alive_s: float = 0.0
    kept: frozenset[Quantity] = frozenset()
    """Asked for at their usual rate by ``keep_alive``: where another was asked for, its command is sent instead."""
    polls: tuple[str, ...] = ()
    """Characteristics to read every ``poll_s``, because the device notifies only when a value changes."""
    poll_s: float = 0.0
    quiet_s: float = 10.0
    """Silence that cannot be the device's way: it is to be revived."""
    first_s: float = 15.0
    """How long the first packet may take after the start."""
    limits: str = ""
    """What a tester should know."""

    def rate(self, quantity: Quantity, hz: float) -> Sequence[Command]:
        """The commands for another rate; raise LinkError (refused) with the rates there are."""
        rates = self.gives.get(quantity)
        if rates is None:
            raise LinkError(
                f"{self.title} does not measure {quantity}; it gives {_listed(self.gives)}", Trouble.REFUSED
            )
        if self.steer is None or not rates:
            raise LinkError(f"{self.title} has a fixed rate of {quantity}", Trouble.REFUSED)
        if hz != 0 and hz not in rates:
            offered = ", ".join(f"{each:g}" for each in sorted(rates))
            raise LinkError(f"{self.title} cannot give {quantity} at {hz:g} Hz; it can at {offered}", Trouble.REFUSED)
        return self.steer(quantity, hz)

    def measures(self, source: str, payload: bytes) -> bool:
        """Whether a packet holds what was measured, rather than an answer or the battery's level."""
        return source != gatt.BATTERY_LEVEL and not (self.answers is not None and self.answers(source, payload))

    def nearest(self, quantity: Quantity, hz: float) -> float:
        """The lowest rate it has that is at least ``hz``, else its highest; 0 stays 0, as do fixed rates."""
        rates = self.gives.get(quantity, ())
        if hz == 0 or not rates:
            return 0.0
        return min((rate for rate in rates if rate >= hz), default=max(rates))


def gives(**rates: tuple[float, ...]) -> Mapping[Quantity, tuple[float, ...]]:
    """A table of what a family gives, by the quantities' words."""
    return MappingProxyType({Quantity(name): hz for name, hz in rates.items()})


def _listed(quantities: Mapping[Quantity, tuple[float, ...]]) -> str:
    return ", ".join(quantities)

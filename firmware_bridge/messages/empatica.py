"""What Empatica's E4 streaming server says in lines of text, and what it can be told."""

from dataclasses import dataclass
from enum import StrEnum


class E4Stream(StrEnum):
    """Name of a stream in a data line."""

    ACCELERATION = "Acc"
    """x, y, z in 1/64 g, 32 Hz"""
    PULSE = "Bvp"
    """64 Hz"""
    SKIN_CONDUCTANCE = "Gsr"
    """microsiemens, 4 Hz"""
    SKIN_TEMPERATURE = "Temperature"
    """degrees Celsius, 4 Hz"""
    INTERVAL = "Ibi"
    """seconds"""
    HEART_RATE = "Hr"
    BATTERY = "Battery"
    """0 to 1"""
    TAG = "Tag"
    """The button was pressed; no value."""


@dataclass(frozen=True, slots=True)
class E4Sample:
    stream: E4Stream
    unix_s: float
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class E4Reply:
    """The server's answer to a command."""

    command: str
    text: str

    @property
    def ok(self) -> bool:
        return not self.text.startswith("ERR")


@dataclass(frozen=True, slots=True)
class E4Command:
    command: str
    arguments: tuple[str, ...] = ()


E4Message = E4Sample | E4Reply

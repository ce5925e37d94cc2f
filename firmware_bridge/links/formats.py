"""What flows over a plain byte line, serial or TCP: how it is cut into packets, and how a packet goes out."""

from collections.abc import Callable
from dataclasses import dataclass

from firmware_bridge import gatt
from firmware_bridge.errors import AddressError
from firmware_bridge.framing import Cobs, Framing, Lines
from firmware_bridge.links.address import Address


@dataclass(frozen=True, slots=True)
class Format:
    """One way to fill a line."""

    source: str
    """What its packets are called, and where to write."""
    framing: Callable[[], Framing]
    wrap: Callable[[bytes], bytes]
    """A packet as it goes out."""


def _as_it_is(packet: bytes) -> bytes:
    return packet


FORMATS = {
    "stream": Format(gatt.SERIAL_STREAM, Cobs, Cobs.stuff),
    "grove": Format(gatt.GROVE_LINES, Lines, _as_it_is),
    "e4": Format(gatt.E4_LINES, Lines, _as_it_is),
}


def chosen(where: Address) -> Format:
    """The format that an address asks for, our own stream if none; raise AddressError for one that is not known."""
    name = where.options.get("format", "stream")
    if name not in FORMATS:
        raise AddressError(f"{where.text!r}: no format is called {name!r}; there are {', '.join(FORMATS)}")
    return FORMATS[name]

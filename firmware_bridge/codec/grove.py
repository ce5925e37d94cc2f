"""A Grove skin response sensor over serial: one line, one reading."""

import re

from firmware_bridge.errors import CodecError
from firmware_bridge.messages import GroveReading

_FULL_SCALE = 1023
_TICKS = 1 << 32
"""Arduino's millis() begins anew after so many."""
_LINE = re.compile(rb"(\d{1,4})(?:,[^,]*,[^,]*,(\d{1,10}))?")


def decode(line: bytes) -> GroveReading:
    """Read ``raw`` or ``raw,ohm,uS,millis``; raise CodecError beyond a 10-bit converter or a 32-bit clock."""
    said = _LINE.fullmatch(line.strip())
    if said is None:
        raise CodecError("line is no reading", line)
    raw, tick_ms = int(said[1]), None if said[2] is None else int(said[2])
    if raw > _FULL_SCALE or (tick_ms or 0) >= _TICKS:
        raise CodecError("line is no reading of a 10-bit converter with a 32-bit clock", line)
    return GroveReading(raw, tick_ms)


def encode(reading: GroveReading) -> bytes:
    """The line that a sketch would send, without its end."""
    if reading.tick_ms is None:
        return str(reading.raw).encode()
    return f"{reading.raw},{reading.ohm:.2f},{reading.microsiemens:.4f},{reading.tick_ms}".encode()

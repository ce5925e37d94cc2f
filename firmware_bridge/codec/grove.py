"""A Grove skin response sensor over serial: one line, one reading."""

from firmware_bridge.errors import CodecError
from firmware_bridge.messages import GroveReading

_FULL_SCALE = 1023


def decode(line: bytes) -> GroveReading:
    """Read ``raw`` or ``raw,ohm,uS,millis``; raise CodecError if it is neither or beyond a 10-bit converter."""
    try:
        fields = line.decode("ascii").strip().split(",")
        raw = int(fields[0])
        tick_ms = int(fields[3]) if len(fields) == 4 else None
    except ValueError as error:
        raise CodecError("line is no reading", line) from error
    if len(fields) not in (1, 4) or not 0 <= raw <= _FULL_SCALE or (tick_ms is not None and tick_ms < 0):
        raise CodecError("line is no reading of a 10-bit converter", line)
    return GroveReading(raw, tick_ms)


def encode(reading: GroveReading) -> bytes:
    """The line that a sketch would send, without its end."""
    if reading.tick_ms is None:
        return str(reading.raw).encode()
    return f"{reading.raw},{reading.ohm:.2f},{reading.microsiemens:.4f},{reading.tick_ms}".encode()

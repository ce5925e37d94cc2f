"""Current Time (GATT 0x2A2B) with Local Time Information (0x2A0F): one value, one message."""

import struct

from firmware_bridge.errors import CodecError
from firmware_bridge.messages import CurrentTime, LocalTime

# Current Time Service 1.1, section 3.1.1: Exact Time 256, then the adjust reason.
_CURRENT = struct.Struct("<HBBBBBBBB")
_LOCAL = struct.Struct("<bB")


def decode(payload: bytes) -> CurrentTime:
    """Read one value; raise CodecError if it is not 10 bytes or a part is out of range."""
    if len(payload) != _CURRENT.size:
        raise CodecError("current time is not 10 bytes", payload)
    time = CurrentTime(*_CURRENT.unpack(payload))
    if not (
        time.month <= 12
        and time.day <= 31
        and time.hours <= 23
        and time.minutes <= 59
        and time.seconds <= 59
        and time.weekday <= 7
    ):
        raise CodecError("current time with a part out of range", payload)
    return time


def decode_local(payload: bytes) -> LocalTime:
    """Read one value; raise CodecError if it is not 2 bytes."""
    if len(payload) != _LOCAL.size:
        raise CodecError("local time is not 2 bytes", payload)
    return LocalTime(*_LOCAL.unpack(payload))


def encode(time: CurrentTime) -> bytes:
    """The bytes of one value; raise CodecError if a part does not fit."""
    try:
        return _CURRENT.pack(
            time.year,
            time.month,
            time.day,
            time.hours,
            time.minutes,
            time.seconds,
            time.weekday,
            time.fractions_256,
            time.reason,
        )
    except struct.error as error:
        raise CodecError(f"current time does not fit its fields: {time}") from error


def encode_local(time: LocalTime) -> bytes:
    """The bytes of one value; raise CodecError if a part does not fit."""
    try:
        return _LOCAL.pack(time.zone_quarters, time.summer_quarters)
    except struct.error as error:
        raise CodecError(f"local time does not fit its fields: {time}") from error

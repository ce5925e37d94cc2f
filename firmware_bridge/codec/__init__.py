"""The register of wire formats: which source speaks which, and the way back."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from firmware_bridge import gatt
from firmware_bridge.codec import battery, heart_rate, stream
from firmware_bridge.errors import CodecError
from firmware_bridge.messages import (
    Battery,
    HeartRate,
    Message,
    Motion,
    Pulse,
    RateCommand,
    SkinConductance,
    SkinTemperature,
)

REGISTER: Mapping[str, Callable[[bytes], Message]] = MappingProxyType(
    {
        gatt.HEART_RATE_MEASUREMENT: heart_rate.decode,
        gatt.BATTERY_LEVEL: battery.decode,
        gatt.STREAM: stream.decode,
        gatt.STREAM_CONTROL: stream.decode,
        gatt.SERIAL_STREAM: stream.decode,
    }
)
"""Source of a packet -> its decoder."""


def decode(source: str, payload: bytes) -> Message:
    """Read one packet; raise CodecError, and nothing else, if the bytes are wrong or nobody knows the source."""
    decoder = REGISTER.get(source)
    if decoder is None:
        raise CodecError(f"no codec for source {source!r}", payload)
    return decoder(payload)


def encode(message: Message) -> tuple[str, bytes]:
    """The source that such a message has, and its bytes; raise CodecError if a number does not fit."""
    match message:
        case HeartRate():
            return gatt.HEART_RATE_MEASUREMENT, heart_rate.encode(message)
        case Battery():
            return gatt.BATTERY_LEVEL, battery.encode(message)
        case RateCommand():
            return gatt.STREAM_CONTROL, stream.encode_command(message)
        case SkinConductance() | SkinTemperature() | Pulse() | Motion():
            return gatt.STREAM, stream.encode(message)

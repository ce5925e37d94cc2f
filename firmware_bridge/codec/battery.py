"""Battery Level (GATT 0x2A19): one byte, percent."""

from firmware_bridge.errors import CodecError
from firmware_bridge.messages import Battery


def decode(payload: bytes) -> Battery:
    """Read one value, ignoring bytes behind it; raise CodecError if there is none or it is above 100.

    Battery Service 1.0, section 3.1.1.
    """
    if not payload:
        raise CodecError("battery level is empty", payload)
    if payload[0] > 100:
        raise CodecError("battery level above 100 %", payload)
    return Battery(payload[0])


def encode(battery: Battery) -> bytes:
    """The bytes of one value; raise CodecError if it is not 0 to 100."""
    if not 0 <= battery.percent <= 100:
        raise CodecError(f"battery level must be 0 to 100 %, got {battery.percent}")
    return bytes([battery.percent])

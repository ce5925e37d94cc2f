"""InfiniTime's motion service: one value, one message (InfiniTime 1.16, doc/MotionService.md)."""

import struct

from firmware_bridge import gatt
from firmware_bridge.errors import CodecError
from firmware_bridge.messages import InfiniTimeMessage, InfiniTimeMotion, Steps


def decode_motion(payload: bytes) -> InfiniTimeMotion:
    """Read one acceleration; raise CodecError if it is not 6 bytes."""
    if len(payload) != 6:
        raise CodecError("motion value is not 6 bytes", payload)
    return InfiniTimeMotion(*struct.unpack("<3h", payload))


def decode_steps(payload: bytes) -> Steps:
    """Read one count; raise CodecError if it is not 4 bytes."""
    if len(payload) != 4:
        raise CodecError("step count is not 4 bytes", payload)
    return Steps(int.from_bytes(payload, "little"))


def encode(message: InfiniTimeMessage) -> tuple[str, bytes]:
    """The characteristic, and its bytes; raise CodecError if a number does not fit."""
    try:
        match message:
            case Steps():
                return gatt.INFINITIME_STEPS, struct.pack("<I", message.count)
            case InfiniTimeMotion():
                return gatt.INFINITIME_MOTION, struct.pack("<3h", message.x, message.y, message.z)
    except struct.error as error:
        raise CodecError(f"number does not fit its field: {message}") from error

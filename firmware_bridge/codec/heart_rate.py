"""Heart Rate Measurement (GATT 0x2A37): one notification, one message."""

import functools
import struct

from firmware_bridge.errors import CodecError
from firmware_bridge.messages import HeartRate

# Flags, Heart Rate Service 1.0, section 3.1.1.1.
_WIDE_BPM = 0x01
_CONTACT = 0x02
_CONTACT_SUPPORTED = 0x04
_ENERGY = 0x08
_RR = 0x10


def decode(payload: bytes) -> HeartRate:
    """Read one notification; raise CodecError if it is too short.

    Beat intervals may be absent though flagged, and an odd last byte is ignored: both are seen on real sensors.
    """
    try:
        flags = payload[0]
        wide = flags & _WIDE_BPM
        bpm = payload[1] | payload[2] << 8 if wide else payload[1]
        at = 3 if wide else 2
        energy_kj = None
        if flags & _ENERGY:
            energy_kj = payload[at] | payload[at + 1] << 8
            at += 2
    except IndexError as error:
        raise CodecError("heart rate too short for its flags", payload) from error
    rr_1024: tuple[int, ...] = ()
    if flags & _RR:
        rr_1024 = _intervals((len(payload) - at) // 2).unpack_from(payload, at)
    contact = bool(flags & _CONTACT) if flags & _CONTACT_SUPPORTED else None
    return HeartRate(bpm, contact, energy_kj, rr_1024, bool(wide) and bpm < 256)


@functools.lru_cache
def _intervals(count: int) -> struct.Struct:
    return struct.Struct(f"<{count}H")


def encode(heart: HeartRate) -> bytes:
    """The bytes of one notification; raise CodecError if a number does not fit its field."""
    wide = heart.wide or heart.bpm > 0xFF
    flags = _WIDE_BPM if wide else 0
    if heart.contact is not None:
        flags |= _CONTACT_SUPPORTED | (_CONTACT if heart.contact else 0)
    if heart.energy_kj is not None:
        flags |= _ENERGY
    if heart.rr_1024:
        flags |= _RR
    try:
        head = struct.pack("<BH" if wide else "<BB", flags, heart.bpm)
        energy = b"" if heart.energy_kj is None else struct.pack("<H", heart.energy_kj)
        return head + energy + struct.pack(f"<{len(heart.rr_1024)}H", *heart.rr_1024)
    except struct.error as error:
        raise CodecError(f"heart rate does not fit its fields: {heart}") from error

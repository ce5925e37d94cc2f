"""Signed integers of three bytes, least significant first."""

import struct
from collections.abc import Iterable


def unpack(data: bytes) -> tuple[int, ...]:
    """The integers in ``data``, whose length must be a multiple of three.

    Each is laid into the upper three of four bytes, so that one call reads them all, sign and all.
    """
    count = len(data) // 3
    wide = bytearray(4 * count)
    wide[1::4], wide[2::4], wide[3::4] = data[::3], data[1::3], data[2::3]
    return tuple([value >> 8 for value in struct.unpack(f"<{count}i", wide)])


def pack(values: Iterable[int]) -> bytes:
    """Their bytes; raise OverflowError if one does not fit."""
    return b"".join([value.to_bytes(3, "little", signed=True) for value in values])

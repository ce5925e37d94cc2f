"""Randomness, and wall time where order is wanted -> an id that is unique for ever (UUID)."""

import uuid

from edge.clock import UnixNs

RANDOM_BYTES = 8
"""What `uuid7` takes of randomness; 62 of its 64 bits are used."""


def uuid7(at: UnixNs, randomness: bytes) -> str:
    """A UUID of version 7 (RFC 9562, 5.7).

    The 48 bits of milliseconds are followed by 12 bits of the fraction of the millisecond
    (RFC 9562, 6.2, method 3), so that ids of one device sort even within a millisecond.

    ``randomness`` holds 8 bytes, such as ``os.urandom(8)``. Raises ValueError for anything else, and for times
    before 1970.
    """
    if len(randomness) != RANDOM_BYTES:
        raise ValueError(f"uuid7 needs {RANDOM_BYTES} random bytes, got {len(randomness)}")
    if at < 0:
        raise ValueError(f"uuid7 needs a time after 1970, got {at} ns")
    milliseconds, rest_ns = divmod(at, 1_000_000)
    fraction = rest_ns * 4096 // 1_000_000
    tail = int.from_bytes(randomness, "big") & ((1 << 62) - 1)
    value = (milliseconds & ((1 << 48) - 1)) << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | tail
    return str(uuid.UUID(int=value))


def uuid4(randomness: bytes) -> str:
    """A UUID of version 4 (RFC 9562, 5.4), which tells nothing, of 16 random bytes; ValueError for any other number."""
    return str(uuid.UUID(bytes=randomness, version=4))

"""Memory that is free again goes back to the system."""

import ctypes
import functools
from collections.abc import Callable
from typing import cast

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Parameters of mallopt(3) (glibc, malloc.h)."""
_ARENAS = 1
"""Every thread would have its own store of free memory; ours hold the lock for so short that one does for all."""
_LARGE_BYTES = 128 * 1024
"""Blocks from this size on stand by themselves and leave as soon as they are freed; glibc would let this bound grow."""

_KEPT_BYTES = 2 << 20
"""So much free memory the heap keeps at its end: each window is computed in it, and would else ask for new pages."""


def spare() -> None:
    """Ask the allocator to keep little for later; a C library other than glibc is left as it is."""
    if (mallopt := _function("mallopt")) is not None:
        mallopt(_ARENA_MAX, _ARENAS)
        mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
        mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)


def give_back() -> None:
    """Return free pages now, such as those of the canary's networks once the start is over."""
    if (trim := _function("malloc_trim")) is not None:
        trim(0)


@functools.cache
def _function(name: str) -> Callable[..., int] | None:
    try:
        return cast(Callable[..., int], getattr(ctypes.CDLL(None), name))
    except (AttributeError, OSError):
        return None

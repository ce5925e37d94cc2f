"""Memory that is free again goes back to the system."""

import contextlib
import ctypes
import functools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import cast

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Parameters of mallopt(3) (glibc, malloc.h)."""
_ARENAS = 1
"""Every thread would have its own store of free memory; ours hold the lock for so short that one does for all."""
_LARGE_BYTES = 128 * 1024
"""Blocks from this size on stand by themselves and leave as soon as they are freed; glibc would let this bound grow."""

_KEPT_BYTES = 2 << 20
"""So much free memory the heap keeps at its end: each window is computed in it, and would else ask for new pages."""

_MAPS = Path("/proc/self/smaps")
_DONTNEED = 4
"""MADV_DONTNEED of madvise(2) on Linux."""
_UNWRITABLE = ("r-xp", "r--p")


def spare() -> None:
    """Ask the allocator to keep little for later; a C library other than glibc is left as it is."""
    if (mallopt := _function("mallopt")) is not None:
        mallopt(_ARENA_MAX, _ARENAS)
        mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
        mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)


def give_back(maps: Path = _MAPS) -> None:
    """Return free pages now, such as those of the canary's networks, and the code that only the start ran."""
    if (trim := _function("malloc_trim")) is not None:
        trim(0)
    if (advise := _function("madvise")) is None:
        return
    with contextlib.suppress(OSError):  # a system without /proc, or one that shows it to nobody
        for start, end in _untouched_code(maps.read_text(errors="replace").splitlines()):
            advise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _DONTNEED)


def _untouched_code(lines: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Address ranges of libraries' code and constants as they are in their files, of a table like smaps (proc(5)).

    The kernel maps whatever of a library stands in its page cache around each page that is touched: tens of megabytes
    of code that ran once or never. Dropped, a page that is needed is mapped again from the same cache. A page that the
    linker or a debugger has written to is anonymous and would be lost, so such a range stays; and so does one from a
    file's beginning, for a library is first mapped whole from there and other ranges are laid over it.
    """
    found = None
    for line in lines:
        field, *rest = line.split(maxsplit=5)
        if not field.endswith(":"):
            start, end = (int(address, 16) for address in field.split("-"))
            named = len(rest) == len(("mode", "offset", "device", "inode", "path")) and rest[-1].startswith("/")
            found = (start, end) if named and rest[0] in _UNWRITABLE and int(rest[1], 16) else None
        elif field == "Anonymous:" and found is not None and rest[0] == "0":
            yield found


@functools.cache
def _function(name: str) -> Callable[..., int] | None:
    try:
        return cast(Callable[..., int], getattr(ctypes.CDLL(None), name))
    except (AttributeError, OSError):
        return None

"""The kernel -> whether something keeps this machine's wall clock right, whichever program that is."""

import ctypes
from enum import StrEnum
from functools import cache
from pathlib import Path

_TIMESYNC = Path("/run/systemd/timesync")
_UNSYNCHRONISED = 5
"""TIME_ERROR (adjtimex(2)): chrony, ntpd and systemd-timesyncd alike take it away once the clock is set."""
_TIMEX_BYTES = 512
"""Room for struct timex, 208 bytes on 64-bit Linux."""


class Synchronised(StrEnum):
    """What is known of the wall clock."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def synchronised() -> Synchronised:
    """Ask the kernel; where it may not be asked, systemd's own note is read. Changes nothing, needs no rights."""
    libc = _libc()
    if hasattr(libc, "adjtimex"):
        # All zero: modes 0 reads and sets nothing.
        state = libc.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
        if state >= 0:
            return Synchronised.NO if state == _UNSYNCHRONISED else Synchronised.YES
    if not _TIMESYNC.is_dir():
        return Synchronised.UNKNOWN
    return Synchronised.YES if (_TIMESYNC / "synchronized").exists() else Synchronised.NO


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)

"""A Bluetooth device in; out, whether one of our programs on this computer uses it already, and if not, it is ours.

BlueZ tells that a device is connected, but not for whom: a watch that is just being paired by `edge-daemon pair` looks
like one that is kept for a dead program. So each program of ours takes a name in the kernel (an abstract socket,
unix(7)) before it connects. Of each name there is one, whichever user asks, and it is gone with its program.
"""

import errno
import os
import socket

from firmware_bridge.errors import LinkError, Trouble

_LONGEST = 107
"""Bytes of an abstract name (`sun_path` in unix(7), less the zero in front)."""


class InUseError(LinkError):
    """A device that one of our programs has already; the sentence says what to do."""


class Claim:
    """One device, held until the end of the block, or of this program."""

    def __init__(self, device: str) -> None:
        """``device`` is its path at BlueZ, which stays when a private address changes; InUseError if it is taken."""
        bus = os.environ.get("DBUS_SYSTEM_BUS_ADDRESS", "")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.bind(f"\0{f'vagus {device} {bus}'[:_LONGEST]}")
        except OSError as error:
            self._socket.close()
            if error.errno != errno.EADDRINUSE:
                raise LinkError(f"{name_of(device)} cannot be claimed: {error.strerror}") from error
            raise InUseError(
                f"vagus uses {name_of(device)} on this computer already; stop the daemon, or wait until it is done",
                Trouble.REFUSED,
            ) from error

    def __enter__(self) -> "Claim":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


def name_of(device: str) -> str:
    """``/org/bluez/hci0/dev_F0_F1_...`` as ``F0:F1:...``."""
    return device.rpartition("/dev_")[2].replace("_", ":")

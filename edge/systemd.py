"""What the service manager is told: datagrams of sd_notify(3), or nothing where there is no service manager."""

import logging
import os
import socket
from collections.abc import Mapping

log = logging.getLogger("vagus")

_MICRO = 1_000_000


class Systemd:
    """Speaks to the socket that systemd names in NOTIFY_SOCKET; without one every call does nothing."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._status = ""
        self.watchdog_s = _watchdog_s(environment)
        """Within this time a sign of life is due; None when systemd does not wait for any."""

    def ready(self) -> None:
        """Everything is open: units that wait for this one may start."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`, sent when it changes. It is readable by every user of the machine."""
        if text != self._status:
            self._status = text
            self._send(f"STATUS={text}")

    def alive(self) -> None:
        """A sign of life."""
        self._send("WATCHDOG=1")

    def reloading(self, monotonic_ns: int) -> None:
        """A reload begins; `ready` ends it. systemd wants CLOCK_MONOTONIC to tell this reload from the one before."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={monotonic_ns // 1000}")

    def stopping(self) -> None:
        """The end has begun."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        # A name that begins with @ is an abstract one (unix(7)).
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
                line.setblocking(False)
                line.sendto(message.encode(), address)
        except OSError as error:
            # Not worth an end: without signs of life systemd restarts us anyway.
            log.warning("systemd did not hear %s: %s", message.partition("=")[0], error)


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    """sd_watchdog_enabled(3): the time in WATCHDOG_USEC, if it is meant for this process."""
    usec, pid = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not usec.isdecimal() or int(usec) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(usec) / _MICRO

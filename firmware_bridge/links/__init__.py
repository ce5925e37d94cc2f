"""Ways to a device: packets in, writes out; a link carries bytes and knows no meaning."""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from firmware_bridge.errors import AddressError
from firmware_bridge.links.address import Address


@dataclass(frozen=True, slots=True)
class Packet:
    """What a device sent at once: one notification, one frame or one line."""

    source: str
    """UUID of the characteristic, or ``stream`` for a frame from serial or TCP."""
    payload: bytes
    arrived_ns: int
    """When it reached this host, on the clock that ``open_link`` was given."""


class Link(Protocol):
    """An open way to one device. Only one reader may iterate its packets."""

    def packets(self) -> AsyncIterator[Packet]:
        """Every packet from now on; ends when the link ends for good, raises LinkError when the device is lost."""
        ...

    async def write(self, target: str, payload: bytes) -> None:
        """Send bytes to a characteristic (or ``stream``); raise LinkError if they cannot be delivered."""
        ...

    async def read(self, target: str) -> bytes:
        """Ask for the value of a characteristic; raise LinkError if it cannot be had."""
        ...

    def counts(self) -> Mapping[str, int]:
        """What happened so far: ``packets``, and where they apply ``dropped``, ``garbage`` (bytes), ``reconnects``."""
        ...


def open_link(
    address: str, *, now: Callable[[], int] = time.monotonic_ns, speed: float = 1.0
) -> AbstractAsyncContextManager[Link]:
    """Open a link by its address; raise AddressError (at once) or LinkError (on entering).

    ``ble:F0:F1:F2:F3:F4:F5`` or ``ble:NAME`` | ``serial:/dev/serial/by-id/...?baud=115200`` | ``tcp:HOST:PORT`` |
    ``replay:FILE`` | ``virtual:wearer?seed=1`` | ``virtual:recording?file=FILE&subject=S02&start=0``.
    ``speed`` runs a replay's or a virtual watch's time faster than the host's; ``now`` stamps the packets.
    """
    if not speed > 0:
        raise AddressError(f"speed must be above 0, got {speed}; 1 is real time, 20 is twenty times faster")
    where = Address.parse(address)
    # Imported when asked for: a device that only replays needs no radio stack in memory.
    match where.scheme:
        case "ble":
            from firmware_bridge.links.ble import open_ble

            return open_ble(where, now=now)
        case "serial":
            from firmware_bridge.links.serial import open_serial

            return open_serial(where, now=now)
        case "tcp":
            from firmware_bridge.links.tcp import open_tcp

            return open_tcp(where, now=now)
        case "replay":
            from firmware_bridge.links.replay import open_replay

            return open_replay(where, now=now, speed=speed)
        case "virtual":
            from firmware_bridge.virtual.link import open_virtual

            return open_virtual(where, now=now, speed=speed)
        case _:
            known = "ble:, serial:, tcp:, replay: and virtual:"
            raise AddressError(f"no link is called {where.scheme!r} in {address!r}; there are {known}")

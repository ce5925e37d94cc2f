"""A board on a serial port as a link: bytes become packets, packets go out as bytes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from serial import Serial, SerialException

from firmware_bridge.errors import AddressError, LinkError, Trouble
from firmware_bridge.links import Packet
from firmware_bridge.links.address import Address
from firmware_bridge.links.backoff import running
from firmware_bridge.links.formats import Format, chosen
from firmware_bridge.links.line import Line
from firmware_bridge.links.pace import Sleep

_BAUD = 115200
_SLOWEST, _FASTEST = 50, 4_000_000
"""Of Linux (termios(3), asm-generic/termbits.h)."""
_WRITE_S = 2.0


def open_serial(
    where: Address, *, now: Callable[[], int], sleep: Sleep = asyncio.sleep
) -> AbstractAsyncContextManager["SerialLink"]:
    """Open ``serial:/dev/serial/by-id/...?baud=115200&format=stream``; AddressError at once, LinkError on entering.

    A board that is unplugged is opened anew when it is back: give its by-id path, which stays the same.
    """
    where.only({"baud", "format"})
    baud = where.whole("baud", _BAUD)
    if not _SLOWEST <= baud <= _FASTEST:
        raise AddressError(f"{where.text!r}: baud must lie between {_SLOWEST} and {_FASTEST}, got {baud}")
    return _opened(SerialLink(where.place, baud, chosen(where), now, sleep), f"serial {where.place}")


@asynccontextmanager
async def _opened(link: "SerialLink", name: str) -> AsyncGenerator["SerialLink"]:
    try:
        await link.connect()
        async with running(link.keep(), name):
            yield link
    finally:
        link.disconnect()


class SerialLink:
    """One board."""

    def __init__(self, path: str, baud: int, filled: Format, now: Callable[[], int], sleep: Sleep) -> None:
        self._path = path
        self._baud = baud
        self._sleep = sleep
        self._line = Line(filled, now)
        self._port: Serial | None = None
        self._gone = asyncio.Event()

    @property
    def offers(self) -> frozenset[str]:
        return frozenset({self._line.format.source})

    def packets(self) -> AsyncIterator[Packet]:
        """Whole frames, also after the board was plugged in again; raises LinkError when it stays away."""
        return self._line.packets()

    async def write(self, target: str, payload: bytes) -> None:
        """Send one packet; there is only one way it can go, so ``target`` is the format's source."""
        port = self._port
        if target != self._line.format.source or port is None:
            raise LinkError(f"cannot write to {target} on {self._path}; this line carries {self._line.format.source!r}")
        try:
            # A full buffer blocks, so it blocks a thread; the port's own time limit ends it.
            await asyncio.to_thread(port.write, self._line.format.wrap(payload))
        except (SerialException, OSError, TypeError, ValueError) as error:
            # pyserial forgets its descriptor when the port is closed under a write that waits
            raise LinkError(f"cannot write to {self._path}: {error}") from error

    async def read(self, target: str) -> bytes:
        raise LinkError(f"a serial board has nothing to read at {target}; it only streams", Trouble.REFUSED)

    def counts(self) -> Mapping[str, int]:
        return self._line.counts()

    async def revive(self) -> None:
        """Close a port that has fallen silent, so that it is opened anew, which starts many boards anew, too."""
        if self._port is not None:
            self._gone.set()

    async def connect(self) -> None:
        """Open the port, once; raise LinkError."""
        try:
            self._port = port = Serial(self._path, self._baud, timeout=0, write_timeout=_WRITE_S)
        except PermissionError as error:
            raise LinkError(_denied(self._path), Trouble.NO_PERMISSION) from error
        except (SerialException, OSError, ValueError) as error:
            if "Permission denied" in str(error):
                raise LinkError(_denied(self._path), Trouble.NO_PERMISSION) from error
            raise LinkError(
                f"cannot open {self._path}: {error}; is the board plugged in?", Trouble.OUT_OF_REACH
            ) from error
        self._gone.clear()
        asyncio.get_running_loop().add_reader(port.fileno(), self._readable, port)

    def disconnect(self) -> None:
        """Close the port."""
        port, self._port = self._port, None
        if port is not None:
            asyncio.get_running_loop().remove_reader(port.fileno())
            port.close()

    async def keep(self) -> None:
        """Open the port again whenever the board went away, until nothing helps."""
        while True:
            await self._gone.wait()
            self.disconnect()
            if not await self._line.mend(self.connect, self._sleep):
                return

    def _readable(self, port: Serial) -> None:
        try:
            data = port.read(4096)
        except (SerialException, OSError):
            data = b""
        if not data:
            # Readable without data: the board was unplugged.
            asyncio.get_running_loop().remove_reader(port.fileno())
            self._gone.set()
            return
        self._line.feed(data)


def _denied(path: str) -> str:
    return f"no permission to open {path}; add this user to the group dialout"

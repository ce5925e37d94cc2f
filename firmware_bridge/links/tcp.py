"""A device behind a TCP port as a link: an ESP32 on Wi-Fi, or Empatica's streaming server."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from firmware_bridge import codec
from firmware_bridge.errors import AddressError, LinkError, Trouble
from firmware_bridge.links import Packet
from firmware_bridge.links.address import Address
from firmware_bridge.links.backoff import Backoff, running
from firmware_bridge.links.formats import Format, chosen
from firmware_bridge.links.line import Line
from firmware_bridge.links.pace import Sleep
from firmware_bridge.messages import E4Command

_CONNECT_S = 10.0
_WRITE_S = 5.0
_LASTING_NS = 10_000_000_000
"""A connection that ends sooner was none: a server that is busy says so in a line and hangs up."""
_DEVICE = re.compile(r"[\w.:-]+", re.ASCII)


def open_tcp(
    where: Address, *, now: Callable[[], int], sleep: Sleep = asyncio.sleep
) -> AbstractAsyncContextManager["TcpLink"]:
    """Open ``tcp:HOST:PORT?format=stream`` or ``tcp:HOST:28000?format=e4&device=9ff167``.

    ``device`` is asked of Empatica's server on every connection. A connection that ends is made anew.
    Raises AddressError at once, LinkError on entering.
    """
    where.only({"format", "device"})
    host, port = _endpoint(where)
    return _opened(TcpLink(host, port, chosen(where), _greeting(where), now, sleep), f"tcp {where.place}")


@asynccontextmanager
async def _opened(link: "TcpLink", name: str) -> AsyncGenerator["TcpLink"]:
    try:
        await link.connect()
        async with running(link.keep(), name):
            yield link
    finally:
        await link.disconnect()


class TcpLink:
    """One connection, made again when it breaks."""

    def __init__(
        self, host: str, port: int, filled: Format, greeting: bytes, now: Callable[[], int], sleep: Sleep
    ) -> None:
        self._host = host
        self._port = port
        self._line = Line(filled, now)
        self._now = now
        self._greeting = greeting
        self._sleep = sleep
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    @property
    def offers(self) -> frozenset[str]:
        return frozenset({self._line.format.source})

    def packets(self) -> AsyncIterator[Packet]:
        """Whole packets, across connections; raises LinkError when the device stays away."""
        return self._line.packets()

    async def write(self, target: str, payload: bytes) -> None:
        """Send one packet; there is only one way it can go, so ``target`` is the format's source."""
        if target != self._line.format.source:
            raise LinkError(
                f"cannot write to {target}; this line carries {self._line.format.source!r}", Trouble.REFUSED
            )
        await self._send(self._line.format.wrap(payload))

    async def read(self, target: str) -> bytes:
        raise LinkError(f"a TCP line has nothing to read at {target}; it only streams", Trouble.REFUSED)

    def counts(self) -> Mapping[str, int]:
        return self._line.counts()

    async def connect(self) -> None:
        """Connect, once; raise LinkError."""
        try:
            async with asyncio.timeout(_CONNECT_S):
                self._streams = await asyncio.open_connection(self._host, self._port)
        except (OSError, TimeoutError) as error:
            reason = error.strerror or f"no answer in {_CONNECT_S:g} s"
            raise LinkError(f"cannot connect to {self._host}:{self._port}: {reason}", Trouble.OUT_OF_REACH) from error
        try:
            if self._greeting:
                await self._send(self._greeting)
        except LinkError:
            await self.disconnect()
            raise

    async def revive(self) -> None:
        """End a connection that has fallen silent, so that it is made anew; without one, that is under way already."""
        if self._streams is not None:
            self._streams[1].close()

    async def disconnect(self) -> None:
        """Close the connection; one that is broken already is let go."""
        streams, self._streams = self._streams, None
        if streams is not None:
            streams[1].close()
            try:
                async with asyncio.timeout(_WRITE_S):
                    await streams[1].wait_closed()
            except (OSError, TimeoutError):
                return

    async def keep(self) -> None:
        """Read until the connection breaks, then make it anew, until nothing helps.

        A device that soon hangs up, as one that serves somebody else, is not asked again at once.
        """
        backoff = Backoff()
        while True:
            begun_ns = self._now()
            await self._listen()
            await self.disconnect()
            if self._now() - begun_ns >= _LASTING_NS:
                backoff.reset()
            else:
                await self._sleep(backoff.wait_s())
            if not await self._line.mend(self.connect, self._sleep):
                return

    async def _listen(self) -> None:
        """Pass on what comes, until the end."""
        if self._streams is None:
            return
        with suppress(OSError):  # reset by the other side: the same as its end
            while data := await self._streams[0].read(4096):
                self._line.feed(data)

    async def _send(self, data: bytes) -> None:
        if self._streams is None:
            raise LinkError(f"{self._host}:{self._port} is not connected now; a reconnect is under way")
        try:
            async with asyncio.timeout(_WRITE_S):
                self._streams[1].write(data)
                await self._streams[1].drain()
        except (OSError, TimeoutError) as error:
            raise LinkError(f"cannot write to {self._host}:{self._port}: {error or 'no room'}") from error


def _endpoint(where: Address) -> tuple[str, int]:
    host, _, port = where.place.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise AddressError(f"{where.text!r} lacks a port; try tcp:192.168.1.20:3333")
    host = host.strip("[]")
    try:
        host.encode("idna")
    except UnicodeError as error:
        raise AddressError(f"{where.text!r}: {host!r} is no name of a computer; try tcp:192.168.1.20:3333") from error
    return host, int(port)


def _greeting(where: Address) -> bytes:
    device = where.options.get("device")
    if device is None:
        return b""
    if where.options.get("format") != "e4":
        raise AddressError(f"{where.text!r}: device is asked of Empatica's server; add format=e4, or leave it out")
    if not _DEVICE.fullmatch(device):
        raise AddressError(f"{where.text!r}: {device!r} is no name of a device; try device=9ff167")
    return codec.encode(E4Command("device_connect", (device,)))[1]

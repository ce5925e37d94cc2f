"""A cable between a client and a broker that can be cut, pinched and mended."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from edge.relay.address import BrokerAddress

_LATE_S = 0.02
"""A slow broker's delay of everything that goes either way."""


class Cable:
    """Passes bytes both ways, until it is hurt.

    `cut` ends every connection and refuses new ones, `pinch` keeps them and passes nothing, `slow` passes late.
    """

    def __init__(self, far: BrokerAddress) -> None:
        self.address = BrokerAddress("127.0.0.1", 0, far.tls)
        self.connections = 0
        """How many were ever opened."""
        self._far = far
        self._open = asyncio.Event()
        self._open.set()
        self._whole = True
        self._late_s = 0.0
        self._writers: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        self._whole = False
        for writer in self._writers.copy():
            writer.transport.abort()

    def join(self) -> None:
        self._whole = True

    def pinch(self) -> None:
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    def slow(self) -> None:
        self._late_s = _LATE_S

    def quicken(self) -> None:
        self._late_s = 0.0

    def mend(self) -> None:
        """All is well again."""
        self.join()
        self.release()
        self.quicken()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            if not self._whole:
                writer.transport.abort()
                return
            far_reader, far_writer = await asyncio.open_connection(self._far.host, self._far.port)
            self._writers.add(far_writer)
            try:
                async with asyncio.TaskGroup() as ways:
                    ways.create_task(self._pass(reader, far_writer))
                    ways.create_task(self._pass(far_reader, writer))
            finally:
                self._writers.discard(far_writer)
                far_writer.close()
        except OSError:
            pass  # the broker is away: so is the cable's far end
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await self._open.wait()
                if self._late_s:
                    await asyncio.sleep(self._late_s)
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


@asynccontextmanager
async def cable(far: BrokerAddress) -> AsyncGenerator[Cable]:
    """Lay a cable to a broker; connect to its `address`."""
    laid = Cable(far)
    server = await asyncio.start_server(laid.serve, "127.0.0.1", 0)
    laid.address = BrokerAddress("127.0.0.1", server.sockets[0].getsockname()[1], far.tls)
    try:
        yield laid
    finally:
        server.close()
        laid.mend()
        laid.cut()
        await server.wait_closed()

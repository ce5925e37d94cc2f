"""A cable between a client and a broker that can be cut, pinched and mended."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from edge.relay.address import BrokerAddress


class Cable:
    """Passes bytes both ways. `cut` ends every connection and refuses new ones; `pinch` keeps them, passing nothing."""

    def __init__(self, far: BrokerAddress) -> None:
        self.address = BrokerAddress("127.0.0.1", 0, far.tls)
        self.connections = 0
        """How many were ever opened."""
        self._far = far
        self._open = asyncio.Event()
        self._open.set()
        self._whole = True
        self._writers: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        self._whole = False
        for writer in self._writers.copy():
            writer.transport.abort()

    def pinch(self) -> None:
        self._open.clear()

    def mend(self) -> None:
        self._whole = True
        self._open.set()

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

"""A web server that holds so many connections and no more: the daemon needs its descriptors itself."""

import asyncio

from aiohttp import web


async def listen(runner: web.AppRunner, host: str, port: int, most: int) -> asyncio.Server:
    """Serve a runner that is set up; connections beyond ``most`` are closed unheard. OSError when the port is taken."""
    serve = runner.server
    if serve is None:
        raise OSError(f"what {host}:{port} would serve is not set up")

    def connect() -> asyncio.BaseProtocol:
        return serve() if len(serve.connections) < most else _Closed()

    return await asyncio.get_running_loop().create_server(connect, host, port)


class _Closed(asyncio.Protocol):
    """Answers a connection too many: not at all."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()

"""The page, served: settings and a source in, an address out."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator
from pathlib import Path

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Middleware

from edge.clock import Clock
from edge.panel.assets import read_assets
from edge.panel.bounded import listen
from edge.panel.broadcast import Broadcast
from edge.panel.errors import PanelError
from edge.panel.guard import guard, harden
from edge.panel.pairing import Pairer, PairingDesk
from edge.panel.recordings import Recordings
from edge.panel.routes import Routes, tell
from edge.panel.served import Panel, at
from edge.panel.settings import PanelSettings
from edge.panel.sign_in import SignIn
from edge.panel.snapshot import Source

BODY = 16 * 1024
"""Bytes of a request's body: notes of 4,000 letters fit, nothing larger is ever sent by the page."""
CONNECTIONS = 64
"""Open at once; more are closed unheard."""
_LEAVE_S = 2.0


@contextlib.asynccontextmanager
async def open_panel(
    settings: PanelSettings, source: Source, pairer: Pairer, clock: Clock, folder: Path
) -> AsyncGenerator[Panel]:
    """Serve the page for the time of an `async with`; PanelError when the port cannot be had.

    ``folder`` is where recordings go when a tester makes one.
    """
    sign_in = SignIn(clock) if settings.lan else None
    recordings = Recordings(folder, clock, lambda: source.snapshot().watch.link, source.at_rest)
    broadcast = Broadcast(source, lambda: {"session": recordings.running, "pairing": desk.now})
    desk = PairingDesk(pairer, broadcast.refresh)
    routes = Routes(source, broadcast, recordings, desk, read_assets(), sign_in)
    runner = web.AppRunner(
        application(routes, guard(settings.names, sign_in)),
        access_log=None,
        logger=_quiet(),
        handle_signals=False,
        shutdown_timeout=_LEAVE_S,
        keepalive_timeout=30.0,
        max_line_size=4096,
        max_field_size=4096,
    )
    await runner.setup()
    beating = asyncio.create_task(broadcast.run(), name="page")
    try:
        server = await _listen(runner, settings)
        async with server:
            yield at(settings, server.sockets[0].getsockname()[1], None if sign_in is None else sign_in.token)
            server.close()
            broadcast.close()
    finally:
        beating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beating
        await runner.cleanup()
        await desk.cancel()
        source.record(None)
        recordings.close()


def application(routes: Routes, middleware: Middleware) -> web.Application:
    """Every route behind the guard, every answer hardened, every body bounded."""
    app = web.Application(middlewares=[tell, middleware], client_max_size=BODY)
    app.on_response_prepare.append(harden)
    app.add_routes(routes.table())
    return app


async def _listen(runner: web.AppRunner, settings: PanelSettings) -> asyncio.Server:
    try:
        return await listen(runner, settings.address, settings.port, CONNECTIONS)
    except OSError as error:
        raise PanelError(
            f"the page cannot be served at {settings.address}:{settings.port} ({error.strerror}); "
            "set panel.port to another one, or to 0 for any that is free"
        ) from error


class _Garbage(logging.Filter):
    """Requests that are no HTTP, or not packed as they say, are the sender's fault; a log full of them were ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, HttpProcessingError | web.RequestPayloadError)


def _quiet() -> logging.Logger:
    logger = logging.getLogger("vagus.page")
    if not logger.filters:
        logger.addFilter(_Garbage())
    return logger

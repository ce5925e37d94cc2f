"""`/healthz`, `/readyz` and `/metrics` on loopback, for whoever looks after the machine."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from edge.metrics import exposition
from edge.panel.bounded import listen
from edge.panel.guard import is_ours
from edge.refusal import RefusalError
from edge.settings import HEALTH_HOST

if TYPE_CHECKING:
    from edge.daemon import Daemon

CONNECTIONS = 32
"""Open at once; more are closed unheard."""
_TEXT = "text/plain; version=0.0.4; charset=utf-8"


def healthy(daemon: "Daemon") -> tuple[bool, dict[str, object]]:
    """Whether every lane moves, and those that do not."""
    stuck = daemon.watchdog.stuck
    return not stuck, {"healthy": not stuck, "stuck": list(stuck), "restarts": dict(daemon.watchdog.budget.spent)}


def ready(daemon: "Daemon") -> tuple[bool, dict[str, object]]:
    """Whether an alert would be raised and sent now: some sensor is there, the disk takes it, the broker hears us."""
    sensors = daemon.sensors()
    parts: dict[str, bool] = {
        "sensor": "online" in sensors.values(),
        "outbox": daemon.relay.durable,
        "broker": daemon.relay.connected,
        "lanes": not daemon.watchdog.stuck,
    }
    fine = all(parts.values())
    leads = {"leads": dict(daemon.leads.words)} if daemon.leads.words else {}
    return fine, {"ready": fine, **parts, "sensors": dict(sensors), "bundle": daemon.bundle.label, **leads}


@contextlib.asynccontextmanager
async def open_health_page(daemon: "Daemon", port: int) -> AsyncGenerator[int]:
    """Serve it on ``port``, 0 for a free one, and give the port; RefusalError when it is taken."""

    async def healthz(request: web.Request) -> web.Response:  # noqa: ARG001  aiohttp hands it over
        return _answer(*healthy(daemon))

    async def readyz(request: web.Request) -> web.Response:  # noqa: ARG001
        return _answer(*ready(daemon))

    async def metrics(request: web.Request) -> web.Response:  # noqa: ARG001
        return web.Response(body=exposition(daemon), headers={"Content-Type": _TEXT})

    app = web.Application(middlewares=[_by_its_own_name])
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        server = await _listen(runner, port)
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            server.close()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, port: int) -> asyncio.Server:
    try:
        return await listen(runner, HEALTH_HOST, port, CONNECTIONS)
    except OSError as error:
        raise RefusalError(
            f"health.port {port} on {HEALTH_HOST} cannot be used ({error.strerror}); choose another"
        ) from error


@web.middleware
async def _by_its_own_name(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A page of another site could else read the answers by DNS rebinding."""
    if not is_ours(request.host, ()):
        return web.Response(status=421, text="ask for this by its IP address or as localhost\n")
    return await handler(request)


def _answer(fine: bool, told: dict[str, object]) -> web.Response:
    return web.Response(body=msgspec.json.encode(told), status=200 if fine else 503, content_type="application/json")

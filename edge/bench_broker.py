"""A broker to measure against: the operator's, else mosquitto, else the one inside this process."""

import asyncio
import contextlib
import shutil
import socket
import tempfile
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncGenerator
from pathlib import Path

from edge.settings import Settings

_START_S = 20.0


@contextlib.asynccontextmanager
async def broker(settings: Settings) -> AsyncGenerator[tuple[str, str]]:
    """Its address, and what it is, for as long as it is needed."""
    if settings.mqtt.broker:
        yield settings.mqtt.broker, "the settings'"
        return
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        from edge.relay.broker import local_broker

        async with local_broker() as address:
            yield str(address), "in-process"
        return
    with tempfile.TemporaryDirectory(prefix="vagus-broker-") as place:
        port, config = _free_port(), Path(place) / "mosquitto.conf"
        config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
        process = await asyncio.create_subprocess_exec(program, "-c", str(config), stdout=DEVNULL, stderr=DEVNULL)
        try:
            await _answers(port)
            yield f"127.0.0.1:{port}", "mosquitto"
        finally:
            process.terminate()
            await process.wait()


async def _answers(port: int) -> None:
    async with asyncio.timeout(_START_S):
        while True:
            with contextlib.suppress(ConnectionRefusedError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                await writer.wait_closed()
                return
            await asyncio.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    return int(port)

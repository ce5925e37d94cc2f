"""A real broker to start, stop and kill: mosquitto, with what it was told kept over restarts."""

import asyncio
import shutil
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from edge.relay.address import BrokerAddress

PROGRAM = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")

needs_mosquitto = pytest.mark.skipif(
    PROGRAM is None, reason="mosquitto is not installed; `apt-get install mosquitto` brings it"
)

_START_S = 30.0
_NONSENSE = bytes.fromhex("e0 00") + bytes(14)
"""A DISCONNECT before any CONNECT, and no TLS: the broker hangs up, which proves that it reads."""


class Mosquitto:
    """One broker in one directory, on one port; it may be started many times."""

    def __init__(self, directory: Path, *lines: str, tls: bool = False, anonymous: bool = True) -> None:
        self.address = BrokerAddress("127.0.0.1", free_port(), tls)
        self.log: list[str] = []
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._settings = directory / "mosquitto.conf"
        directory.mkdir(exist_ok=True)
        self._settings.write_text(
            "\n".join(
                (
                    "user root",
                    "persistence true",
                    f"persistence_location {directory}/",
                    "max_queued_messages 0",
                    "log_type all",
                    f"listener {self.address.port} 127.0.0.1",
                    f"allow_anonymous {str(anonymous).lower()}",
                    *lines,
                    "",
                )
            )
        )

    async def start(self) -> None:
        """Run it, and return when it answers."""
        assert PROGRAM is not None
        self._process = await asyncio.create_subprocess_exec(
            PROGRAM, "-c", str(self._settings), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        running = asyncio.Event()
        self._reader = asyncio.create_task(self._read(self._process, running))
        async with asyncio.timeout(_START_S):
            await running.wait()
            assert self._process.returncode is None, "\n".join(self.log)
            await self._greet()

    async def stop(self) -> None:
        """End it as a shutdown does: it saves what it holds."""
        await self._end(kill=False)

    async def kill(self) -> None:
        """End it as a power cut does."""
        await self._end(kill=True)

    async def _greet(self) -> None:
        # It says that it runs a moment before its loop does, and forgets a SIGTERM that comes in between.
        reader, writer = await asyncio.open_connection(self.address.host, self.address.port)
        writer.write(_NONSENSE)
        with suppress(ConnectionError):
            await reader.read()
        writer.transport.abort()

    async def _end(self, kill: bool) -> None:
        if self._process is None or self._reader is None:
            return
        if self._process.returncode is None:
            self._process.kill() if kill else self._process.terminate()
        async with asyncio.timeout(_START_S):
            await self._process.wait()
        await self._reader
        self._process = None

    async def _read(self, process: asyncio.subprocess.Process, running: asyncio.Event) -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            self.log.append(line.decode(errors="replace").rstrip())
            if self.log[-1].endswith(" running"):
                running.set()
        running.set()  # it ended: do not let start() wait


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    assert isinstance(port, int)
    return port

"""A raiser in a process of its own: started, listened to, ordered, killed."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from edge.relay.address import BrokerAddress
from tests.edge.relay.listening import PATIENCE_S

_PROGRAM = Path(__file__).with_name("raiser.py")
Promise = tuple[str, int]
"""Id and sequence of an alert for which `raise_alert` returned."""


class Raiser:
    """One process, and what it promised so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.promised: list[Promise] = []
        self.raised = 0
        """Promised or not."""

    async def read_until(self, enough: int | str) -> str:
        """Read on until so many were raised, or a line begins with a word; that line, or "" at the end."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while True:
                line = (await self.process.stdout.readline()).decode().strip()
                word, _, rest = line.partition(" ")
                self.raised += word in ("raised", "held")
                if word == "raised":
                    name, sequence = rest.split()
                    self.promised.append((name, int(sequence)))
                if not line or (isinstance(enough, str) and line.startswith(enough)):
                    return line
                if isinstance(enough, int) and self.raised >= enough:
                    return line

    async def order(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        await self.process.stdin.drain()

    async def kill(self) -> None:
        """SIGKILL: nothing is flushed, nobody says goodbye. What it had promised by then is read to the end."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
        await self.read_until("the end")
        await self.process.wait()
        assert self.process.stdin is not None
        self.process.stdin.close()


async def start_raiser(
    outbox: Path,
    broker: BrokerAddress,
    *,
    count: int = 0,
    every_s: float = 0,
    drain_s: float = 0,
    ack_timeout_s: float = 30,
) -> Raiser:
    """Start a process that raises ``count`` alerts, then waits ``drain_s`` for the broker."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        str(_PROGRAM),
        str(outbox),
        str(broker),
        f"--count={count}",
        f"--every={every_s}",
        f"--drain={drain_s}",
        f"--ack-timeout={ack_timeout_s}",
        "--orders",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    started = Raiser(process)
    assert (await started.read_until("started")).startswith("started")
    return started


@asynccontextmanager
async def raiser(outbox: Path, broker: BrokerAddress, *, count: int = 0, drain_s: float = 0) -> AsyncGenerator[Raiser]:
    """Run a raiser; it is killed at the end if it still runs."""
    started = await start_raiser(outbox, broker, count=count, drain_s=drain_s)
    try:
        yield started
    finally:
        await started.kill()

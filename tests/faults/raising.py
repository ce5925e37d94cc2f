"""A raiser in a process of its own: started, listened to, killed."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.relay.address import BrokerAddress
from tests.edge.relay.listening import PATIENCE_S

_PROGRAM = Path(__file__).with_name("raiser.py")


@dataclass
class Raiser:
    """The process, and what it promised so far: (id, sequence) of every alert that `raise_alert` returned for."""

    process: asyncio.subprocess.Process
    promised: list[tuple[str, int]]

    async def read_until(self, enough: int | str) -> str:
        """Read on until so many alerts were promised, or a line begins with a word; that line, or "" at the end."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while True:
                line = (await self.process.stdout.readline()).decode().strip()
                if line.startswith("raised "):
                    _, name, sequence = line.split()
                    self.promised.append((name, int(sequence)))
                if not line or (isinstance(enough, str) and line.startswith(enough)):
                    return line
                if isinstance(enough, int) and len(self.promised) >= enough:
                    return line

    async def kill(self) -> None:
        """SIGKILL: nothing is flushed, nobody says goodbye. What it had promised by then is read to the end."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
        await self.read_until("the end")
        await self.process.wait()


@asynccontextmanager
async def raiser(outbox: Path, broker: BrokerAddress, *, count: int = 0, drain_s: float = 0) -> AsyncGenerator[Raiser]:
    """Run a raiser; it is killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        str(_PROGRAM),
        str(outbox),
        str(broker),
        f"--count={count}",
        f"--drain={drain_s}",
        stdout=subprocess.PIPE,
    )
    started = Raiser(process, [])
    try:
        assert (await started.read_until("started")).startswith("started")
        yield started
    finally:
        await started.kill()

"""A daemon in a process of its own: started, listened to, ordered, killed."""

import asyncio
import multiprocessing
import socket
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess

from edge.clock import seconds
from edge.flow import Modality
from tests.edge.relay.listening import PATIENCE_S
from tests.faults.guard import Duty, stand_guard
from tests.faults.raising import Promise

_FORKS = multiprocessing.get_context("forkserver")
# Everything a daemon imports is imported once, in the server that forks; what it opens and starts is its own.
_FORKS.set_forkserver_preload(["__main__", "tests.faults.guard", "edge.inference.runtime", "edge.sensing.face"])


@dataclass(frozen=True, slots=True)
class Sign:
    """A sensor was at work: its newest packet or frame was judged; host times in ns."""

    sensor: Modality
    at: int
    """When that had been judged,"""
    taken: int
    """and when it had come."""


class Guard:
    """One process, what it raised and what it said so far."""

    def __init__(self, process: ForkServerProcess, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.raised: list[Promise] = []
        self.signs: list[Sign] = []
        self.said: list[str] = []
        self._process = process
        self._writer = writer
        self._stirred = asyncio.Event()
        self._reading = asyncio.create_task(self._read(reader))

    async def shows(self, sensor: Modality, since: int) -> float:
        """Seconds from ``since`` until a sensor is heard or seen again; waits for it."""
        try:
            return await self._shown(sensor, since)
        except TimeoutError as error:
            self.order("tell")
            await self._until_told()
            raise TimeoutError(f"no {sensor} in {PATIENCE_S:g} s; {self}") from error

    async def _shown(self, sensor: Modality, since: int) -> float:
        async with asyncio.timeout(PATIENCE_S):
            while not (found := [one.at for one in self.signs if one.sensor is sensor and one.taken >= since]):
                assert not self._reading.done(), f"the daemon died; {self}"
                self._stirred.clear()
                await self._stirred.wait()
        return seconds(found[0] - since)

    def order(self, line: str) -> None:
        self._writer.write(f"{line}\n".encode())

    async def end(self) -> int:
        """Let it end as a service ends; how many alerts the broker has not acknowledged."""
        self.order("end")
        await self._gone()
        assert self._process.exitcode == 0, f"exit code {self._process.exitcode}; {self}"
        word, _, left = self.said[-1].partition(" ")
        assert word == "drained", str(self)
        return int(left)

    async def kill(self) -> None:
        """SIGKILL; what it had promised by then is read to the end. It must have lived until now."""
        assert not self._reading.done(), f"the daemon died before it was killed; {self}"
        self._process.kill()
        await self._gone()

    async def let_go(self) -> None:
        """End it, whatever became of it."""
        self._process.kill()
        await self._gone()

    def __str__(self) -> str:
        return "\n".join(["it said:", *self.said[-20:]])

    async def _until_told(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not ((self.said and self.said[-1].startswith("counts")) or self._reading.done()):
                self._stirred.clear()
                await self._stirred.wait()

    async def _gone(self) -> None:
        async with asyncio.timeout(2 * PATIENCE_S):
            await self._reading
            await asyncio.to_thread(self._process.join)
        self._writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while line := (await reader.readline()).decode():
            word, *rest = line.split()
            if word == "raised":
                name, sequence, at, saw, modalities = rest
                self.raised.append((name, int(sequence)))
                if Modality.FACE in modalities.split("+"):
                    self.signs.append(Sign(Modality.FACE, int(at), int(saw)))
            elif word == "heard":
                self.signs.append(Sign(Modality.WRIST, *map(int, rest)))
            else:
                self.said.append(line.strip())
            self._stirred.set()
        self._stirred.set()


async def start_guard(duty: Duty) -> Guard:
    """Start a daemon; it may not stand yet."""
    ours, theirs = socket.socketpair()
    process = _FORKS.Process(target=stand_guard, args=(duty, theirs), daemon=True)
    await asyncio.to_thread(process.start)
    theirs.close()
    reader, writer = await asyncio.open_connection(sock=ours)
    return Guard(process, reader, writer)

"""A daemon in a process of its own: started, listened to, ordered, killed."""

import asyncio
import multiprocessing
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess

from edge.clock import seconds
from edge.flow import Modality
from tests.edge.relay.listening import PATIENCE_S
from tests.faults.guard import Duty, stand_guard
from tests.faults.raising import Promise

_FORKS = multiprocessing.get_context("forkserver")
# Everything a daemon imports is imported once, in the server that forks; what it opens and starts is its own. Each
# child imports the program of its parent anew: that is cheap when what stands in it is there already.
_FORKS.set_forkserver_preload(
    [
        "tests.faults.guard",
        "tests.faults.trial",
        "edge.inference.runtime",
        "edge.sensing.face",
        "rich.progress",
        "pytest",
    ]
)
_TURN = threading.Lock()


@dataclass(frozen=True, slots=True)
class Sign:
    """A sensor was at work: its newest packet or frame was judged; host times in ns."""

    sensor: Modality
    at: int
    """When that had been judged,"""
    taken: int
    """and when it had come."""


class Guard:
    """One process, what it raised and what it said so far; each line goes to ``tell``, too."""

    def __init__(
        self,
        process: ForkServerProcess,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        tell: Callable[[str], None],
    ) -> None:
        self.raised: list[Promise] = []
        self.held: list[Promise] = []
        """Alerts that no disk took: they arrive if the process lives on."""
        self.signs: list[Sign] = []
        self.said: list[str] = []
        self._settled: dict[int, int] = {}
        self._orders = 0
        self._process = process
        self._writer = writer
        self._tell = tell
        self._stirred = asyncio.Event()
        self._reading = asyncio.create_task(self._read(reader))

    async def shows(self, sensor: Modality, since: int) -> float:
        """Seconds from ``since`` until a sensor is heard or seen again; waits for it."""

        def found() -> list[int]:
            return [one.at for one in self.signs if one.sensor is sensor and one.taken >= since]

        await self._until(lambda: bool(found()), f"no {sensor}")
        return seconds(found()[0] - since)

    def settle(self) -> int:
        """Ask when the broker will have everything; the question's number."""
        self._orders += 1
        self.order(f"settle {self._orders}")
        return self._orders

    async def settled(self, number: int) -> int:
        """When the broker had everything, in ns of the host; waits for it."""
        await self._until(lambda: number in self._settled, "the broker has not everything")
        return self._settled[number]

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

    async def _until(self, holds: Callable[[], bool], sorry: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._stirs(holds)
        except TimeoutError as error:
            self.order("tell")
            async with asyncio.timeout(PATIENCE_S):
                await self._stirs(lambda: self.said[-1:] != [] and self.said[-1].startswith("counts"))
            raise TimeoutError(f"{sorry} in {PATIENCE_S:g} s; {self}") from error

    async def _stirs(self, holds: Callable[[], bool]) -> None:
        while not holds():
            assert not self._reading.done(), f"the daemon died; {self}"
            self._stirred.clear()
            await self._stirred.wait()

    async def _gone(self) -> None:
        async with asyncio.timeout(2 * PATIENCE_S):
            await self._reading
            await asyncio.to_thread(_in_turn, self._process.join)
        self._writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with suppress(ConnectionResetError):  # it was killed before it had read all orders; what it said was read
            while line := (await reader.readline()).decode():
                self._tell(line.strip())
                self._take(line.strip())
                self._stirred.set()
        self._stirred.set()

    def _take(self, line: str) -> None:
        match line.split():
            case ["raised" | "held" as verb, name, sequence, at, saw, modalities]:
                (self.raised if verb == "raised" else self.held).append((name, int(sequence)))
                if Modality.FACE in modalities.split("+"):
                    self.signs.append(Sign(Modality.FACE, int(at), int(saw)))
            case ["heard", at, received]:
                self.signs.append(Sign(Modality.WRIST, int(at), int(received)))
            case ["settled", number, at]:
                self._settled[int(number)] = int(at)
            case _:
                self.said.append(line)


def _in_turn(act: Callable[[], None]) -> None:
    # A start asks after all processes; one that another thread waits for would then be asked twice for its exit code.
    with _TURN:
        act()


async def start_guard(duty: Duty, tell: Callable[[str], None]) -> Guard:
    """Start a daemon; it may not stand yet."""
    ours, theirs = socket.socketpair()
    process = _FORKS.Process(target=stand_guard, args=(duty, theirs), daemon=True)
    await asyncio.to_thread(_in_turn, process.start)
    theirs.close()
    reader, writer = await asyncio.open_connection(sock=ours)
    return Guard(process, reader, writer, tell)

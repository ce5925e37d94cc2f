"""A virtual watch behind a TCP port that can lose its link, fall silent, stall, start anew or spoil what it says."""

import asyncio
import random
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, suppress

from edge.clock import HostNs, SystemClock, nanoseconds, seconds
from firmware_bridge import gatt
from firmware_bridge.errors import LinkError
from firmware_bridge.framing import Cobs
from firmware_bridge.virtual.personality import Spoken
from firmware_bridge.virtual.watch import Watch
from firmware_bridge.virtual.wearer import wear
from tests.faults.mosquitto import free_port
from tests.faults.schedule import Fault

_SHARE = 0.25
"""Of the packets that a spoiling fault takes hold of."""
_LATEST = 24
"""A late packet is overtaken by fewer others than this: two seconds of watch time."""


class Band:
    """One watch on one wrist, living ``speed`` times as fast as its host, for whoever connects."""

    def __init__(self, seed: int, speed: float) -> None:
        self.port = free_port()
        self.lived_s = 0.0
        """How long the watch has been worn."""
        self._chance = random.Random(seed)
        self._speed = speed
        self._clock = SystemClock()
        self._faults: set[Fault] = set()
        self._clients: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._stalled: list[bytes] = []
        self._late: deque[tuple[int, bytes]] = deque()
        self._said = 0
        self._passed = asyncio.Event()
        self._begin()

    @property
    def address(self) -> str:
        return f"tcp:127.0.0.1:{self.port}"

    async def live(self) -> None:
        """Be worn and talk, until cancelled."""
        while True:
            watch, said = self._watch, next(self._spoken)
            due = self._worn + nanoseconds(said.at_ns / 1e9 / self._speed)
            await asyncio.sleep(max(0.0, seconds(due - self._clock.now())))
            if watch is not self._watch:
                continue  # it was started anew meanwhile
            self.lived_s = self._before_s + said.at_ns / 1e9
            self._passed.set()
            if said.source == gatt.STREAM:
                self._say(said.payload)

    async def lived(self, s: float) -> None:
        """Wait until the watch has been worn so many seconds more."""
        until_s = self.lived_s + s
        while self.lived_s < until_s:
            self._passed.clear()
            await self._passed.wait()

    async def suffer(self, fault: Fault, *, mend: bool = False) -> None:
        """Be hurt, or be mended."""
        if fault is Fault.WATCH_ANEW:
            self._begin()
            return
        (self._faults.discard if mend else self._faults.add)(fault)
        if fault in (Fault.WATCH_GONE, Fault.WATCH_HANGS_UP):
            self._hang_up()
            await (self.stop() if Fault.WATCH_GONE in self._faults else self.start())
        elif fault is Fault.WATCH_STALLS and mend:
            self._send(b"".join(self._stalled))
            self._stalled.clear()

    async def start(self) -> None:
        """Be in reach."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        """Be out of reach."""
        if self._server is not None:
            self._server.close()
            self._hang_up()
            await self._server.wait_closed()
            self._server = None

    def _begin(self) -> None:
        """Wake with a clock and counters of its own, as after a new battery."""
        self._before_s = self.lived_s
        self._watch = Watch(boot_ms=self._chance.randrange(1 << 32))
        self._spoken: Iterator[Spoken] = self._watch.speak(wear(self._chance.randrange(1000)))
        self._worn: HostNs = self._clock.now()

    def _hang_up(self) -> None:
        for writer in self._clients.copy():
            writer.transport.abort()

    def _say(self, payload: bytes) -> None:
        self._said += 1
        if not self._happens(Fault.PACKETS_LOST):
            self._pass(self._spoilt(Cobs.stuff(payload)))
        while self._late and self._late[0][0] <= self._said:
            self._send(self._late.popleft()[1])

    def _pass(self, frame: bytes) -> None:
        if self._happens(Fault.PACKETS_LATE):
            self._late.append((self._said + self._chance.randrange(1, _LATEST), frame))
            return
        self._send(frame)
        if self._happens(Fault.PACKETS_TWICE):
            self._send(frame)
        if self._happens(Fault.PACKETS_TWICE):
            self._late.append((self._said + self._chance.randrange(1, _LATEST), frame))

    def _happens(self, fault: Fault) -> bool:
        return self._chance.random() < _SHARE and fault in self._faults

    def _spoilt(self, frame: bytes) -> bytes:
        if not self._happens(Fault.PACKETS_GARBLED):
            return frame
        spoilt = bytearray(frame)
        for _ in range(self._chance.randint(1, 4)):
            spoilt[self._chance.randrange(len(spoilt))] ^= self._chance.randint(1, 255)
        return bytes(spoilt[: self._chance.randint(1, len(spoilt))])

    def _send(self, data: bytes) -> None:
        if Fault.WATCH_SILENT in self._faults:
            return
        if Fault.WATCH_STALLS in self._faults:
            self._stalled.append(data)
            return
        for writer in self._clients:
            writer.write(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: it hears all that is said, and its commands are obeyed."""
        if Fault.WATCH_HANGS_UP in self._faults:
            writer.transport.abort()
            return
        self._clients.add(writer)
        commands = Cobs()
        try:
            with suppress(OSError):
                while data := await reader.read(4096):
                    for frame in commands.feed(data):
                        with suppress(LinkError):
                            self._watch.write(gatt.SERIAL_STREAM, frame)
        finally:
            self._clients.discard(writer)
            writer.transport.abort()


@asynccontextmanager
async def band(seed: int, speed: float) -> AsyncGenerator[Band]:
    """Wear a watch for the time of the block."""
    worn = Band(seed, speed)
    await worn.start()
    living = asyncio.create_task(worn.live(), name="band")
    try:
        yield worn
    finally:
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)
        await worn.stop()

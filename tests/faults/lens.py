"""A camera that is a pipe of pictures: it can be unplugged, freeze, or give pictures whose bytes are spoilt."""

import array
import asyncio
import fcntl
import os
import random
import termios
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import cv2

from edge.flow import Image
from tests.faults.schedule import Fault

_LOOK_S = 0.01
"""How often it is looked whether somebody has opened the pipe."""
_SIZE = (320, 240)
_MOST_UNREAD = 20_000
"""Bytes; a pipe that holds more is left alone, so that every picture fits in whole: a pipe takes 65,536."""


class Lens:
    """Writes one face as JPEG, ``fps`` times a second, to whoever has the pipe open."""

    def __init__(self, path: Path, face: Image, fps: float, seed: int) -> None:
        self.path = path
        coded, data = cv2.imencode(".jpg", cv2.resize(face, _SIZE), [cv2.IMWRITE_JPEG_QUALITY, 70])
        assert coded
        self._picture = data.tobytes()
        assert len(self._picture) < _MOST_UNREAD
        self._period_s = 1 / fps
        self._chance = random.Random(seed)
        self._faults: set[Fault] = set()
        self._writing: asyncio.Task[None] | None = None

    async def suffer(self, fault: Fault, *, mend: bool = False) -> None:
        """Be hurt, or be mended."""
        (self._faults.discard if mend else self._faults.add)(fault)
        if fault is Fault.CAMERA_GONE:
            await (self.plug() if mend else self.unplug())

    async def plug(self) -> None:
        """Be there."""
        os.mkfifo(self.path)
        self._writing = asyncio.create_task(self._write(), name="lens")

    async def unplug(self) -> None:
        """Be gone: the pipe ends, and so does its name."""
        if self._writing is None:
            return
        self._writing.cancel()
        await asyncio.gather(self._writing, return_exceptions=True)
        self._writing = None
        # Whoever waits in open() for us to come would wait for ever once the name is gone.
        os.close(os.open(self.path, os.O_RDWR | os.O_NONBLOCK))
        self.path.unlink()

    async def _write(self) -> None:
        while True:
            with suppress(OSError):  # nobody looks, or no longer
                await self._show()
            await asyncio.sleep(_LOOK_S)

    async def _show(self) -> None:
        pipe = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
        try:
            while True:
                if Fault.CAMERA_FROZEN not in self._faults and _unread(pipe) < _MOST_UNREAD:
                    os.write(pipe, self._spoilt() if Fault.CAMERA_SPOILT in self._faults else self._picture)
                await asyncio.sleep(self._period_s)
        finally:
            os.close(pipe)

    def _spoilt(self) -> bytes:
        spoilt = bytearray(self._picture)
        for _ in range(self._chance.randint(1, 200)):
            spoilt[self._chance.randrange(len(spoilt))] ^= self._chance.randint(1, 255)
        return bytes(spoilt[: self._chance.randint(len(spoilt) // 2, len(spoilt))])


def _unread(pipe: int) -> int:
    count = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


@asynccontextmanager
async def lens(path: Path, face: Image, fps: float, seed: int) -> AsyncGenerator[Lens]:
    """Plug a camera in for the time of the block; ``path`` ends in `.mjpeg`."""
    plugged = Lens(path, face, fps, seed)
    await plugged.plug()
    try:
        yield plugged
    finally:
        await plugged.unplug()

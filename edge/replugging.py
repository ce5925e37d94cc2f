"""A camera that failed -> how long it is left alone: a while where it is away, long where its driver hangs."""

import asyncio

from edge.clock import Clock, HostNs, nanoseconds, seconds
from edge.sensing.pictures import device_path
from firmware_bridge.links.backoff import Backoff

REOPEN_S, LONGEST_S = 2.0, 60.0
"""Pauses before a camera that is away is looked for again grow between them;"""
HUNG_LONGEST_S = 3600.0
_HUNG_FACTOR = 6.0
"""those after a hung driver grow faster: each attempt leaves a thread behind that only the end of the process frees."""
_LOOK_S = 2.0


class Replugging:
    """The pauses of one camera. One that hangs is tried at once when its device is plugged anew, and no sooner else."""

    def __init__(self, source: str, clock: Clock) -> None:
        self._path = device_path(source) if source.startswith("device:") else None
        self._away = Backoff(REOPEN_S, LONGEST_S)
        self._hung = Backoff(REOPEN_S, HUNG_LONGEST_S, factor=_HUNG_FACTOR)
        self._clock = clock
        self._not_before = clock.now()
        """One that hung is left alone until then, however often it is wanted anew meanwhile,"""
        self._hung_as: tuple[int, int] | None = None
        """as long as its device is the one that hung."""

    def reset(self) -> None:
        """It works."""
        self._away.reset()
        self._hung.reset()
        self._not_before = self._clock.now()

    async def wait(self, hung: bool) -> None:
        """Until the camera, which failed just now, may be tried again."""
        if not hung:
            await asyncio.sleep(self._away.wait_s())
            return
        self._not_before = HostNs(self._clock.now() + nanoseconds(self._hung.wait_s()))
        self._hung_as = self._plugged()
        await self.rest()

    async def rest(self) -> None:
        """What is left of the pause of one that hung: whoever waited for it may have been called away."""
        while (left := self._not_before - self._clock.now()) > 0:
            if self._plugged() != self._hung_as:
                return
            await asyncio.sleep(min(seconds(left), _LOOK_S))

    def _plugged(self) -> tuple[int, int] | None:
        """What a device is told by until it is plugged anew; None while it is away, or of what is no device."""
        try:
            status = self._path.stat() if self._path is not None else None
        except OSError:
            return None
        return (status.st_ino, status.st_ctime_ns) if status is not None else None

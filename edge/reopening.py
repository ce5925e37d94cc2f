"""A watch that cannot be opened: how long to wait before the next try, and when to reset the adapter."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from firmware_bridge.errors import LinkError, Trouble
from firmware_bridge.links.address import Address
from firmware_bridge.links.backoff import Backoff
from firmware_bridge.links.pace import Sleep

log = logging.getLogger("vagus")

FIRST_S, LAST_S = 4.0, 60.0
"""Pauses grow between them, each drawn from its upper half; a watch that comes home is heard within a minute."""
RESCUE_EACH = 4
"""Tries in vain, one after the other, before the adapter is suspected; and again after as many more."""
_RADIO_TROUBLES = (Trouble.LOST, Trouble.OUT_OF_REACH, Trouble.NO_ADAPTER)
"""What a reset may cure; a wrong passkey or a missing permission stays what it is."""

Rescuer = Callable[[], Awaitable[str | None]]
"""Resets the adapter in use and names it; None when it had better not."""


class Reopening:
    """Of one watch. Tell it of each try in vain, and of what was heard: then it begins anew."""

    def __init__(
        self,
        rescuer: Rescuer | None = None,
        *,
        sleep: Sleep = asyncio.sleep,
        draw: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.failed = 0
        """Tries in vain since the watch was last heard."""
        self._told = self._told_of_adapter = ""
        """What is in the way, as the log has it; a watch may be away for weeks."""
        self._rescuer = rescuer
        self._sleep = sleep
        self._backoff = Backoff(FIRST_S, LAST_S, draw)

    @property
    def reset_adapter(self) -> Callable[[], Awaitable[None]] | None:
        """For a session whose watch has fallen silent: the same rescue, with the same memory of its last one."""
        return self._rescue if self._rescuer is not None else None

    def heard(self) -> None:
        """The watch speaks."""
        if self.failed:
            self.failed = 0
            self._told = self._told_of_adapter = ""
            self._backoff.reset()

    async def stuck(self) -> None:
        """A try ended after a long silence, which was pause enough."""
        await self._count(Trouble.LOST)

    async def wait(self, error: LinkError) -> None:
        """A try ended with this error: tell it, if it is news, and do what may help, then pause."""
        if str(error) != self._told:
            self._told = str(error)
            log.warning("%s", error)
        await self._count(error.trouble)
        await self._sleep(self._backoff.wait_s())

    async def _count(self, trouble: Trouble) -> None:
        self.failed += 1
        if self.failed % RESCUE_EACH or trouble not in _RADIO_TROUBLES:
            return
        try:
            await self._rescue()
        except LinkError as error:
            if str(error) != self._told_of_adapter:
                self._told_of_adapter = str(error)
                log.warning("the Bluetooth adapter cannot be reset: %s", error)

    async def _rescue(self) -> None:
        adapter = None if self._rescuer is None else await self._rescuer()
        if adapter is not None:
            log.warning("the Bluetooth adapter %s was reset: the watch is silent, and so is all else", adapter)


def rescuer(address: str, now: Callable[[], int]) -> Rescuer | None:
    """That of a watch by radio; D-Bus is imported only where there is one."""
    where = Address.parse(address)
    if where.scheme != "ble":
        return None
    from firmware_bridge.rescue import Rescue

    return Rescue(where.place, now)

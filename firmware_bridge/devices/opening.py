"""An address opened as a device: linked, recognised by what it offers, and attended."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Protocol, runtime_checkable

from firmware_bridge.devices import recognise_offer
from firmware_bridge.devices.session import LocalTime, attend
from firmware_bridge.links import Link, open_link


@runtime_checkable
class Offering(Protocol):
    """A link that can say what its device has."""

    @property
    def offers(self) -> frozenset[str]: ...


@runtime_checkable
class Named(Protocol):
    """A link that can say what its device calls itself."""

    @property
    def name(self) -> str: ...


@asynccontextmanager
async def open_device(
    address: str,
    *,
    now: Callable[[], int] = time.monotonic_ns,
    speed: float = 1.0,
    reset_adapter: Callable[[], Awaitable[None]] | None = None,
    local_time: LocalTime = lambda: None,
) -> AsyncGenerator[Link]:
    """As ``open_link``, with the device started, kept alive, revived and, on leaving, stopped.

    A replay, or a device of no known family, is only linked. Raises what ``open_link`` and ``attend`` raise.
    """
    async with open_link(address, now=now, speed=speed) as link:
        name = link.name if isinstance(link, Named) else ""
        family = recognise_offer(link.offers, name) if isinstance(link, Offering) else None
        if family is None:
            yield link
        else:
            async with attend(link, family, now=now, reset_adapter=reset_adapter, local_time=local_time) as session:
                yield session

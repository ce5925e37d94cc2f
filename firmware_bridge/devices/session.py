"""A device that is looked after: started, kept alive, noticed when it falls silent, revived, and always stopped."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Protocol, runtime_checkable

from firmware_bridge import codec, gatt
from firmware_bridge.devices.family import Family, Quantity
from firmware_bridge.errors import LinkError, Trouble
from firmware_bridge.links import Link, Packet
from firmware_bridge.links.backoff import running
from firmware_bridge.links.pace import Sleep
from firmware_bridge.messages import Command

_TICK_S = 1.0
_AHEAD = 64
"""Packets that may wait for the reader."""
_STOP_S = 5.0
"""For all stop commands together: a device that is out of reach must not hold up the end."""
_BATTERY_S = 600.0
"""How often a battery is read: most devices notify its level when it changes, and some never."""
_CLOCK_S = 3600.0
"""How often a watch's clock is set anew: it drifts, and summer time begins and ends without a reconnect."""
_SECOND_NS = 1_000_000_000
LocalTime = Callable[[], datetime | None]
"""The host's local time, to set watches by; None while it cannot be trusted."""


@runtime_checkable
class Revivable(Protocol):
    """A link that can be made anew when its device has fallen silent."""

    async def revive(self) -> None: ...


@asynccontextmanager
async def attend(
    link: Link,
    family: Family,
    *,
    now: Callable[[], int],
    sleep: Sleep = asyncio.sleep,
    reset_adapter: Callable[[], Awaitable[None]] | None = None,
    local_time: LocalTime = lambda: None,
) -> AsyncGenerator["Session"]:
    """Start the device, look after it, and stop it on leaving, whatever the reason for leaving.

    Raises LinkError if the device does not want to be started. ``reset_adapter`` is the last resort against silence;
    ``local_time`` sets the clock of a device that has one to be set.
    """
    session = Session(link, family, now, sleep, reset_adapter, local_time)
    try:
        await session.start()
        async with running(session.listen(), f"{family.name} packets"), running(session.tend(), f"{family.name} care"):
            yield session
    finally:
        await session.stop()


class Session:
    """One attended device; a Link itself, so that whoever reads packets need not know."""

    def __init__(
        self,
        link: Link,
        family: Family,
        now: Callable[[], int],
        sleep: Sleep,
        reset_adapter: Callable[[], Awaitable[None]] | None,
        local_time: LocalTime,
    ) -> None:
        self.family = family
        self.revivals = 0
        self._link = link
        self._now = now
        self._sleep = sleep
        self._reset_adapter = reset_adapter
        self._local_time = local_time
        # Waits when its reader does: a link that can wait does so too, one that cannot has its own bounded queue.
        self._queue: asyncio.Queue[Packet | LinkError | None] = asyncio.Queue(_AHEAD)
        self._heard_ns: int | None = None
        self._opened_ns = self._tended_ns = now()
        self._alive_ns = self._polled_ns = self._set_ns = self._begun_ns = now()
        self._charged_ns: int | None = None
        """When the battery was last asked for; None while it is to be asked for at once."""
        self._battery_s = _BATTERY_S if Quantity.BATTERY in family.gives else 0.0
        self._replies: dict[Command, bool] = {}
        """What a packet calls for, and whether it was sent already: the same refusal twice is final."""
        self._left_off = False
        self._reconnects = 0
        self._serial = gatt.SERIAL_STREAM in family.offers
        self._poll_s = family.poll_s
        self._wanted: dict[Quantity, float] = {}

    @property
    def silent(self) -> bool:
        """Nothing was heard for longer than this family may be quiet: its last values are not to be used."""
        limit_s = self.family.first_s if self._heard_ns is None else self.family.quiet_s
        since_ns = self._opened_ns if self._heard_ns is None else self._heard_ns
        return self._now() - since_ns > limit_s * _SECOND_NS

    def packets(self) -> AsyncIterator[Packet]:
        """The link's packets, and the values that were polled, as if they had been notified."""
        return self._read()

    async def write(self, target: str, payload: bytes) -> None:
        await self._link.write(target, payload)

    async def read(self, target: str) -> bytes:
        return await self._link.read(target)

    def counts(self) -> Mapping[str, int]:
        return {**self._link.counts(), "revivals": self.revivals}

    async def rate(self, quantity: Quantity, hz: float) -> None:
        """Give a quantity another rate, also after a reconnect; raise LinkError if the family or the device cannot."""
        self._replies.clear()
        await self._send(self.family.rate(quantity, hz))
        self._wanted[quantity] = hz

    def poll_every(self, s: float) -> None:
        """Poll this often, where the family is polled; that is its way to sample slower or faster."""
        if not self.family.polls:
            raise LinkError(f"{self.family.title} is not polled")
        self._poll_s = s

    async def start(self) -> None:
        """Send what starts the device, the time, and the rates that were asked for since."""
        self._replies.clear()
        await self._send(self.family.start)
        await self._set_clock()
        for quantity, hz in tuple(self._wanted.items()):  # another rate may be asked for meanwhile
            await self._send(self.family.rate(quantity, hz))

    async def stop(self) -> None:
        """Send what stops the device; one that cannot be reached any more is left as it is."""
        try:
            async with asyncio.timeout(_STOP_S):
                await self._send(self.family.stop)
        except (LinkError, TimeoutError):
            return

    async def listen(self) -> None:
        """Pass packets on and note when they came."""
        error: LinkError | None = None
        try:
            async for packet in self._link.packets():
                await self._hear(packet)
        except LinkError as lost:
            error = lost
        await self._queue.put(error)

    async def tend(self) -> None:
        """Every second: start anew after a reconnect, keep alive, poll, revive."""
        while True:
            await self._sleep(_TICK_S)
            try:
                await self._tend_once()
            except LinkError:
                # Not reachable just now: the link reconnects by itself, and the next second tries again.
                continue

    async def _tend_once(self) -> None:
        with suppress(LinkError):  # a device that takes no command is what reviving is for
            await self._look_after()
        if self.silent and self._due(self._tended_ns, self.family.first_s):
            await self._revive()

    async def _look_after(self) -> None:
        reconnects = self._link.counts().get("reconnects", 0)
        if reconnects != self._reconnects:
            await self.start()
            self._reconnects = reconnects
            self._tended_ns = self._now()
            self._charged_ns = None
        if self._left_off and self._due(self._begun_ns, self.family.first_s):
            await self._start_again()
        if self._due(self._alive_ns, self.family.keep_alive_s):
            self._alive_ns = self._now()
            await self._send(self._keep_alive())
        if self._due(self._set_ns, _CLOCK_S):
            await self._set_clock()
        if self._due(self._polled_ns, self._poll_s):
            self._polled_ns = self._now()
            for target in self.family.polls:
                await self._hear(Packet(target, await self._link.read(target), self._now()))
        for command in [command for command, sent in self._replies.items() if not sent]:
            self._replies[command] = True
            await self._send([command])
        if self._charged_ns is None or self._due(self._charged_ns, self._battery_s):
            await self._ask_battery()

    def _keep_alive(self) -> Sequence[Command]:
        kept = self.family.kept
        asked = [self.family.rate(quantity, hz) for quantity, hz in self._wanted.items() if quantity in kept]
        return asked[-1] if asked else self.family.keep_alive

    async def _ask_battery(self) -> None:
        """As if it had been notified; a device that has no battery service is not asked again."""
        self._charged_ns = self._now()
        if not self._battery_s:
            return
        try:
            level = await self._link.read(gatt.BATTERY_LEVEL)
        except LinkError as error:
            if error.trouble is Trouble.REFUSED:
                self._battery_s = 0.0
            return
        await self._hear(Packet(gatt.BATTERY_LEVEL, level, self._now()))

    async def _start_again(self) -> None:
        """Start what has left off, not sooner than a start may take; what still runs is none the worse."""
        self._begun_ns, self._left_off = self._now(), False
        try:
            await self.start()
        except LinkError:
            self._left_off = True
            raise

    async def _set_clock(self) -> None:
        """A device that does not take the time, as an old firmware, is none the worse for what it measures."""
        self._set_ns = self._now()
        at = self._local_time()
        if self.family.set_clock is not None and at is not None:
            try:
                await self._send(self.family.set_clock(at))
            except LinkError as error:
                if error.trouble is not Trouble.REFUSED:
                    raise

    async def _revive(self) -> None:
        """Ask again; if that was in vain the last time, connect anew; then reset the adapter."""
        self._tended_ns = self._now()
        self.revivals += 1
        step = self.revivals % 3
        if step == 0 and self._reset_adapter is not None:
            await self._reset_adapter()
        elif step != 1 and isinstance(self._link, Revivable):
            await self._link.revive()
        else:
            await self.start()

    def _due(self, last_ns: int, every_s: float) -> bool:
        return every_s > 0 and self._now() - last_ns >= every_s * _SECOND_NS

    async def _hear(self, packet: Packet) -> None:
        if self.family.measures(packet.source, packet.payload):
            self._heard_ns = packet.arrived_ns
            self.revivals = 0
        if self.family.reply is not None:
            for command in self.family.reply(packet.source, packet.payload):
                self._replies.setdefault(command, False)
        if self.family.left_off is not None and self.family.left_off(packet.source, packet.payload):
            self._left_off = True
        await self._queue.put(packet)

    async def _read(self) -> AsyncIterator[Packet]:
        while (heard := await self._queue.get()) is not None:
            if isinstance(heard, LinkError):
                raise heard
            yield heard

    async def _send(self, commands: Sequence[Command]) -> None:
        for command in commands:
            target, payload = codec.encode(command)
            await self._link.write(gatt.SERIAL_STREAM if self._serial else target, payload)

"""The outbox -> one connection: every message in order, a few on the way at once, deleted once acknowledged."""

import asyncio
from collections import deque
from collections.abc import Callable

from edge.clock import Clock, HostNs
from edge.relay.alerts import stamp_published
from edge.relay.errors import OutboxError
from edge.relay.outbox import Outbox
from edge.relay.session import Session
from edge.relay.store import Row
from edge.relay.topics import Topics

_PAGE = 64
_RETRY_S = 1.0


class Sender:
    """What is on the way to the broker. A new connection begins again with the oldest that is not acknowledged."""

    def __init__(self, outbox: Outbox, clock: Clock, in_flight: int, on_trouble: Callable[[str], None]) -> None:
        self._outbox = outbox
        self._clock = clock
        self._in_flight = in_flight
        self._on_trouble = on_trouble
        self._flights: dict[int, tuple[Row, HostNs]] = {}
        self._ready: deque[Row] = deque()
        self._last = 0
        self._moved = asyncio.Event()

    @property
    def waiting_ns(self) -> int:
        """For how long the oldest on the way has waited for its PUBACK; 0 when nothing is on the way."""
        sent = next((sent for _, sent in self._flights.values()), None)
        return 0 if sent is None else self._clock.now() - sent

    def offer(self, row: Row) -> None:
        """Just stored: it need not be read back when it is the very next to send."""
        if row.position == self._last + 1 and len(self._ready) < _PAGE:
            self._ready.append(row)
            self._last = row.position
        self._moved.set()

    def wake(self) -> None:
        """Something was stored, or the connection has ended."""
        self._moved.set()

    async def send(self, session: Session, topics: Topics) -> None:
        """Lane: until the connection ends; BrokerError when it does so while we write."""
        self._flights.clear()
        self._ready.clear()
        self._last = 0
        while not session.is_closed:
            self._moved.clear()
            if not self._ready:
                # What was offered while we waited for the disk is past `_last` no more.
                found = await self._page(self._last)
                self._ready.extend(row for row in found if row.position > self._last)
                self._last = max(self._last, self._ready[-1].position if self._ready else 0)
            while self._ready and len(self._flights) < self._in_flight:
                self._publish(session, topics, self._ready.popleft())
            await self._moved.wait()

    def _publish(self, session: Session, topics: Topics, row: Row) -> None:
        packet = session.publish(
            topics.kind(row.kind),
            stamp_published(row.payload, self._clock.wall()),
            expiry_s=self._outbox.lifetime_s(row.priority),
        )
        self._flights[packet] = (row, self._clock.now())

    def find(self, packet: int) -> Row | None:
        """The message that has this packet number; None where it is none of ours."""
        row, _ = self._flights.get(packet, (None, 0))
        return row

    def acknowledged(self, packet: int) -> Row | None:
        """A PUBACK came: delete the message that it was for, and return it; None where it is none of ours."""
        row = self.find(packet)
        if row is not None:
            del self._flights[packet]
            self._outbox.acknowledge(row.position)
            self._moved.set()
        return row

    async def _page(self, last: int) -> list[Row]:
        while True:
            try:
                return await self._outbox.page(last, _PAGE)
            except OutboxError as error:
                self._on_trouble(str(error))
                await asyncio.sleep(_RETRY_S)

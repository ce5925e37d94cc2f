"""The outbox -> one connection: every message in order, a few on the way at once, deleted once acknowledged."""

import asyncio
import contextlib
import logging
from collections import deque

from edge.clock import Clock, HostNs
from edge.relay.alerts import stamp_published
from edge.relay.backoff import Backoff
from edge.relay.errors import OutboxError, UnreadableError
from edge.relay.outbox import Outbox
from edge.relay.refusals import Refusals, is_final
from edge.relay.session import Session
from edge.relay.store import Priority, Row
from edge.relay.topics import Topics

_log = logging.getLogger(__name__)
_PAGE = 64
_RETRY_S = 1.0


class Sender:
    """What is on the way to the broker. A new connection begins again with the oldest that is not acknowledged.

    So does a refusal (MQTT 5), after a rest that grows from one to the next, on the same connection: the message is
    kept, and until one is taken only one at a time is tried. A report is of less weight: one that the broker forbids
    is let go, for it must not stand in an alert's way.
    """

    def __init__(
        self,
        outbox: Outbox,
        clock: Clock,
        in_flight: int,
        backoff: Backoff,
        refusals: Refusals,
    ) -> None:
        self.refusal: str | None = None
        """Why the broker takes no message; None while it does."""
        self.unread: str | None = None
        """Why the outbox's file cannot be read; None while it can."""
        self._outbox = outbox
        self._clock = clock
        self._in_flight = in_flight
        self._backoff = backoff
        self._refusals = refusals
        self._flights: dict[int, tuple[Row, str, HostNs]] = {}
        """Each with its topic and when it left."""
        self._ready: deque[Row] = deque()
        self._last = 0
        self._again = False
        """One was refused, or older ones can be read again: begin anew once the others on the way are answered."""
        self._behind = False
        """What is sent comes from memory: older ones wait in a file that cannot be read."""
        self._moved = asyncio.Event()

    @property
    def waiting_ns(self) -> int:
        """For how long the oldest on the way has waited for its PUBACK; 0 when nothing is on the way."""
        sent = next((sent for _, _, sent in self._flights.values()), None)
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

    def go_on(self) -> None:
        """The broker may have room for another."""
        if self._ready:
            self._moved.set()

    async def send(self, session: Session, topics: Topics) -> None:
        """Lane: until the connection ends; BrokerError when it does so while we write."""
        self._flights.clear()
        self._begin()
        while not session.is_closed:
            self._moved.clear()
            if self._again and not self._flights:
                await self._rest(session)
                self._begin()
                continue
            if not self._ready:
                # What was offered while we waited for the disk is past `_last` no more.
                found = await self._page(session, self._last)
                self._ready.extend(row for row in found if row.position > self._last)
                self._last = max(self._last, self._ready[-1].position if self._ready else 0)
            at_once = 1 if self.refusal else self._in_flight
            while self._ready and len(self._flights) < at_once and session.room > 0 and not self._again:
                self._publish(session, topics.kind(self._ready[0].kind), self._ready.popleft())
            await self._moved.wait()

    def acknowledged(self, packet: int, refusal: str | None) -> Row | None:
        """A PUBACK came: delete the message that it was for, and return it.

        None where it is none of ours, or was refused.
        """
        row, topic, _ = self._flights.pop(packet, (None, "", 0))
        if row is None:
            return None
        self._moved.set()
        if refusal is not None:
            self._refused(row, topic, refusal)
            return None
        self._outbox.acknowledge(row.position)
        self._backoff.reset()
        self._refusals.taken(row.kind)
        self.refusal = None
        return row

    def _begin(self) -> None:
        self._ready.clear()
        self._last = 0
        self._again = self._behind = False

    def _publish(self, session: Session, topic: str, row: Row) -> None:
        packet = session.publish(
            topic,
            stamp_published(row.payload, self._clock.wall()),
            expiry_s=self._outbox.left_s(row),
        )
        self._flights[packet] = (row, topic, self._clock.now())

    def _refused(self, row: Row, topic: str, refusal: str) -> None:
        if row.priority is Priority.REPORT and is_final(refusal):
            self._refusals.tell(row.kind, topic, refusal, "reports are let go")
            self._outbox.acknowledge(row.position)
            return
        self.refusal = self._refusals.tell(row.kind, topic, refusal, "what waits is kept and tried again")
        self._again = True

    async def _rest(self, session: Session) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._backoff.next_s()):
                await session.wait_closed()

    async def _page(self, session: Session, last: int) -> list[Row]:
        """The next to send; nothing when the connection ends before any can be read."""
        while not session.is_closed:
            try:
                found = await self._outbox.page(last, _PAGE)
            except OutboxError as error:
                if self.unread != str(error):
                    self.unread = str(error)
                    _log.warning("%s", error)
                if isinstance(error, UnreadableError) and error.held:
                    self._behind = True
                    return list(error.held)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_RETRY_S):
                        await session.wait_closed()
                continue
            self.unread = None
            if not self._behind:
                return found
            self._again = True
            self._moved.set()
            return []
        return []

"""Messages in, on the disk before `put` returns; out again in order until the broker has acknowledged them."""

import asyncio
import contextlib
import queue
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

from edge.clock import Clock, seconds
from edge.relay.errors import OutboxError, UnreadableError
from edge.relay.keeper import Keeper
from edge.relay.settings import OutboxSettings
from edge.relay.store import Priority, Row

_BATCH = 1024
"""Requests served by one commit at most."""
_CLOSED = "the outbox is closed: open it with `async with`"
_BEYOND = 2**62
"""Past every position."""
_QUIET_S = 1.0
"""After so long without a request the thread tidies up,"""
_IDLE_S = 60.0
"""and after that it looks only so often for what has grown too old."""


@dataclass(frozen=True, slots=True)
class _Put:
    id: str
    kind: str
    payload: bytes
    priority: Priority
    sequence: int
    done: asyncio.Future[Row]


@dataclass(frozen=True, slots=True)
class _Page:
    after: int
    limit: int
    done: asyncio.Future[list[Row]]


@dataclass(frozen=True, slots=True)
class _Acknowledged:
    position: int


@dataclass(frozen=True, slots=True)
class _Topic:
    topic: str
    kept: bool


@dataclass(frozen=True, slots=True)
class _Stop:
    done: asyncio.Future[None]


_Request = _Put | _Page | _Acknowledged | _Topic | _Stop
_Answer = TypeVar("_Answer")


class Outbox:
    """The outbox, an async context manager; its own thread does the waiting on disks.

    Requests that come close together share one commit, so that many callers wait for one fsync.
    """

    def __init__(self, settings: OutboxSettings, clock: Clock, *, max_pages: int | None = None) -> None:
        self._settings = settings
        self._keeper = Keeper(settings, clock, max_pages=max_pages)
        self._requests: queue.SimpleQueue[_Request] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._waiting: set[asyncio.Future[Any]] = set()
        self._sequence = 0
        self._open = False
        self.topics: frozenset[str] = frozenset()
        """Topics outside our own where something of us is retained, by this run or an earlier one."""

    async def __aenter__(self) -> Self:
        """Open the file; OutboxError with a sentence where that cannot be."""
        self._loop = asyncio.get_running_loop()
        await asyncio.to_thread(self._keeper.open)
        self._sequence = self._keeper.sequence
        self.topics = frozenset(self._keeper.topics)
        self._open = True
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open:
            stopped = self._watch(asyncio.Future[None]())
            self._open = False
            self._requests.put(_Stop(stopped))
            await asyncio.shield(stopped)
        self._thread.join()

    @property
    def pending(self) -> int:
        """Messages that the broker has not acknowledged."""
        return self._keeper.pending

    @property
    def recovered(self) -> int:
        """Alerts that a run before this one had left."""
        return self._keeper.recovered

    @property
    def dropped(self) -> dict[str, int]:
        """How many messages of each kind left unsent because a bound was reached."""
        return dict(self._keeper.dropped)

    @property
    def durable(self) -> bool:
        """False while the disk takes nothing."""
        return self._keeper.durable

    def next_sequence(self) -> int:
        """The next alert's number: from 1, kept over restarts once that alert is put."""
        self._sequence += 1
        return self._sequence

    async def put(
        self, id: str, kind: str, payload: bytes, *, priority: Priority = Priority.ALERT, sequence: int = 0
    ) -> Row:
        """Store one message and return it with its position; an alert is then on the disk.

        Raises NotDurableError when the disk takes nothing: the message is then kept in memory and sent from there.
        """
        done = self._watch(asyncio.Future[Row]())
        self._requests.put(_Put(id, kind, payload, priority, sequence, done))
        return await done

    async def page(self, after: int, limit: int) -> list[Row]:
        """At most ``limit`` messages past a position, in order; OutboxError where they cannot be read now."""
        done = self._watch(asyncio.Future[list[Row]]())
        self._requests.put(_Page(after, limit, done))
        return await done

    def acknowledge(self, position: int) -> None:
        """The broker has it: delete it soon."""
        if not self._open:
            raise OutboxError(_CLOSED)
        self._requests.put(_Acknowledged(position))

    def note_topic(self, topic: str, kept: bool) -> None:
        """Something of us is retained there, or no longer: kept over restarts, to be cleared when it is not wanted."""
        if (topic in self.topics) != kept:
            self.topics ^= {topic}
            self._requests.put(_Topic(topic, kept))

    async def settle(self) -> None:
        """Wait until everything asked so far is done."""
        with contextlib.suppress(UnreadableError):  # that was asked last, and all before it is done
            await self.page(_BEYOND, 1)

    def left_s(self, row: Row) -> int:
        """How much longer a message is worth keeping; 1 s at least."""
        days = self._settings.alert_days if row.priority is Priority.ALERT else self._settings.report_days
        return max(round(days * 86_400 - seconds(self._keeper.lifetime.ns - row.lived_ns)), 1)

    def _watch(self, done: asyncio.Future[_Answer]) -> asyncio.Future[_Answer]:
        if not self._open:
            raise OutboxError(_CLOSED)
        self._waiting.add(done)
        done.add_done_callback(self._waiting.discard)
        return done

    def _run(self) -> None:
        try:
            self._serve()
        finally:
            self._keeper.abandon()
            self._loop.call_soon_threadsafe(self._ended)

    def _ended(self) -> None:
        """The thread is gone; if nobody asked it to go, nobody shall wait for it."""
        self._open = False
        for done in self._waiting.copy():
            _resolve(done, OutboxError("the outbox stopped working, see the log: restart the daemon"))

    def _serve(self) -> None:
        """The thread: take what has gathered, commit once, answer all."""
        wait_s = _QUIET_S
        while True:
            try:
                batch = [self._requests.get(timeout=wait_s)]
            except queue.Empty:
                self._keeper.tidy()
                wait_s = _IDLE_S if self._keeper.durable else _QUIET_S
                continue
            wait_s = _QUIET_S
            while len(batch) < _BATCH:
                try:
                    batch.append(self._requests.get_nowait())
                except queue.Empty:
                    break
            if self._answer(batch):
                return

    def _answer(self, batch: list[_Request]) -> bool:
        puts = [request for request in batch if isinstance(request, _Put)]
        acknowledged = [request.position for request in batch if isinstance(request, _Acknowledged)]
        if puts or acknowledged:
            rows = [self._keeper.take(put.id, put.kind, put.payload, put.priority, put.sequence) for put in puts]
            failure = self._keeper.commit(acknowledged)
            for put, row in zip(puts, rows, strict=True):
                self._tell(put.done, row if failure is None else failure)
        for request in batch:
            if isinstance(request, _Topic):
                self._keeper.note_topic(request.topic, request.kept)
            if isinstance(request, _Page):
                try:
                    self._tell(request.done, self._keeper.page(request.after, request.limit))
                except OutboxError as error:
                    self._tell(request.done, error)
        stops = [request for request in batch if isinstance(request, _Stop)]
        if stops:
            self._keeper.close()
            for stop in stops:
                self._tell(stop.done, None)
        return bool(stops)

    def _tell(self, done: asyncio.Future[_Answer], answer: _Answer | OutboxError) -> None:
        self._loop.call_soon_threadsafe(_resolve, done, answer)


def _resolve(done: asyncio.Future[_Answer], answer: _Answer | OutboxError) -> None:
    if done.done():  # whoever asked was cancelled meanwhile
        return
    if isinstance(answer, OutboxError):
        done.set_exception(answer)
    else:
        done.set_result(answer)

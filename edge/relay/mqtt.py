"""Alerts and states -> the broker: alerts in order and until acknowledged, states newest first."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from types import TracebackType
from typing import Self

from edge.clock import Clock, HostNs, nanoseconds, seconds
from edge.flow import Alert
from edge.relay.address import BrokerAddress
from edge.relay.alerts import StateMessage, encode_alert, encode_state
from edge.relay.backoff import Backoff
from edge.relay.board import Board
from edge.relay.dial import Dialer
from edge.relay.errors import BrokerError
from edge.relay.hearing import Handler, Hearing
from edge.relay.names import Names
from edge.relay.outbox import Outbox
from edge.relay.refusals import Refusals
from edge.relay.seal import Seal, read_public_key
from edge.relay.sender import Sender
from edge.relay.session import Session
from edge.relay.settings import MqttSettings
from edge.relay.store import Priority
from edge.relay.topics import OFFLINE, ONLINE, Topics

_log = logging.getLogger(__name__)
_LOOK_S = 1.0
_GOODBYE_S = 2.0
_LASTED_NS = nanoseconds(60.0)
"""A connection that lasted so long was a good one: the next attempt need not wait for long."""


class Relay:
    """The link to the broker, an async context manager that keeps one task: connect, send, reconnect.

    Whatever was raised is sent until the broker has acknowledged it, over any number of restarts and outages, in
    the order of raising. A message may arrive twice, with the same id.
    """

    def __init__(
        self,
        settings: MqttSettings,
        outbox: Outbox,
        clock: Clock,
        *,
        address: BrokerAddress | None = None,
        on_acked: Callable[[str, HostNs], None] | None = None,
        chance: random.Random | None = None,
    ) -> None:
        """``address`` takes the place of the settings' broker, such as that of `local_broker`.

        ``on_acked(id, when)`` hears of every message whose PUBACK came, at the host time it came.
        """
        self.settings = settings
        self.names = Names(settings, clock)
        self.acked = 0
        """Messages acknowledged since the start."""
        self._topics = self.names.topics()
        self._dialer = Dialer(settings, address or settings.address)
        self._outbox = outbox
        self._clock = clock
        self._on_acked = on_acked
        self._backoff, resting = (Backoff(settings.reconnect_min_s, settings.reconnect_max_s, chance) for _ in range(2))
        self._refusals = Refusals(self._dialer.address, clock)
        self._session: Session | None = None
        self._trouble: str | None = None
        self._seal = Seal(read_public_key(settings.seal_to_file)) if settings.seal_to_file else None
        self._board = Board(outbox, clock, self._refusals, rotating=self.names.rotate)
        self._sender = Sender(outbox, clock, settings.in_flight, resting, self._refusals)
        self._speaking: list[asyncio.Task[None]] = []
        self._greeting: int | None = None
        self._goodbye: int | None = None
        self._left = False
        """We have gone: an ending connection is no trouble any more."""
        self._hearing = Hearing(self._refusals)
        self._moved = asyncio.Event()
        self._tasks = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Connect, again and again; post what is to be retained before, or what an earlier run posted is cleared."""
        self._board.clear_left(self._topics, unnamed=self.names.rotate)
        async with contextlib.AsyncExitStack() as stack:
            lanes = await stack.enter_async_context(asyncio.TaskGroup())
            task = lanes.create_task(self._run(), name="relay")
            stack.callback(task.cancel)
            self._tasks = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Say goodbye and leave; what is still pending stays in the outbox."""
        self._left = True
        if self._session is not None:
            await self._say_goodbye(self._session)
        return await self._tasks.__aexit__(kind, error, trace)

    @property
    def topics(self) -> Topics:
        """What we speak on now."""
        return self._topics

    @property
    def connected(self) -> bool:
        return self._session is not None

    @property
    def trouble(self) -> str | None:
        """Why there is no connection, or why nothing is taken or read; None while all is well and at first."""
        return self._trouble or self._sender.refusal or self._sender.unread

    @property
    def pending(self) -> int:
        """Messages that the broker has not acknowledged."""
        return self._outbox.pending

    @property
    def durable(self) -> bool:
        """False while the disk takes nothing."""
        return self._outbox.durable

    def next_sequence(self) -> int:
        """The number for the next alert."""
        return self._outbox.next_sequence()

    async def raise_alert(self, alert: Alert) -> None:
        """Take an alert on; when this returns it is on the disk, and will arrive.

        Raises NotDurableError when the disk takes nothing: the alert is then sent from memory.
        """
        await self._store(alert.id, "alert", encode_alert(alert), Priority.ALERT, alert.sequence)

    async def report(self, name: str, payload: bytes) -> None:
        """Take on a JSON object of less weight: sent like an alert, but the first to leave when there is no room."""
        await self._store(name, "report", payload, Priority.REPORT, 0)

    def publish_state(self, state: StateMessage) -> None:
        """Tell the state, now or when there is a connection again; only the newest is kept, and retained."""
        payload = encode_state(state)
        self._board.post("~/state", self._seal.close(payload) if self._seal else payload)

    def publish_retained(self, name: str, payload: bytes) -> None:
        """Keep a topic at its newest payload, over reconnects, too; an empty payload clears it.

        A name that begins with `~/` stands under our device. It is not sealed.
        """
        self._board.post(name, payload)

    def tell_again(self, name: str) -> None:
        """Publish a retained topic once more, unchanged."""
        self._board.tell_again(name)

    def listen(self, name: str, handler: Handler) -> None:
        """Hear a topic, over reconnects, too; `~/` stands for our device."""
        self._hearing.listen(name, handler)
        if self._session is not None:
            with contextlib.suppress(BrokerError):  # the next connection subscribes
                self._session.subscribe(self._topics.resolve(name))

    async def drain(self, timeout_s: float) -> bool:
        """Wait until everything is acknowledged; False when that took too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while True:
                    self._moved.clear()
                    await self._outbox.settle()
                    if not self.pending:
                        return True
                    await self._moved.wait()
        return False

    async def wait_connected(self, timeout_s: float) -> bool:
        """Wait for a connection; False when that took too long."""
        return await self.until(lambda: self.connected, timeout_s)

    async def until(self, holds: Callable[[], bool], timeout_s: float | None) -> bool:
        """Wait for a condition on this relay, looked at whenever something moved; False when that took too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not holds():
                    self._moved.clear()
                    await self._moved.wait()
        return holds()

    async def _store(self, name: str, kind: str, payload: bytes, priority: Priority, sequence: int) -> None:
        if self._seal:
            payload = self._seal.close(payload)
        try:
            self._sender.offer(await self._outbox.put(name, kind, payload, priority=priority, sequence=sequence))
        finally:
            self._sender.wake()

    async def _run(self) -> None:
        while not self._left:
            self._topics = self.names.topics()
            try:
                session = await self._dialer.dial(self._topics)
            except BrokerError as error:
                self._tell_trouble(str(error))
            else:
                self._trouble, began = None, self._clock.now()
                reason = await self._serve(session)
                if self._clock.now() - began >= _LASTED_NS:
                    self._backoff.reset()
                if self.names.due or self._left:
                    continue
                self._tell_trouble(f"broker {self._dialer.address}: {reason}")
            await asyncio.sleep(self._backoff.next_s())

    async def _serve(self, session: Session) -> str:
        """Use a connection until it ends; why it ended."""
        session.on_acknowledged = self._on_acknowledged
        self._session = session
        self._moved.set()
        try:
            async with asyncio.TaskGroup() as lanes:
                made = [
                    lanes.create_task(lane, name=f"relay {lane.__name__.strip('_')}")
                    for lane in (self._send(session), self._tell(session), session.keep(), self._watch(session))
                ]
                self._speaking = made[:2]
                reason = await session.wait_closed()
                self._sender.wake()
                self._board.wake()
            return reason
        finally:
            self._session = None
            self._moved.set()
            session.abort("left")

    async def _send(self, session: Session) -> None:
        """Lane: everything in the outbox."""
        with contextlib.suppress(BrokerError):  # the connection has ended
            await self._sender.send(session, self._topics)

    async def _tell(self, session: Session) -> None:
        """Lane: what we listen to, then that we are here, then the newest of every retained topic."""
        with contextlib.suppress(BrokerError):  # the connection has ended
            self._hearing.subscribe(session, self._topics)
            self._greeting = session.publish(self._topics.status, ONLINE, retain=not self.names.rotate)
            await self._board.tell(session, self._topics)

    async def _watch(self, session: Session) -> None:
        """Lane: leave a broker that takes messages and acknowledges none; come back under another name when due."""
        while not session.is_closed:
            if self.names.due:
                await self._say_goodbye(session)
            if seconds(self._sender.waiting_ns) > self.settings.ack_timeout_s:
                session.abort(f"acknowledged nothing for {self.settings.ack_timeout_s:g} s")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await session.wait_closed()

    def _on_acknowledged(self, packet: int, refusal: str | None) -> None:
        now = self._clock.now()
        self._board.acknowledged(packet, refusal)
        self._sender.go_on()
        if packet == self._greeting and refusal is not None:
            self._refusals.tell("~/status", self._topics.status, refusal, "nobody hears that we are here")
        if packet == self._goodbye:
            self._goodbye = None
        if (row := self._sender.acknowledged(packet, refusal)) is not None:
            # Of all that is acknowledged only this proves that the way is good: a broker may take a status and no more.
            self._backoff.reset()
            self.acked += 1
            if self._on_acked is not None:
                self._on_acked(row.id, now)
        self._moved.set()

    async def _say_goodbye(self, session: Session) -> None:
        """Leave in peace: `offline` stays behind, or, under a name that changes, nothing."""
        for lane in self._speaking:  # else they would take the room that the broker has
            lane.cancel()
        stays = not self.names.rotate
        cleared = () if stays else (self._topics.resolve(name) for name in self._board.own())
        with contextlib.suppress(BrokerError, TimeoutError):
            async with asyncio.timeout(_GOODBYE_S):
                for topic in (*cleared, self._topics.status):
                    await self.until(lambda: session.room > 0 or session.is_closed, None)
                    word, retain = (OFFLINE, stays) if topic == self._topics.status else (b"", True)
                    self._goodbye = session.publish(topic, word, retain=retain)
                await self.until(lambda: self._goodbye is None or session.is_closed, None)
        await session.close()

    def _tell_trouble(self, sentence: str) -> None:
        if sentence != self._trouble:
            self._trouble = sentence
            self._moved.set()
            _log.warning("%s", sentence)

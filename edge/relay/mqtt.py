"""Alerts and states -> the broker: alerts in order and until acknowledged, states newest first."""

import asyncio
import contextlib
import logging
import random
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

from edge.clock import Clock, HostNs, seconds
from edge.flow import Alert
from edge.relay.address import BrokerAddress
from edge.relay.alerts import StateMessage, encode_alert, encode_state, stamp_published
from edge.relay.backoff import Backoff
from edge.relay.dial import Dialer
from edge.relay.errors import BrokerError, OutboxError
from edge.relay.outbox import Outbox
from edge.relay.session import Session
from edge.relay.settings import MqttSettings
from edge.relay.store import Priority, Row
from edge.relay.topics import OFFLINE, ONLINE, Topics

_log = logging.getLogger(__name__)
_STATE_EXPIRY_S = 600
"""A state that no one could be told for so long is no state any more (MQTT 5)."""
_PAGE = 64
_RETRY_S = 1.0
_GOODBYE_S = 2.0


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
        self.topics = Topics(settings.base_topic, settings.device)
        self.acked = 0
        """Messages acknowledged since the start."""
        self.trouble: str | None = None
        """Why there is no connection; None while there is one or before the first attempt."""
        self._dialer = Dialer(settings, address or settings.address)
        self._outbox = outbox
        self._clock = clock
        self._on_acked = on_acked
        self._backoff = Backoff(settings.reconnect_min_s, settings.reconnect_max_s, chance)
        self._session: Session | None = None
        self._flights: dict[int, tuple[Row, HostNs]] = {}
        self._retained: dict[str, bytes] = {}
        self._untold: set[str] = set()
        self._telling: dict[int, str] = {}
        self._handlers: dict[str, Callable[[bytes], None]] = {}
        self._stored = asyncio.Event()
        self._changed = asyncio.Event()
        self._moved = asyncio.Event()
        self._tasks = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
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
        if self._session is not None:
            await self._say_goodbye(self._session)
        return await self._tasks.__aexit__(kind, error, trace)

    @property
    def connected(self) -> bool:
        return self._session is not None

    @property
    def pending(self) -> int:
        """Messages that the broker has not acknowledged."""
        return self._outbox.pending

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
        self.publish_retained(self.topics.state, encode_state(state))

    def publish_retained(self, topic: str, payload: bytes) -> None:
        """Keep a topic at its newest payload, over reconnects, too; an empty payload clears the topic."""
        self._retained[topic] = payload
        self._untold.add(topic)
        self._changed.set()

    def listen(self, topic: str, handler: Callable[[bytes], None]) -> None:
        """Hear a topic, over reconnects, too. The handler runs on the event loop and must not raise."""
        self._handlers[topic] = handler
        if self._session is not None:
            with contextlib.suppress(BrokerError):  # the next connection subscribes
                self._session.subscribe(topic)

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

    async def until(self, holds: Callable[[], bool], timeout_s: float) -> bool:
        """Wait for a condition on this relay, looked at whenever something moved; False when that took too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not holds():
                    self._moved.clear()
                    await self._moved.wait()
        return holds()

    async def _store(self, name: str, kind: str, payload: bytes, priority: Priority, sequence: int) -> None:
        try:
            await self._outbox.put(name, kind, payload, priority=priority, sequence=sequence)
        finally:
            self._stored.set()

    async def _run(self) -> None:
        while True:
            try:
                session = await self._dialer.dial(self.topics)
            except BrokerError as error:
                self._tell_trouble(str(error))
            else:
                self.trouble = None
                self._tell_trouble(f"broker {self._dialer.address}: {await self._serve(session)}")
            await asyncio.sleep(self._backoff.next_s())

    async def _serve(self, session: Session) -> str:
        """Use a connection until it ends; why it ended."""
        self._flights.clear()
        self._telling.clear()
        self._untold = set(self._retained)
        session.on_acknowledged = self._on_acknowledged
        session.on_message = self._on_message
        self._session = session
        self._moved.set()
        try:
            async with asyncio.TaskGroup() as lanes:
                for lane in (session.keep(), self._send(session), self._tell(session), self._watch(session)):
                    lanes.create_task(lane, name=f"relay {lane.__name__.strip('_')}")
                reason = await session.wait_closed()
                self._stored.set()
                self._changed.set()
            return reason
        finally:
            self._session = None
            self._moved.set()
            session.abort("left")

    async def _send(self, session: Session) -> None:
        """Lane: everything in the outbox, in order, a few on the way at once."""
        last = 0
        ready: deque[Row] = deque()
        while not session.is_closed:
            self._stored.clear()
            if not ready:
                ready.extend(await self._page(last))
            while ready and len(self._flights) < self.settings.in_flight:
                row = ready.popleft()
                last = row.position
                try:
                    packet = session.publish(
                        self.topics.kind(row.kind),
                        stamp_published(row.payload, self._clock.wall()),
                        expiry_s=self._outbox.lifetime_s(row.priority),
                    )
                except BrokerError:
                    return
                self._flights[packet] = (row, self._clock.now())
            await self._stored.wait()

    async def _page(self, last: int) -> list[Row]:
        while True:
            try:
                return await self._outbox.page(last, _PAGE)
            except OutboxError as error:
                self._tell_trouble(str(error))
                await asyncio.sleep(_RETRY_S)

    async def _tell(self, session: Session) -> None:
        """Lane: that we are here, what we listen to, then the newest of every retained topic."""
        try:
            session.publish(self.topics.status, ONLINE, retain=True)
            for topic in self._handlers:
                session.subscribe(topic)
            while not session.is_closed:
                self._changed.clear()
                for topic in self._untold - set(self._telling.values()):
                    expiry_s = _STATE_EXPIRY_S if topic == self.topics.state else None
                    packet = session.publish(topic, self._retained[topic], retain=True, expiry_s=expiry_s)
                    self._untold.discard(topic)
                    self._telling[packet] = topic
                await self._changed.wait()
        except BrokerError:
            return

    async def _watch(self, session: Session) -> None:
        """Lane: leave a broker that takes messages and acknowledges none."""
        while not session.is_closed:
            for _, sent in self._flights.values():
                if seconds(self._clock.now() - sent) > self.settings.ack_timeout_s:
                    session.abort(f"acknowledged nothing for {self.settings.ack_timeout_s:g} s")
                break  # the first is the oldest
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_RETRY_S):
                    await session.wait_closed()

    def _on_acknowledged(self, packet: int, refusal: str | None) -> None:
        now = self._clock.now()
        row, _ = self._flights.get(packet, (None, now))
        if refusal is not None and self._session is not None:
            # MQTT 5 only. Kept, and tried again after a while: going on without it would break the order.
            self._session.abort(f"refused {row.kind if row else 'a message'}: {refusal}; check the access list")
            return
        self._backoff.reset()
        if self._telling.pop(packet, None) is not None:
            self._changed.set()
        if row is not None:
            del self._flights[packet]
            self._outbox.acknowledge(row.position)
            self.acked += 1
            self._stored.set()
            if self._on_acked is not None:
                self._on_acked(row.id, now)
        self._moved.set()

    def _on_message(self, topic: str, payload: bytes) -> None:
        if handler := self._handlers.get(topic):
            handler(payload)

    async def _say_goodbye(self, session: Session) -> None:
        with contextlib.suppress(BrokerError):
            packet = session.publish(self.topics.status, OFFLINE, retain=True)
            self._telling[packet] = self.topics.status
            await self.until(lambda: packet not in self._telling or session.is_closed, _GOODBYE_S)
        await session.close()

    def _tell_trouble(self, sentence: str) -> None:
        if sentence != self.trouble:
            self.trouble = sentence
            self._moved.set()
            _log.warning("%s", sentence)

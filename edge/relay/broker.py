"""A broker of our own on loopback, for a daemon without one: its address, while it runs."""
# pyright: reportMissingTypeStubs=false
# amqtt has type hints, but does not say so (no py.typed); what we take of it stands in this room alone.

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from secrets import compare_digest
from typing import Any

from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import Action, BrokerConfig, ListenerConfig, ListenerType
from amqtt.plugins.base import BaseAuthPlugin, BasePlugin, BaseTopicPlugin
from amqtt.session import Session

from edge.relay.address import BrokerAddress

_LISTENER = "default"
_STOP_S = 2.0
_LOUD = ("amqtt", "transitions")
"""amqtt warns of every client that comes or goes in an unusual way, such as one that first tries MQTT 5."""
_HEAD = 13
"""No CONNECT is shorter than 14 bytes, and 13 are enough to hold the protocol's level."""
_NAME = b"\x00\x04MQTT"
_MQTT_3_1_1 = 4
_REFUSED_VERSION = bytes.fromhex("20 02 00 01")
"""CONNACK, unacceptable protocol version (MQTT 3.1.1, 3.2.2.3); amqtt would wait for more bytes of a CONNECT of
MQTT 5 and never answer."""
GREETING_S = 10.0
"""Who has not begun to say CONNECT by then is closed: a bound would else be filled by who says nothing."""
MOST_KEPT = 1000
"""Messages that wait for a subscriber who is away; then the oldest leaves."""

USER = "vagus"
"""Who may publish, with the password, where there is one."""


class AnyoneHere(BaseAuthPlugin):
    """Lets everyone in: only programs on this machine reach a loopback address."""

    async def authenticate(self, *, session: Session) -> bool | None:  # noqa: ARG002  amqtt calls it by this name
        return True


class OnlyListening(BaseAuthPlugin, BaseTopicPlugin):
    """Lets everyone in to listen; who publishes, an order for one, must have given the password."""

    @dataclass
    class Config(BasePlugin.Config):
        """amqtt makes it of what stands beside the plugin's name."""

        password: str = ""

    async def authenticate(self, *, session: Session) -> bool | None:
        # A will would be published without being asked for below.
        return self._knows(session) or (session.username is None and not session.will_flag)

    async def topic_filtering(
        self,
        *,
        session: Session | None = None,
        topic: str | None = None,  # noqa: ARG002  amqtt calls it by this name
        action: Action | None = None,
    ) -> bool | None:
        return action is not Action.PUBLISH or (session is not None and self._knows(session))

    def _knows(self, session: Session) -> bool:
        given, wanted = session.password or "", str(self._get_config_option("password"))
        return session.username == USER and compare_digest(given.encode(), wanted.encode())


class _Rejoined(StreamReaderAdapter):
    """A stream whose first bytes have been looked at already."""

    def __init__(self, reader: asyncio.StreamReader, head: bytes) -> None:
        super().__init__(reader)
        self._head = head

    async def read(self, n: int = -1) -> bytes:
        if not self._head:
            return await super().read(n)
        first, self._head = self._head[:n], self._head[n:]
        return first if len(first) == n else first + await super().read(n - len(first))


class _Subscriptions(dict[str, list[tuple[Session, int]]]):
    """Goes through what was there when it began: amqtt waits while it goes through, and others subscribe meanwhile."""

    def __iter__(self) -> Iterator[str]:
        return iter([*super().__iter__()])

    def items(self):  # typed as dict's own, whose type has no public name
        return {**self}.items()


class _Broker(Broker):
    """amqtt's, without three of its faults.

    Who came while another subscribed was dropped, told nothing, and waited for acknowledgements for ever; who came
    was told the retained messages that others had subscribed to; and for a subscriber who was away everything was
    kept, a state each second, though it might never come back.
    """

    def __init__(self, config: BrokerConfig) -> None:
        super().__init__(config)
        self._subscriptions = _Subscriptions()

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        subscribed = self._subscriptions.get(subscription[0], ())
        if any(one.client_id == session.client_id for one, _ in subscribed):
            await super()._publish_retained_messages_for_subscription(subscription, session)

    async def _retain_broadcast_message(self, broadcast: dict[str, Any], qos: int, target_session: Session) -> None:
        if broadcast["topic"] in self._retained_messages:
            return  # who comes back is told the newest
        waiting = target_session.retained_messages
        while waiting.qsize() >= MOST_KEPT:
            waiting.get_nowait()
        await super()._retain_broadcast_message(broadcast, qos, target_session)


@asynccontextmanager
async def local_broker(
    host: str = "127.0.0.1", port: int = 0, *, password: str = "", most: int | None = None
) -> AsyncGenerator[BrokerAddress]:
    """Run a broker (MQTT 3.1.1, QoS 0 and 1, retained messages, wills) inside this process; port 0 takes a free one.

    With a password only `USER`, who gives it, may publish; without one anybody on this machine may. More than ``most``
    connections at once are closed unheard.

    It keeps nothing when it ends, and for a subscriber who is away `MOST_KEPT` messages. One that takes over 5 s to
    acknowledge a message loses it (amqtt).
    """
    levels = {name: logging.getLogger(name).level for name in _LOUD}
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    # The listening is ours: amqtt cannot tell which free port it took, and its own server waits without end, from
    # Python 3.12 on, for clients that reconnect while it stops.
    broker = _Broker(
        BrokerConfig(
            listeners={_LISTENER: ListenerConfig(type=ListenerType.EXTERNAL, bind="external")},
            plugins=_door(password),
        )
    )
    writers: set[asyncio.StreamWriter] = set()

    async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if most is not None and len(writers) >= most:
            writer.transport.abort()
            return
        writers.add(writer)
        try:
            async with asyncio.timeout(GREETING_S):
                head = await reader.readexactly(_HEAD)
            if _level(head) == _MQTT_3_1_1:
                await broker.external_connected(_Rejoined(reader, head), StreamWriterAdapter(writer), _LISTENER)
            else:
                writer.write(_REFUSED_VERSION)
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            pass  # it came and went, or said nothing
        finally:
            writers.discard(writer)
            writer.close()

    try:
        await broker.start()
        server = await asyncio.start_server(welcome, host, port)
        try:
            yield BrokerAddress(host, server.sockets[0].getsockname()[1])
        finally:
            server.close()
            for writer in writers.copy():
                writer.transport.abort()
            with suppress(TimeoutError):
                async with asyncio.timeout(_STOP_S):
                    await server.wait_closed()
            await broker.shutdown()
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def _door(password: str) -> dict[str, dict[str, str]]:
    """Who is let in, as amqtt wants it told."""
    door = OnlyListening if password else AnyoneHere
    return {f"{door.__module__}.{door.__qualname__}": {"password": password} if password else {}}


def _level(head: bytes) -> int | None:
    """The protocol level in the first bytes of a CONNECT (MQTT 3.1.1, 3.1.2.2); None where it is no CONNECT."""
    at = head.find(_NAME)
    return head[at + len(_NAME)] if at >= 0 else None

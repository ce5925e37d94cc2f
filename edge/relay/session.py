"""One connection to a broker: opened with a will, messages out and acknowledged, closed with a reason."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.relay.address import BrokerAddress
from edge.relay.errors import BrokerError, HungUpError, VersionRefusedError, cure_of
from edge.relay.tls import explain

Version = Literal["5", "3.1.1"]
_HOUSEKEEPING_S = 1.0
_TIDY_CLOSE_S = 2.0


@dataclass(frozen=True, slots=True)
class Opening:
    """All that a connection begins with."""

    address: BrokerAddress
    client_id: str
    version: Version
    keepalive_s: int
    timeout_s: float
    tls: ssl.SSLContext | None = None
    username: str | None = None
    password: str | None = None
    will_topic: str | None = None
    will_payload: bytes = b""
    will_retain: bool = True


class Session:
    """A live connection, on the event loop alone once it is open. Made by `open_session`.

    `on_acknowledged(packet, refusal)` is told of every PUBACK, `on_subscribed(topic, refusal)` of every SUBACK,
    `on_message(topic, payload, retained)` of what we hear.
    """

    def __init__(self, opening: Opening) -> None:
        self.opening = opening
        self.on_acknowledged: Callable[[int, str | None], None] = _ignore
        self.on_subscribed: Callable[[str, str | None], None] = _ignore
        self.on_message: Callable[[str, bytes, bool], None] = _ignore
        self._loop = asyncio.get_running_loop()
        self._closed: asyncio.Future[str] = self._loop.create_future()
        self._accepted: asyncio.Future[BrokerError | None] = self._loop.create_future()
        self._socket: socket.socket | None = None
        self._writing = False
        self._most = 65535
        """Messages that the broker takes at once (MQTT 5, 3.2.2.3.3)."""
        self._unanswered: set[int] = set()
        self._asked: dict[int, str] = {}
        """Topics whose SUBACK is to come."""
        self._client = _client(opening)
        self._client.on_connect = lambda _client, _data, _flags, code, more: self._on_connect(code, more)
        self._client.on_disconnect = lambda _client, _data, _flags, code, _more: self._on_disconnect(code)
        self._client.on_publish = lambda _client, _data, packet, code, _more: self._on_publish(packet, code)
        self._client.on_subscribe = lambda _client, _data, packet, codes, _more: self._on_subscribe(packet, codes)
        self._client.on_message = lambda _client, _data, got: self.on_message(got.topic, bytes(got.payload), got.retain)

    @property
    def is_closed(self) -> bool:
        return self._closed.done()

    @property
    def room(self) -> int:
        """How many more messages the broker takes before it has answered one."""
        return self._most - len(self._unanswered)

    async def wait_closed(self) -> str:
        """Wait until the connection has ended, and say why."""
        return await asyncio.shield(self._closed)

    def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False, expiry_s: int | None = None
    ) -> int:
        """Send a message; its packet number comes back in `on_acknowledged` when ``qos`` is 1.

        ``expiry_s`` (MQTT 5): the broker drops the message when it could not pass it on for so long.
        Raises BrokerError when the connection has ended.
        """
        properties = None
        if expiry_s is not None and self.opening.version == "5":
            properties = Properties(PacketTypes.PUBLISH)
            properties.MessageExpiryInterval = expiry_s
        sent = self._client.publish(topic, payload, qos, retain, properties)
        self._after_io(sent.rc)
        if sent.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise BrokerError(f"broker {self.opening.address}: {paho.error_string(sent.rc)}")
        if qos:
            self._unanswered.add(sent.mid)
        return sent.mid

    def subscribe(self, topic: str) -> None:
        """Ask for a topic with QoS 1; raises BrokerError when the connection has ended."""
        code, packet = self._client.subscribe(topic, 1)
        self._after_io(code)
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS or packet is None:
            raise BrokerError(f"broker {self.opening.address}: {paho.error_string(code)}")
        self._asked[packet] = topic

    def abort(self, reason: str) -> None:
        """End the connection without a goodbye, so that the broker publishes our will."""
        if not self._closed.done():
            self._closed.set_result(reason)
        if self._socket is not None:
            self._detach()
        if (open_socket := self._client.socket()) is not None:
            open_socket.close()

    async def close(self) -> None:
        """Say goodbye: the broker forgets our will. Waits a moment for what is still to be written."""
        if not self.is_closed:
            self._after_io(self._client.disconnect())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TIDY_CLOSE_S):
                    await self.wait_closed()
        self.abort("closed by us")

    async def open(self) -> None:
        """Connect and wait for the broker's yes; BrokerError with a sentence otherwise."""
        address = self.opening.address
        try:
            try:
                await asyncio.to_thread(self._connect)
            except (OSError, UnicodeError) as error:  # the latter of a host that is no name
                raise BrokerError(explain(error, address)) from error
            self._attach()
            try:
                async with asyncio.timeout(self.opening.timeout_s):
                    refusal = await self._accepted
            except TimeoutError as error:
                raise BrokerError(explain(error, address)) from error
            if refusal is not None:
                raise refusal
        except BaseException:
            self.abort("never opened")
            raise

    async def keep(self) -> None:
        """Ping the broker and notice its silence, until the connection ends. Run beside whatever uses it."""
        while not self.is_closed:
            self._after_io(self._client.loop_misc())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_HOUSEKEEPING_S):
                    await self.wait_closed()

    def _connect(self) -> None:
        """Look up the name, open TCP and TLS; blocks, so it has a thread of its own."""
        self._client.connect(self.opening.address.host, self.opening.address.port, self.opening.keepalive_s)
        if self._closed.done() and (late := self._client.socket()) is not None:
            late.close()  # whoever wanted this connection was cancelled meanwhile

    def _attach(self) -> None:
        found = self._client.socket()
        if not isinstance(found, socket.socket):
            raise BrokerError(f"broker {self.opening.address} hung up at once")
        self._socket = found
        self._client.on_socket_close = lambda _client, _data, _socket: self._detach()
        self._loop.add_reader(found, self._read)
        self._after_io(MQTTErrorCode.MQTT_ERR_SUCCESS)

    def _detach(self) -> None:
        """Leave the event loop, before the socket is closed and its number is given to another."""
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket = None

    def _read(self) -> None:
        code = self._client.loop_read()
        # TLS may hold bytes that no selector sees.
        while (
            code == MQTTErrorCode.MQTT_ERR_SUCCESS
            and isinstance(self._socket, ssl.SSLSocket)
            and self._socket.pending()
        ):
            code = self._client.loop_read()
        self._after_io(code)

    def _write(self) -> None:
        self._after_io(self._client.loop_write())

    def _after_io(self, code: MQTTErrorCode) -> None:
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._end(paho.error_string(code))
        if self._socket is None:
            return
        wanted = self._client.want_write()
        if wanted and not self._writing:
            self._loop.add_writer(self._socket, self._write)
        elif self._writing and not wanted:
            self._loop.remove_writer(self._socket)
        self._writing = wanted

    def _end(self, reason: str) -> None:
        if not self._accepted.done():
            self._accepted.set_result(_hung_up(self.opening))
        self.abort(reason)

    def _on_connect(self, code: ReasonCode, more: Properties | None) -> None:
        if self._accepted.done():
            return
        self._most = getattr(more, "ReceiveMaximum", self._most)
        address, version = self.opening.address, self.opening.version
        if str(code) == "Unsupported protocol version":
            self._accepted.set_result(VersionRefusedError(f"broker {address} does not speak MQTT {version}"))
        elif code.is_failure:
            self._accepted.set_result(BrokerError(f"broker {address} refused: {code}; {cure_of(str(code))}"))
        else:
            self._accepted.set_result(None)

    def _on_disconnect(self, code: ReasonCode) -> None:
        # Later, for paho is still inside its own read or write.
        self._loop.call_soon(self._end, str(code))

    def _on_publish(self, packet: int, code: ReasonCode) -> None:
        self._unanswered.discard(packet)
        self.on_acknowledged(packet, str(code) if code.is_failure else None)

    def _on_subscribe(self, packet: int, codes: list[ReasonCode]) -> None:
        topic = self._asked.pop(packet, None)
        if topic is not None:
            self.on_subscribed(topic, next((str(code) for code in codes if code.is_failure), None))


async def open_session(opening: Opening) -> Session:
    """Connect to a broker.

    Raises VersionRefusedError when it speaks another version of MQTT, BrokerError, one sentence, otherwise.
    """
    session = Session(opening)
    await session.open()
    return session


class _Client(paho.Client):
    """paho, but for opening the socket: its own way leaves one open after each TLS handshake that failed."""

    opening: Opening

    # paho types what it takes with arguments by name, which no socket has.
    def _create_socket(self) -> socket.socket:  # pyright: ignore[reportIncompatibleMethodOverride]
        address = self.opening.address
        plain = socket.create_connection((address.host, address.port), timeout=self.opening.timeout_s)
        try:
            # A PUBLISH must not wait for the acknowledgement of the TCP segment before it.
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.opening.tls is None:
                return plain
            return self.opening.tls.wrap_socket(plain, server_hostname=address.host)
        except BaseException:
            plain.close()
            raise


def _client(opening: Opening) -> paho.Client:
    client = _Client(
        CallbackAPIVersion.VERSION2,
        client_id=opening.client_id,
        clean_session=True if opening.version == "3.1.1" else None,
        protocol=paho.MQTTv5 if opening.version == "5" else paho.MQTTv311,
        reconnect_on_failure=False,
    )
    client.opening = opening
    client.max_inflight_messages_set(65535)  # whoever publishes keeps its own count
    if opening.username is not None:
        client.username_pw_set(opening.username, opening.password)
    if opening.will_topic is not None:
        client.will_set(opening.will_topic, opening.will_payload, 1, opening.will_retain)
    return client


def _hung_up(opening: Opening) -> BrokerError:
    address = opening.address
    if opening.version == "5":
        # Brokers older than MQTT 5 may just hang up.
        return HungUpError(f"broker {address} hung up on MQTT 5")
    hint = "is it the right port?" if address.tls else "does this port want TLS (mqtts://)?"
    return BrokerError(f"broker {address} hung up before it accepted us: {hint}")


def _ignore(*_: object) -> None:
    return None

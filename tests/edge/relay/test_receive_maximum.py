"""A broker of MQTT 5 takes so many messages at once and no more: a backlog reaches it all the same."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge.clock import SystemClock
from edge.relay.address import BrokerAddress
from edge.relay.dial import Dialer
from edge.relay.erasing import erase
from edge.relay.mqtt import Relay
from edge.relay.outbox import Outbox
from edge.relay.settings import MqttSettings, OutboxSettings
from edge.relay.topics import Topics
from tests.edge.relay.refusing import packet_of

_PATIENCE_S = 20.0
_ALERTS = 40


@dataclass
class _Strict:
    """Hangs up with 0x93 on whoever has more than ``most`` messages on the way (MQTT 5.0, 3.3.4)."""

    most: int
    hung_up: int = 0
    left: int = 0
    """Connections that were ended with a goodbye."""
    topics: list[str] = field(default_factory=list[str])
    payloads: list[bytes] = field(default_factory=list[bytes])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        waiting: list[bytes] = []
        try:
            while True:
                kind, body = await packet_of(reader)
                if kind == 1:
                    writer.write(bytes((0x20, 6, 0, 0, 3, 0x21, 0, self.most)))
                elif kind == 3:
                    if len(waiting) == self.most:
                        self.hung_up += 1
                        writer.write(b"\xe0\x01\x93")
                        return
                    end = 2 + int.from_bytes(body[:2])
                    self.topics.append(body[2:end].decode())
                    waiting.append(body[end : end + 2])
                    self.payloads.append(body[end + 3 + body[end + 2] :])
                    asyncio.get_running_loop().call_later(0.02, self._answer, writer, waiting)
                    if self.topics[-1].endswith("/forget"):  # who asks what is retained hears itself
                        said = body[:end] + b"\0" + self.payloads[-1]
                        writer.write(bytes((0x30, len(said))) + said)
                elif kind == 8:
                    writer.write(bytes((0x90, 4, *body[:2], 0, 1)))
                elif kind == 14:
                    self.left += 1
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # it has left
        finally:
            writer.close()

    def _answer(self, writer: asyncio.StreamWriter, waiting: list[bytes]) -> None:
        if not writer.is_closing():
            writer.write(bytes((0x40, 3, *waiting.pop(0), 0)))


@asynccontextmanager
async def _broker(strict: _Strict) -> AsyncGenerator[BrokerAddress]:
    async with await asyncio.start_server(strict.serve, "127.0.0.1", 0) as server:
        yield BrokerAddress("127.0.0.1", server.sockets[0].getsockname()[1])


async def test_no_more_are_on_the_way_than_the_broker_takes(tmp_path: Path) -> None:
    strict, clock = _Strict(most=3), SystemClock()
    async with _broker(strict) as address, Outbox(OutboxSettings(path=str(tmp_path / "outbox.db")), clock) as outbox:
        for number in range(_ALERTS):
            await outbox.put(f"a{number}", "alert", b"{}")
        async with Relay(MqttSettings(), outbox, clock, address=address) as relay:
            for name in ("one", "two", "three", "four", "five"):
                relay.publish_retained(f"~/{name}/state", b"on")
            assert await relay.drain(_PATIENCE_S)
            assert await relay.until(lambda: sum(topic.endswith("/state") for topic in strict.topics) == 5, _PATIENCE_S)
    assert strict.hung_up == 0
    assert sum(topic.endswith("/alert") for topic in strict.topics) == _ALERTS


async def test_a_goodbye_waits_its_turn_behind_a_backlog(tmp_path: Path) -> None:
    strict, clock = _Strict(most=3), SystemClock()
    async with _broker(strict) as address, Outbox(OutboxSettings(path=str(tmp_path / "outbox.db")), clock) as outbox:
        for number in range(_ALERTS):
            await outbox.put(f"a{number}", "alert", b"{}")
        async with Relay(MqttSettings(), outbox, clock, address=address) as relay:
            assert await relay.until(lambda: relay.acked >= 5, _PATIENCE_S)
        assert (strict.hung_up, strict.left) == (0, 1)
        assert (strict.topics[-1], strict.payloads[-1]) == ("vagus/edge/status", b"offline")
        waiting = sum(topic.endswith("/alert") for topic in strict.topics)
        assert waiting < _ALERTS
        assert outbox.pending >= _ALERTS - waiting


async def test_what_is_cleared_at_the_goodbye_waits_its_turn(tmp_path: Path) -> None:
    key = tmp_path / "to.pem"
    form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    key.write_bytes(X25519PrivateKey.generate().public_key().public_bytes(*form))
    strict, clock = _Strict(most=3), SystemClock()
    names = [f"~/{name}/state" for name in ("one", "two", "three", "four", "five")]
    async with _broker(strict) as address, Outbox(OutboxSettings(path=str(tmp_path / "outbox.db")), clock) as outbox:
        settings = MqttSettings(seal_to_file=str(key))
        async with Relay(settings, outbox, clock, address=address) as relay:
            for name in names:
                relay.publish_retained(name, b"on")
            assert await relay.until(lambda: strict.payloads.count(b"on") == 5, _PATIENCE_S)
    assert (strict.hung_up, strict.left) == (0, 1)
    cleared = [topic for topic, payload in zip(strict.topics, strict.payloads, strict=True) if not payload]
    assert sorted(cleared) == sorted(relay.topics.resolve(name) for name in names)


async def test_all_that_is_retained_is_cleared_as_fast_as_the_broker_takes_it() -> None:
    strict, noted = _Strict(most=3), {f"vagus/edge/{name}/state" for name in ("one", "two", "three", "four", "five")}
    async with _broker(strict) as address:
        mqtt = MqttSettings(broker=str(address))
        session = await Dialer(mqtt, address).visit(Topics("vagus", "edge"))
        await erase(session, mqtt, noted)
        await session.close()
    assert (strict.hung_up, strict.left) == (0, 1)
    cleared = {topic for topic, payload in zip(strict.topics, strict.payloads, strict=True) if not payload}
    assert cleared >= noted | {"vagus/edge/status", "vagus/edge/state", "vagus/edge/snooze/state"}

"""Alerts to raise, and a subscriber that is not of our making."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiomqtt

from edge.clock import UnixNs
from edge.flow import Alert
from edge.relay.address import BrokerAddress
from edge.relay.ids import uuid7

PATIENCE_S = 90.0
"""No wait in these tests takes a fraction of this; only a failure does."""
NOON_NS = 1_800_000_000_000_000_000


def an_alert(sequence: int = 1, at_ns: int = NOON_NS) -> Alert:
    """An alert whose id follows from its sequence."""
    at = UnixNs(at_ns + sequence * 1_000_000)
    return Alert(
        id=uuid7(at, sequence.to_bytes(8, "big")),
        device="edge",
        kind="stress",
        sequence=sequence,
        confidence=0.91,
        modalities=("face", "wrist"),
        reason="heart rate 20 bpm above the baseline for 60 s",
        sensor_unix_ns=at,
        received_unix_ns=UnixNs(at + 1_000),
        inferred_unix_ns=UnixNs(at + 2_000),
        bundle="default 1",
    )


@dataclass
class Heard:
    """What a subscriber has got so far."""

    address: BrokerAddress
    messages: list[tuple[str, bytes, bool]] = field(default_factory=list[tuple[str, bytes, bool]])
    """Topic, payload, retained."""
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def on(self, topic: str) -> list[bytes]:
        return [payload for heard, payload, _ in self.messages if heard == topic]

    async def until(self, enough: Callable[["Heard"], bool]) -> None:
        """Wait for a condition; TimeoutError when it never holds."""
        async with asyncio.timeout(PATIENCE_S):
            while not enough(self):
                self.more.clear()
                await self.more.wait()


@asynccontextmanager
async def subscriber(address: BrokerAddress, *topics: str, name: str | None = None) -> AsyncGenerator[Heard]:
    """Subscribe with QoS 1; with a ``name`` the broker remembers us between two calls."""
    heard = Heard(address)

    async def listen(client: aiomqtt.Client) -> None:
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            heard.messages.append((message.topic.value, message.payload, message.retain))
            heard.more.set()

    async with aiomqtt.Client(
        address.host, address.port, identifier=name, clean_session=name is None, timeout=PATIENCE_S
    ) as client:
        for topic in topics:
            await client.subscribe(topic, qos=1)
        task = asyncio.create_task(listen(client))
        try:
            yield heard
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

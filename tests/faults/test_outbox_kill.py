"""kill -9 with real processes and a real broker: whatever was promised arrives, once, in order."""

from pathlib import Path

from edge.relay.alerts import read_alert
from tests.edge.relay.listening import PATIENCE_S, Heard, subscriber
from tests.faults.mosquitto import Mosquitto, needs_mosquitto
from tests.faults.raising import Raiser, raiser

pytestmark = needs_mosquitto
ALERT = "vagus/edge/alert"


def _arrived(heard: Heard) -> list[tuple[str, int]]:
    """Each id once, in order of its first arrival, as a subscriber sees it that deduplicates."""
    seen: dict[str, int] = {}
    for payload in heard.on(ALERT):
        message = read_alert(payload)
        assert seen.setdefault(message.id, message.sequence) == message.sequence
    return list(seen.items())


def _promised(*raisers: Raiser) -> list[tuple[str, int]]:
    return [promise for one in raisers for promise in one.promised]


def _check(heard: Heard, promised: list[tuple[str, int]]) -> None:
    arrived = _arrived(heard)
    assert set(promised) <= set(arrived)
    sequences = [sequence for _, sequence in arrived]
    # An alert may have become durable in the instant of the kill, its promise unread: it arrives, too, in its place.
    assert sequences == list(range(1, len(sequences) + 1))


async def test_killed_with_the_broker_down(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "broker")
    outbox = tmp_path / "outbox.db"
    async with raiser(outbox, broker.address, count=10_000) as first:
        await first.read_until(40)
        await first.kill()
    async with raiser(outbox, broker.address, count=10_000) as second:
        await second.read_until(25)
        await second.kill()
    promised = _promised(first, second)
    assert len(promised) >= 65
    await broker.start()
    try:
        async with subscriber(broker.address, ALERT) as heard:
            async with raiser(outbox, broker.address, drain_s=PATIENCE_S) as third:
                assert await third.read_until("drained") == "drained 0"
            await heard.until(lambda got: set(promised) <= set(_arrived(got)))
            _check(heard, promised)
    finally:
        await broker.stop()


async def test_killed_again_and_again_while_the_broker_listens(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "broker")
    outbox = tmp_path / "outbox.db"
    await broker.start()
    raisers: list[Raiser] = []
    try:
        async with subscriber(broker.address, ALERT) as heard:
            for count in (30, 1, 60):
                async with raiser(outbox, broker.address, count=10_000) as one:
                    await one.read_until(count)
                    await one.kill()
                raisers.append(one)
            async with raiser(outbox, broker.address, count=5, drain_s=PATIENCE_S) as last:
                assert await last.read_until("drained") == "drained 0"
            promised = _promised(*raisers, last)
            await heard.until(lambda got: set(promised) <= set(_arrived(got)))
            _check(heard, promised)
    finally:
        await broker.stop()


async def test_the_broker_stops_and_starts_while_alerts_are_raised(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "broker")
    await broker.start()
    try:
        async with subscriber(broker.address, ALERT, name="reader"):
            pass  # from now on the broker keeps for us what comes while we are away
        async with raiser(tmp_path / "outbox.db", broker.address, count=600, drain_s=PATIENCE_S) as one:
            for stop_at in (100, 250, 400):
                await one.read_until(stop_at)
                await broker.stop()
                await one.read_until(stop_at + 50)
                await broker.start()
            assert await one.read_until("drained") == "drained 0"
        async with subscriber(broker.address, ALERT, name="reader") as heard:
            await heard.until(lambda got: len(_arrived(got)) == 600)
            _check(heard, one.promised)
    finally:
        await broker.stop()

"""The relay: every alert once, in order, over every way a broker can go away; the newest state, always."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest

from edge.clock import HostNs, SystemClock
from edge.relay.address import BrokerAddress
from edge.relay.alerts import StateMessage, read_alert, read_state
from edge.relay.broker import local_broker
from edge.relay.mqtt import Relay
from edge.relay.outbox import Outbox
from edge.relay.session import Session
from edge.relay.settings import MqttSettings, OutboxSettings
from tests.edge.relay.listening import PATIENCE_S, Heard, an_alert, subscriber
from tests.faults.cable import Cable, cable
from tests.faults.mosquitto import free_port

QUICK = MqttSettings(reconnect_min_s=0.001, reconnect_max_s=0.01)
ALERT, STATE, STATUS = "vagus/edge/alert", "vagus/edge/state", "vagus/edge/status"


@asynccontextmanager
async def _relay(
    tmp_path: Path, address: BrokerAddress, settings: MqttSettings = QUICK, acked: list[str] | None = None
) -> AsyncGenerator[Relay]:
    clock = SystemClock()

    def note(name: str, when: HostNs) -> None:
        assert when <= clock.now()
        if acked is not None:
            acked.append(name)

    async with (
        Outbox(OutboxSettings(path=str(tmp_path / "outbox.db")), clock) as outbox,
        Relay(settings, outbox, clock, address=address, on_acked=note) as relay,
    ):
        yield relay


@asynccontextmanager
async def _cabled(
    tmp_path: Path, topic: str, settings: MqttSettings = QUICK
) -> AsyncGenerator[tuple[Heard, Cable, Relay]]:
    """A subscriber straight at a broker, and a relay behind a cable."""
    async with (
        local_broker() as address,
        subscriber(address, topic) as heard,
        cable(address) as line,
        _relay(tmp_path, line.address, settings) as relay,
    ):
        yield heard, line, relay


def _sequences(heard: Heard) -> list[int]:
    """Of the alerts, each id once."""
    seen: dict[str, int] = {}
    for payload in heard.on(ALERT):
        message = read_alert(payload)
        seen.setdefault(message.id, message.sequence)
    return list(seen.values())


async def test_an_alert_arrives_and_leaves_the_outbox(tmp_path: Path) -> None:
    acked: list[str] = []
    async with local_broker() as address, subscriber(address, "vagus/#") as heard:
        async with _relay(tmp_path, address, acked=acked) as relay:
            assert await relay.wait_connected(PATIENCE_S)
            alert = an_alert(relay.next_sequence())
            await relay.raise_alert(alert)
            assert await relay.drain(PATIENCE_S)
            assert (relay.acked, relay.pending, acked) == (1, 0, [alert.id])
            await heard.until(lambda got: len(got.on(ALERT)) == 1)
            message = read_alert(heard.on(ALERT)[0])
            assert message.id == alert.id
            assert message.published_unix_ns > 0
            assert heard.on(STATUS) == [b"online"]
        await heard.until(lambda got: got.on(STATUS) == [b"online", b"offline"])


async def test_what_was_raised_without_a_broker_arrives_in_order_when_it_comes(tmp_path: Path) -> None:
    port = free_port()
    async with _relay(tmp_path, BrokerAddress("127.0.0.1", port)) as relay:
        for _ in range(200):
            await relay.raise_alert(an_alert(relay.next_sequence()))
        await relay.report("r1", b"{}")
        assert relay.pending == 201
        async with local_broker(port=port) as address, subscriber(address, ALERT) as heard:
            assert await relay.drain(PATIENCE_S)
            await heard.until(lambda got: len(got.on(ALERT)) >= 200)
            assert _sequences(heard) == list(range(1, 201))
            assert relay.trouble is None


async def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    port = free_port()
    async with _relay(tmp_path, BrokerAddress("127.0.0.1", port)) as relay:
        for _ in range(5):
            await relay.raise_alert(an_alert(relay.next_sequence()))
    async with (
        local_broker(port=port) as address,
        subscriber(address, ALERT) as heard,
        _relay(tmp_path, address) as relay,
    ):
        assert relay.next_sequence() == 6
        await relay.raise_alert(an_alert(6))
        assert await relay.drain(PATIENCE_S)
        await heard.until(lambda got: len(got.on(ALERT)) == 6)
        assert _sequences(heard) == [1, 2, 3, 4, 5, 6]


async def test_cuts_lose_nothing_and_keep_the_order(tmp_path: Path) -> None:
    async with _cabled(tmp_path, ALERT) as (heard, line, relay):
        for n in range(1, 301):
            await relay.raise_alert(an_alert(relay.next_sequence()))
            if n % 60 == 0:
                line.cut()
                line.mend()
        assert await relay.drain(PATIENCE_S)
        await heard.until(lambda got: len(_sequences(got)) == 300)
        assert _sequences(heard) == list(range(1, 301))
        assert line.connections > 2


async def test_a_broker_that_acknowledges_nothing_is_left(tmp_path: Path) -> None:
    impatient = MqttSettings(reconnect_min_s=0.001, reconnect_max_s=0.01, ack_timeout_s=0.05)
    async with _cabled(tmp_path, ALERT, impatient) as (heard, line, relay):
        assert await relay.wait_connected(PATIENCE_S)
        line.pinch()
        await relay.raise_alert(an_alert(1))
        assert await relay.until(lambda: not relay.connected and relay.trouble is not None, PATIENCE_S)
        assert "acknowledged nothing" in str(relay.trouble)
        line.mend()
        assert await relay.drain(PATIENCE_S)
        await heard.until(lambda got: _sequences(got) == [1])


async def test_a_lost_connection_says_offline_and_a_new_one_online(tmp_path: Path) -> None:
    async with _cabled(tmp_path, STATUS) as (heard, line, _):
        await heard.until(lambda got: got.on(STATUS) == [b"online"])
        line.cut()
        await heard.until(lambda got: got.on(STATUS) == [b"online", b"offline"])
        line.mend()
        await heard.until(lambda got: got.on(STATUS) == [b"online", b"offline", b"online"])


async def test_the_newest_state_is_retained_and_told_again(tmp_path: Path) -> None:
    port = free_port()
    async with _relay(tmp_path, BrokerAddress("127.0.0.1", port)) as relay:
        for n in range(100):
            relay.publish_state(StateMessage(device="edge", state="calm", stress=n / 100))
        for _ in range(2):
            async with local_broker(port=port) as address, subscriber(address, STATE) as heard:
                await heard.until(lambda got: len(got.on(STATE)) == 1)
                assert read_state(heard.on(STATE)[0]).stress == 0.99
        async with local_broker(port=port) as address, subscriber(address, STATE) as heard:
            assert await relay.wait_connected(PATIENCE_S)
            relay.publish_state(StateMessage(device="edge", state="stress", stress=1.0))
            await heard.until(lambda got: read_state(got.on(STATE)[-1]).stress == 1.0 if got.on(STATE) else False)


async def test_commands_are_heard_over_reconnects(tmp_path: Path) -> None:
    said: list[bytes] = []
    async with _cabled(tmp_path, "vagus/edge/camera/state") as (heard, line, relay):

        def obey(payload: bytes, retained: bool) -> None:
            said.append(payload)
            relay.publish_retained("~/camera/state", payload)

        relay.listen("~/camera/set", obey)
        for order in (b"pause", b"on"):
            # Retained, so that it is heard whichever comes first, the order or our subscription.
            await _say(heard.address, relay.topics.command("camera"), order)
            await heard.until(lambda got, order=order: [*got.on("vagus/edge/camera/state"), b""][-2:-1] == [order])
            line.cut()
            line.mend()
    assert set(said) == {b"pause", b"on"}


async def _say(address: BrokerAddress, topic: str, payload: bytes) -> None:
    async with aiomqtt.Client(address.host, address.port) as client:
        await client.publish(topic, payload, qos=1, retain=True)


async def test_trouble_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    async with _relay(tmp_path, BrokerAddress("127.0.0.1", port)) as relay:
        assert await relay.until(lambda: relay.trouble is not None, PATIENCE_S)
        assert relay.trouble == f"broker mqtt://127.0.0.1:{port} refused: nothing listens there; is the broker running?"
    assert caplog.text.count("nothing listens there") == 1


async def test_a_goodbye_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = Session.close

    async def slow(session: Session) -> None:
        await real(session)
        await asyncio.sleep(0.1)  # the relay notices that the connection ends before it is told to end itself

    monkeypatch.setattr(Session, "close", slow)
    async with local_broker() as address, _relay(tmp_path, address) as relay:
        assert await relay.wait_connected(PATIENCE_S)
    assert [record.getMessage() for record in caplog.records if record.name.startswith("edge.relay")] == []

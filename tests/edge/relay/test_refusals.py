"""A broker with a tight access list: what it forbids is told once and left out, an alert is kept, the rest goes on."""

import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge.relay.alerts import StateMessage, read_alert
from edge.relay.mqtt import Relay
from edge.relay.outbox import Outbox
from edge.relay.settings import MqttSettings, OutboxSettings
from tests.edge.relay.listening import PATIENCE_S, an_alert
from tests.edge.relay.refusing import NOT_AUTHORISED, QUOTA, Refusing, refusing
from tests.fakes.clock import HandClock

QUICK = MqttSettings(reconnect_min_s=0.001, reconnect_max_s=0.01, ack_timeout_s=1e9)


@asynccontextmanager
async def _relay(
    tmp_path: Path, broker: Refusing, clock: HandClock | None = None, chance: random.Random | None = None
) -> AsyncGenerator[Relay]:
    clock = clock or HandClock()
    async with (
        Outbox(OutboxSettings(path=str(tmp_path / "outbox.db")), clock) as outbox,
        Relay(QUICK, outbox, clock, address=broker.address, chance=chance) as relay,
    ):
        yield relay


def _arrived(broker: Refusing) -> list[int]:
    return [read_alert(payload).sequence for level, payload in broker.taken if level == "alert"]


async def _raise(relay: Relay, count: int) -> None:
    for _ in range(count):
        await relay.raise_alert(an_alert(relay.next_sequence()))


async def test_a_state_that_is_forbidden_leaves_connection_and_alerts_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with refusing(state=NOT_AUTHORISED, status=NOT_AUTHORISED) as broker, _relay(tmp_path, broker) as relay:
        for n in range(5):
            relay.publish_state(StateMessage(device="edge", state="calm", stress=n / 10))
            relay.publish_retained("~/plan/echo", b"auto %d" % n)
            await _raise(relay, 2)
            assert await relay.drain(PATIENCE_S)
        assert _arrived(broker) == list(range(1, 11))
        assert (broker.connections, broker.published["state"], relay.trouble) == (1, 1, None)
        assert ("echo", b"auto 4") in broker.taken
    assert caplog.text.count("refused vagus/edge/state: Not authorized; nothing is told there") == 1
    assert caplog.text.count("refused vagus/edge/status: Not authorized") == 1


async def test_a_forbidden_topic_is_tried_again_after_a_while(tmp_path: Path) -> None:
    clock = HandClock()
    async with refusing(state=NOT_AUTHORISED) as broker, _relay(tmp_path, broker, clock) as relay:
        relay.publish_state(StateMessage(device="edge", state="calm"))
        await _raise(relay, 1)
        assert await relay.until(lambda: broker.published["state"] == 1, PATIENCE_S)
        assert await relay.drain(PATIENCE_S)
        broker.refused.clear()
        clock.move(601)
        relay.publish_state(StateMessage(device="edge", state="stress"))
        assert await relay.until(lambda: any(level == "state" for level, _ in broker.taken), PATIENCE_S)
        assert (broker.connections, broker.published["state"]) == (1, 2)


async def test_a_forbidden_alert_is_kept_and_tried_without_haste(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with refusing(alert=NOT_AUTHORISED) as broker, _relay(tmp_path, broker) as relay:
        await _raise(relay, 40)
        assert await relay.until(lambda: broker.published["alert"] >= 30, PATIENCE_S)
        assert (relay.pending, relay.acked, relay.connected, broker.connections) == (40, 0, True, 1)
        assert "refused vagus/edge/alert: Not authorized; what waits is kept and tried again" in str(relay.trouble)
        # Sixteen were on the way when the first was refused; from then on one at a time is tried.
        before, attempts = broker.published["alert"], broker.published.copy()
        assert await relay.until(lambda: broker.published["alert"] > before, PATIENCE_S)
        assert broker.published["alert"] == attempts["alert"] + 1
        broker.refused.clear()
        assert await relay.drain(PATIENCE_S)
        assert _arrived(broker) == list(range(1, 41))
        assert (relay.trouble, broker.connections) == (None, 1)
    assert caplog.text.count("refused vagus/edge/alert") == 1


class Ceilings(random.Random):
    """Chance that notes how long it might have made somebody wait, and makes nobody wait."""

    def __init__(self) -> None:
        super().__init__(0)
        self.seen: list[float] = []

    def uniform(self, a: float, b: float) -> float:
        self.seen.append(b)
        return 0.0


async def test_the_rest_between_two_tries_grows(tmp_path: Path) -> None:
    chance = Ceilings()
    async with refusing(alert=QUOTA) as broker, _relay(tmp_path, broker, chance=chance) as relay:
        await _raise(relay, 1)
        assert await relay.until(lambda: len(chance.seen) >= 6, PATIENCE_S)
        assert chance.seen[:6] == [0.001, 0.002, 0.004, 0.008, 0.01, 0.01]
        assert broker.connections == 1
        broker.refused.clear()
        assert await relay.drain(PATIENCE_S)
        # One that is taken starts the waits low again.
        broker.refused["alert"] = QUOTA
        before = len(chance.seen)
        await _raise(relay, 1)
        assert await relay.until(lambda: len(chance.seen) > before, PATIENCE_S)
        assert chance.seen[before] == 0.001


async def test_a_broker_that_takes_a_status_and_hangs_up_is_not_run_against(tmp_path: Path) -> None:
    """A PUBACK of the status proves little: the waits before another connection go on growing."""
    chance = Ceilings()
    async with refusing() as broker, _relay(tmp_path, broker, chance=chance) as relay:
        broker.hangs_up_on = "alert"
        await _raise(relay, 1)
        assert await relay.until(lambda: len(chance.seen) >= 6, PATIENCE_S)
        assert chance.seen[:6] == [0.001, 0.002, 0.004, 0.008, 0.01, 0.01]
        broker.hangs_up_on = ""
        assert await relay.drain(PATIENCE_S)
        assert _arrived(broker) == [1]


async def test_a_connection_that_lasted_is_made_anew_without_delay(tmp_path: Path) -> None:
    chance, clock = Ceilings(), HandClock()
    async with refusing() as broker, _relay(tmp_path, broker, chance=chance, clock=clock) as relay:
        for number, lasted_s in enumerate((1, 1, 61, 1), 1):
            # Our PUBACK has come: nothing of this connection is still under way.
            assert await relay.until(lambda number=number: broker.published["status"] == number, PATIENCE_S)
            assert relay.connected
            clock.move(lasted_s)
            broker.hang_up()
        assert await relay.until(lambda: broker.published["status"] == 5, PATIENCE_S)
        assert chance.seen == [0.001, 0.002, 0.001, 0.002]


async def test_a_forbidden_report_does_not_stand_in_the_way(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with refusing(report=NOT_AUTHORISED) as broker, _relay(tmp_path, broker) as relay:
        for n in range(3):
            await relay.report(f"r{n}", b"{}")
            await _raise(relay, 1)
        assert await relay.drain(PATIENCE_S)
        assert _arrived(broker) == [1, 2, 3]
        broker.refused["report"] = QUOTA
        await relay.report("r4", b"{}")
        assert await relay.until(lambda: relay.trouble is not None, PATIENCE_S)
        assert relay.pending == 1
        broker.refused.clear()
        assert await relay.drain(PATIENCE_S)
    assert caplog.text.count("refused vagus/edge/report: Not authorized; reports are let go") == 1


async def test_a_refused_subscription_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with (
        refusing(**{"vagus/edge/camera/set": NOT_AUTHORISED}) as broker,
        _relay(tmp_path, broker) as relay,
    ):
        relay.listen("~/camera/set", lambda _payload, _retained: None)
        relay.listen("~/plan/set", lambda _payload, _retained: None)
        for _ in range(2):
            assert await relay.wait_connected(PATIENCE_S)
            await _raise(relay, 1)
            assert await relay.drain(PATIENCE_S)
            relay.listen("~/camera/set", lambda _payload, _retained: None)
            await _raise(relay, 1)
            assert await relay.drain(PATIENCE_S)
    sentence = "refused our subscription to vagus/edge/camera/set: Not authorized; nothing is heard there"
    assert caplog.text.count(sentence) == 1
    assert "plan/set" not in caplog.text

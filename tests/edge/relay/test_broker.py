"""The broker of our own: QoS 1, retained messages, wills, and an end that waits for nobody."""

import asyncio
import logging

import aiomqtt
import pytest

from edge.relay import broker
from edge.relay.address import BrokerAddress
from edge.relay.broker import local_broker
from edge.relay.errors import BrokerError, VersionRefusedError
from edge.relay.session import Opening, Version, open_session
from tests.edge.relay.listening import PATIENCE_S, subscriber


def _opening(address: BrokerAddress, version: Version = "3.1.1") -> Opening:
    return Opening(address, "tester", version, 30, PATIENCE_S, will_topic="t/status", will_payload=b"offline")


async def test_messages_wills_and_retained_topics() -> None:
    async with local_broker() as address:
        session = await open_session(_opening(address))
        session.publish("t/status", b"online", retain=True)
        session.publish("t/alert", b"one")
        async with subscriber(address, "t/#") as heard:
            await heard.until(lambda got: got.on("t/status") == [b"online"])
            assert heard.messages[0] == ("t/status", b"online", True)
            session.publish("t/alert", b"two")
            await heard.until(lambda got: got.on("t/alert") == [b"two"])
            session.abort("power cut")
            await heard.until(lambda got: got.on("t/status") == [b"online", b"offline"])
        async with subscriber(address, "t/status") as late:
            await late.until(lambda got: got.on("t/status") == [b"offline"])


async def test_many_come_at_once_and_each_is_acknowledged_and_told_only_what_it_asked_for() -> None:
    async def come(address: BrokerAddress, number: int) -> None:
        async with subscriber(address, f"t/{number}") as heard:
            async with aiomqtt.Client(address.host, address.port, timeout=PATIENCE_S) as client:
                await client.publish(f"t/{number}", b"here", qos=1, retain=True)
            await heard.until(lambda got: bool(got.messages))
            assert {topic for topic, _, _ in heard.messages} == {f"t/{number}"}

    async with local_broker() as address, subscriber(address, "t/#"):
        async with aiomqtt.Client(address.host, address.port) as client:
            await client.publish("t/before", b"here", qos=1, retain=True)
        async with asyncio.TaskGroup() as clients:
            for number in range(40):
                clients.create_task(come(address, number))


async def test_a_goodbye_leaves_no_will() -> None:
    async with local_broker() as address, subscriber(address, "t/#") as heard:
        session = await open_session(_opening(address))
        await session.close()
        again = await open_session(_opening(address))
        again.publish("t/alert", b"last")
        await heard.until(lambda got: got.on("t/alert") == [b"last"])
        assert not heard.on("t/status")
        await again.close()


async def test_mqtt_5_is_refused_at_once() -> None:
    async with local_broker() as address:
        with pytest.raises(VersionRefusedError, match="does not speak MQTT 5"):
            await open_session(_opening(address, "5"))


async def test_it_ends_with_clients_connected_and_leaves_nobody_there() -> None:
    async with local_broker() as address:
        session = await open_session(_opening(address))
    assert await session.wait_closed()
    with pytest.raises(BrokerError, match="nothing listens there"):
        await open_session(_opening(address))


async def test_logs_stay_as_they_were(caplog: pytest.LogCaptureFixture) -> None:
    before = logging.getLogger("amqtt").level
    async with local_broker() as address:
        with pytest.raises(VersionRefusedError):
            await open_session(_opening(address, "5"))
    assert logging.getLogger("amqtt").level == before
    assert not caplog.records


async def test_two_live_side_by_side() -> None:
    async with local_broker() as one, local_broker() as other:
        assert one.port != other.port


async def test_for_who_is_away_all_alerts_wait_but_of_states_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "MOST_KEPT", 5)
    async with local_broker() as address:
        async with subscriber(address, "vagus/#", name="reader"):
            pass
        async with aiomqtt.Client(address.host, address.port) as client:
            for number in range(20):
                await client.publish("vagus/edge/state", str(number), qos=1, retain=True)
                if number % 5 == 0:
                    await client.publish("vagus/edge/alert", str(number), qos=1)
        async with subscriber(address, "vagus/#", name="reader") as heard:
            await heard.until(lambda h: b"19" in h.on("vagus/edge/state") and len(h.on("vagus/edge/alert")) == 4)
            assert heard.on("vagus/edge/alert") == [b"0", b"5", b"10", b"15"]
            assert set(heard.on("vagus/edge/state")) == {b"19"}


async def test_what_waits_for_who_never_comes_back_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "MOST_KEPT", 5)
    async with local_broker() as address:
        async with subscriber(address, "vagus/#", name="reader"):
            pass
        async with aiomqtt.Client(address.host, address.port) as client:
            for number in range(20):
                await client.publish("vagus/edge/alert", str(number), qos=1)
        async with subscriber(address, "vagus/#", name="reader") as heard:
            await heard.until(lambda h: b"19" in h.on("vagus/edge/alert"))
            assert heard.on("vagus/edge/alert") == [b"15", b"16", b"17", b"18", b"19"]

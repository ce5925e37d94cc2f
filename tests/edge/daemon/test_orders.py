"""Orders over MQTT through the whole daemon: obeyed, echoed, and honest about what they keep back."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import aiomqtt
import pytest

from edge.orders import PAUSE_FILE, Orders
from edge.own_broker import PASSWORD_FILE
from edge.relay.broker import USER
from edge.snooze import Snooze
from edge.whole_file import sync_folder
from tests.edge.daemon.lines import Running, little, running, trust_our_key
from tests.edge.relay.listening import subscriber
from tests.fakes.clock import HandClock


@pytest.fixture
async def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Running]:
    trust_our_key(tmp_path, monkeypatch)
    little(tmp_path / "bundle")
    async with running(tmp_path, tmp_path / "bundle") as line:
        yield line


async def order(line: Running, name: str, payload: str, *, password: str | None = None) -> None:
    broker = line.service.broker
    if password is None:
        password = (line.state / PASSWORD_FILE).read_text().strip()
    async with aiomqtt.Client(broker.host, broker.port, username=USER, password=password) as client:
        await client.publish(f"vagus/edge/{name}/set", payload, qos=1)


async def test_snoozed_alerts_are_counted_and_told_at_the_end(line: Running) -> None:
    daemon = line.service.daemon
    async with subscriber(line.service.broker, "vagus/#") as heard:
        await heard.until(lambda h: b"0" in h.on("vagus/edge/snooze/state"))
        await order(line, "snooze", "5")
        await heard.until(lambda h: b"5" in h.on("vagus/edge/snooze/state"))
        raised = daemon.health.raised
        await line.until(lambda: daemon.health.snoozed >= 3)
        assert daemon.health.raised == raised
        left, kept_back = daemon.orders.quiet  # as the page shows it
        assert (left, kept_back >= 3) == (5, True)
        await order(line, "snooze", "0")
        await heard.until(lambda h: bool(h.on("vagus/edge/report")))
        report = json.loads(heard.on("vagus/edge/report")[0])
        assert report["kind"] == "snoozed"
        assert report["alerts"] >= 3
        assert "stress" in report["reason"]
        await line.until(lambda: daemon.health.raised > raised)  # it still lasts, so it is told now
        assert daemon.orders.quiet == (0, 0)
        assert heard.on("vagus/edge/snooze/state")[-1] == b"0"


async def test_the_plan_that_holds_is_told_before_anybody_has_asked_for_one(line: Running) -> None:
    """It is `full` by the settings."""
    daemon = line.service.daemon
    async with subscriber(line.service.broker, "vagus/edge/plan/state") as heard:
        await heard.until(lambda h: h.on("vagus/edge/plan/state") == [b"full"])
        await order(line, "plan", "auto")
        await heard.until(lambda h: h.on("vagus/edge/plan/state")[-1] == b"auto")
        assert daemon.steering.word == "auto"
        daemon.steering.force("low")  # the state follows the steering, whoever told it
        await heard.until(lambda h: h.on("vagus/edge/plan/state")[-1] == b"low")


async def test_a_baseline_is_started_and_its_progress_told(line: Running) -> None:
    async with subscriber(line.service.broker, "vagus/edge/baseline/state") as heard:
        await heard.until(lambda h: h.on("vagus/edge/baseline/state") == [b"idle"])
        await order(line, "baseline", "start")
        await heard.until(lambda h: any(b"%" in said for said in h.on("vagus/edge/baseline/state")))


async def test_who_has_no_password_may_listen_but_give_no_orders(line: Running) -> None:
    broker, topic = line.service.broker, "vagus/edge/snooze/set"
    assert (line.state / PASSWORD_FILE).stat().st_mode & 0o777 == 0o600
    async with subscriber(broker, "vagus/#") as heard:
        async with aiomqtt.Client(broker.host, broker.port) as stranger:
            await stranger.publish(topic, "60", qos=1)
        with pytest.raises(aiomqtt.MqttError, match="authori"):
            await order(line, "snooze", "60", password="guessed")
        with pytest.raises(aiomqtt.MqttError, match="authori"):
            async with aiomqtt.Client(broker.host, broker.port, will=aiomqtt.Will(topic, b"60")):
                pass
        await order(line, "snooze", "5")
        await heard.until(lambda h: b"5" in h.on("vagus/edge/snooze/state"))
        assert b"60" not in heard.on("vagus/edge/snooze/state")


async def test_nonsense_changes_nothing(line: Running) -> None:
    daemon = line.service.daemon
    await order(line, "snooze", "for ever")
    await order(line, "camera", "on")  # there is none
    await order(line, "snooze", "0")
    raised = daemon.health.raised
    await line.until(lambda: daemon.health.raised > raised)


def test_minutes_left_are_rounded_up_and_end_by_themselves(tmp_path: Path) -> None:
    clock = HandClock()
    snooze = Snooze(clock, tmp_path)
    assert not snooze.holds
    assert snooze.over() is None
    snooze.start(2)
    clock.move(61)
    assert (snooze.holds, snooze.minutes_left) == (True, 1)
    clock.wall_ns += 3_600_000_000_000  # a clock that is set ends nothing
    assert snooze.holds
    clock.move(59)
    assert not snooze.holds
    kept = snooze.over()
    assert kept is not None
    assert kept.alerts == 0
    assert snooze.over() is None


class Camera:
    paused = False


def test_a_paused_camera_stays_paused_over_restarts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    synced = list[tuple[Path, bool]]()

    def syncs(folder: Path) -> None:
        synced.append((folder, (tmp_path / PAUSE_FILE).exists()))
        sync_folder(folder)

    def refuses(folder: Path) -> None:
        raise OSError(5, "Input/output error", str(folder))

    monkeypatch.setattr("edge.orders.sync_folder", syncs)
    camera = Camera()
    orders = Orders(camera, None, Snooze(HandClock(), tmp_path), tmp_path)
    assert orders.pause_camera(True) == "paused"
    assert camera.paused
    assert orders.camera_paused
    assert (tmp_path / PAUSE_FILE).exists()
    again = Camera()
    Orders(again, None, Snooze(HandClock(), tmp_path), tmp_path)
    assert again.paused
    assert orders.pause_camera(False) == "on"
    assert not (tmp_path / PAUSE_FILE).exists()
    assert synced == [(tmp_path, True), (tmp_path, False)], "a power cut forgets neither"
    monkeypatch.setattr("edge.orders.sync_folder", refuses)
    assert orders.pause_camera(True) == "paused"
    assert orders.pause_camera(False) == "on"
    assert caplog.text.count("a restart may forget it") == 2


def test_an_order_before_anything_was_kept_is_no_trouble(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    orders = Orders(Camera(), None, Snooze(HandClock(), tmp_path), tmp_path / "state")
    assert orders.pause_camera(False) == "on"
    assert "forget" not in caplog.text
    assert orders.pause_camera(True) == "paused"
    assert (tmp_path / "state" / PAUSE_FILE).exists()

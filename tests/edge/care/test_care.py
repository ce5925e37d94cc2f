"""The person's own data: handed over whole, forgotten whole, and never kept past its limits."""

import json
import os
import sys
import zipfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiomqtt
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge import cli
from edge.clock import SECOND, SystemClock, UnixNs
from edge.forgetting import confirmed, forget_all, plan
from edge.handover import hand_over
from edge.refusal import RefusalError
from edge.relay.outbox import Outbox
from edge.relay.seal import Seal
from edge.relay.settings import MqttSettings, OutboxSettings
from edge.retention import enforce
from edge.settings import RetentionSettings, Settings, SettingsError, WatchSettings, read_settings
from edge.stored import IMPERSONAL, kinds, stored
from tests.edge.care.holdings import daemon_at, fill, record, speak
from tests.edge.relay.listening import subscriber
from tests.fakes.services import running, states
from tests.faults.mosquitto import Mosquitto, needs_mosquitto

MARCH = datetime(2026, 3, 1, 10, 15, tzinfo=UTC)


def of(state: Path, broker: str = "", device: str = "edge", seal_to_file: str = "") -> Settings:
    mqtt = MqttSettings(broker=broker, username="nurse", device=device, seal_to_file=seal_to_file)
    return Settings(state_dir=str(state), mqtt=mqtt)


def files(place: Path) -> set[Path]:
    return {path for path in place.rglob("*") if path.is_file()}


async def test_everything_is_in_the_zip_and_explained(tmp_path: Path) -> None:
    state, out = tmp_path / "state", tmp_path / "mine.zip"
    state.mkdir()
    await fill(state)
    done = hand_over(of(state, "127.0.0.1:1"), out)
    assert (done["outbox"], done["recordings"], done["baseline"], done["usual"], done["snooze"]) == (1, 2, 1, 1, 1)
    assert out.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(out) as zipped:
        assert zipped.testzip() is None
        lines = [json.loads(line) for line in zipped.read("outbox/messages.jsonl").splitlines()]
        assert [line["message"]["sequence"] for line in lines] == [1, 2, 3]
        assert zipped.read("recordings/20260301-101500.packets").startswith(b'{"format"')
        assert json.loads(zipped.read("baseline/baseline.json")) == {"heart_rate": 61.0}
        readme = zipped.read("README.txt").decode()
        for name in zipped.namelist():
            assert name == "README.txt" or name in readme
        everything = b"".join(zipped.read(name) for name in zipped.namelist())
    assert "90 days" in readme
    for secret in (b"nurse", b"secret"):
        assert secret not in everything


async def test_a_zip_is_never_written_over_nor_half(tmp_path: Path) -> None:
    out = tmp_path / "mine.zip"
    out.write_text("precious")
    with pytest.raises(RefusalError, match="exists; name a new file"):
        hand_over(of(tmp_path), out)
    assert out.read_text() == "precious"
    with pytest.raises(RefusalError, match="cannot be written"):
        hand_over(of(tmp_path), tmp_path / "no" / "such" / "place.zip")


async def test_a_damaged_outbox_is_handed_over_as_it_lies(tmp_path: Path) -> None:
    (tmp_path / "outbox.db").write_bytes(b"no database " * 500)
    (tmp_path / "outbox.db.corrupt-20260301T000000Z").write_bytes(b"older")
    hand_over(of(tmp_path), tmp_path / "mine.zip")
    with zipfile.ZipFile(tmp_path / "mine.zip") as zipped:
        assert {"outbox/outbox.db", "outbox/outbox.db.corrupt-20260301T000000Z"} <= set(zipped.namelist())


@pytest.mark.parametrize(("offset", "bit"), [(0, 0x01), (1, 0x80)], ids=["no quote any more", "no text any more"])
async def test_an_outbox_with_a_damaged_message_is_handed_over_as_it_lies(
    tmp_path: Path, offset: int, bit: int
) -> None:
    await fill(tmp_path)
    box = tmp_path / "outbox.db"
    content = bytearray(box.read_bytes())
    content[content.index(b'"confidence":') + offset] ^= bit
    box.write_bytes(content)
    done = hand_over(of(tmp_path), tmp_path / "mine.zip")
    assert (done["outbox"], done["recordings"]) == (1, 2)
    with zipfile.ZipFile(tmp_path / "mine.zip") as zipped:
        assert zipped.read("outbox/outbox.db") == content
        assert "outbox/messages.jsonl" not in zipped.namelist()


async def test_a_running_daemon_is_not_read_nor_wiped(tmp_path: Path) -> None:
    with daemon_at(tmp_path / "outbox.db"):
        with pytest.raises(RefusalError, match="stop it first"):
            hand_over(of(tmp_path), tmp_path / "mine.zip")
        with pytest.raises(RefusalError, match="stop it first"):
            await forget_all(of(tmp_path), with_bonds=False)
        with pytest.raises(RefusalError, match="stop it first"):
            plan(of(tmp_path), with_bonds=False)


async def test_forgetting_leaves_what_is_about_no_one(tmp_path: Path) -> None:
    await fill(tmp_path)
    (tmp_path / "diary.txt").write_text("somebody else's")
    assert {line.split()[-1] for line in plan(of(tmp_path), with_bonds=False)} == {
        "outbox", "recordings", "baseline", "usual", "snooze"
    }  # fmt: skip
    done = await forget_all(of(tmp_path), with_bonds=False)
    assert done.left == ()
    assert dict(done.deleted) == {"outbox": 1, "recordings": 2, "baseline": 1, "usual": 1, "snooze": 1}
    assert {path.name for path in files(tmp_path)} == {"bundle-floor", "page-token", "diary.txt"}
    assert "Nothing about the person" in stored(of(tmp_path)).says
    assert sum((await forget_all(of(tmp_path), with_bonds=False)).deleted.values()) == 0


async def test_an_outbox_on_another_disk_is_forgotten_too(tmp_path: Path) -> None:
    other = tmp_path / "disk" / "alerts.db"
    settings = Settings(state_dir=str(tmp_path / "state"), outbox=OutboxSettings(path=str(other)))
    async with Outbox(settings.outbox, SystemClock()):
        pass
    assert (await forget_all(settings, with_bonds=False)).deleted["outbox"] == 1
    assert not other.exists()


async def test_every_file_a_daemon_writes_is_known(tmp_path: Path) -> None:
    """Whoever stores something new about the person must say so in edge/stored.py."""
    async with running(tmp_path, "virtual:wearer?seed=1") as service:
        async for said in states(service):
            if said.stress is not None:
                break
    settings = Settings(state_dir=str(tmp_path))
    known = {file for kind in kinds(settings) for file in kind.files()} | {tmp_path / name for name in IMPERSONAL}
    assert not files(tmp_path) - known


@asynccontextmanager
async def _broker(tmp_path: Path) -> AsyncGenerator[Mosquitto]:
    real = Mosquitto(tmp_path / "broker")
    await real.start()
    try:
        yield real
    finally:
        await real.stop()


async def _retained(real: Mosquitto) -> dict[str, bytes]:
    """Everything that a newcomer would be told."""
    async with subscriber(real.address, "#") as heard:
        async with aiomqtt.Client(real.address.host, real.address.port) as client:
            await client.publish("end", b"!", qos=1)
        await heard.until(lambda got: bool(got.on("end")))
        return {topic: payload for topic, payload, retained in heard.messages if retained}


@needs_mosquitto
async def test_the_broker_forgets_us_and_no_one_else(tmp_path: Path) -> None:
    async with _broker(tmp_path) as real:
        ours, theirs = of(tmp_path, str(real.address), device="edge"), of(tmp_path, str(real.address), device="other")
        await speak(ours, tmp_path)
        await speak(theirs, tmp_path)
        before = await _retained(real)
        assert "homeassistant/device/vagus_edge/config" in before
        assert {"vagus/edge/status", "vagus/edge/state", "vagus/edge/camera/state"} <= before.keys()
        done = await forget_all(ours, with_bonds=False)
        assert set(done.topics) == {topic for topic in before if "edge" in topic}
        assert await _retained(real) == {topic: said for topic, said in before.items() if "edge" not in topic}


@needs_mosquitto
async def test_what_was_sealed_under_a_lost_name_is_found_by_its_key(tmp_path: Path) -> None:
    secret, form = X25519PrivateKey.generate(), serialization.PublicFormat.SubjectPublicKeyInfo
    key = tmp_path / "to.pem"
    key.write_bytes(secret.public_key().public_bytes(serialization.Encoding.PEM, form))
    async with _broker(tmp_path) as real:
        settings = of(tmp_path, str(real.address), device="living-room", seal_to_file=str(key))
        async with aiomqtt.Client(real.address.host, real.address.port) as client:
            # A daemon that was killed: its name is known to no one any more.
            for name, recipient in (("aaaa", secret), ("bbbb", X25519PrivateKey.generate())):
                sealed = Seal(recipient.public_key()).close(b'{"state":"stress"}')
                await client.publish(f"vagus/{name}/state", sealed, qos=1, retain=True)
        done = await forget_all(settings, with_bonds=False)
        assert done.topics == ("vagus/aaaa/state",)
        assert list(await _retained(real)) == ["vagus/bbbb/state"]
    assert not any("living-room" in line for line in real.log)


async def test_a_broker_that_is_away_is_left_for_another_run(tmp_path: Path) -> None:
    await fill(tmp_path)
    done = await forget_all(of(tmp_path, "127.0.0.1:1"), with_bonds=False)
    assert sum(done.deleted.values()) == 6
    (sentence,) = done.left
    assert "run `edge-daemon forget` again" in sentence


async def test_bonds_that_cannot_be_asked_for_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/nobody")
    settings = msgspec.structs.replace(of(tmp_path), watch=WatchSettings("ble:F0:F1:F2:F3:F4:F5"))
    assert "end the bonds with F0:F1:F2:F3:F4:F5" in plan(settings, with_bonds=True)
    (sentence,) = (await forget_all(settings, with_bonds=True)).left
    assert sentence.startswith("bonds: ")


def test_nothing_is_deleted_by_a_slip() -> None:
    assert confirmed(" Forget ")
    for slip in ("", "y", "yes"):
        with pytest.raises(RefusalError, match="nothing was deleted"):
            confirmed(slip)


def test_forget_asks_and_takes_no_for_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "vagus.toml"
    config.write_text(f"state_dir = '{tmp_path}'\n")
    (tmp_path / "baseline.json").write_text("{}")
    monkeypatch.setattr(sys, "argv", ["edge-daemon", "forget", "--config", str(config)])
    monkeypatch.setattr("typer.prompt", lambda *_a, **_k: "no")  # pyright: ignore[reportUnknownLambdaType,reportUnknownArgumentType]
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 2
    assert (tmp_path / "baseline.json").exists()
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--yes", "--json", "-"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 0
    assert json.loads(capsys.readouterr().out)["deleted"]["baseline"] == 1
    assert not (tmp_path / "baseline.json").exists()


def at(moment: datetime) -> UnixNs:
    return UnixNs(int(moment.timestamp()) * SECOND)


def _aged(packets: Path, moment: datetime) -> Path:
    os.utime(packets, (moment.timestamp(), moment.timestamp()))
    return packets


def test_recordings_leave_by_age_and_then_by_size(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(of(tmp_path), retention=RetentionSettings(90, 1))
    for month in range(1, 6):
        begun = datetime(2026, month, 1, tzinfo=UTC)
        _aged(record(tmp_path, f"2026{month:02}01-000000", 400), begun + timedelta(minutes=5))
    told = enforce(settings, at(datetime(2026, 5, 2, tzinfo=UTC)))
    # Of January's to May's: January's is too old, and two of 400 KiB fit into one MiB.
    assert sorted(path.stem[:6] for path in (tmp_path / "recordings").glob("*.packets")) == ["202604", "202605"]
    assert sum("retention.recordings_mib" in sentence for sentence in told) == 2
    assert sum("retention.recording_days" in sentence for sentence in told) == 1
    assert len(list((tmp_path / "recordings").iterdir())) == 4
    assert enforce(settings, at(datetime(2026, 5, 2, tzinfo=UTC))) == []


def test_a_recording_under_way_and_a_clock_never_set_delete_nothing(tmp_path: Path) -> None:
    settings = of(tmp_path)
    _aged(record(tmp_path, "20260101-000000", 1), MARCH)
    assert enforce(settings, UnixNs(0)) == []
    assert enforce(settings, at(MARCH + timedelta(minutes=5))) == []
    _aged(record(tmp_path, "19700101-000000", 1), datetime(1970, 1, 1, tzinfo=UTC))
    assert len(enforce(settings, at(MARCH + timedelta(days=60)))) == 1
    assert [path.stem for path in (tmp_path / "recordings").glob("*.packets")] == ["19700101-000000"]


def test_what_was_set_aside_leaves_with_the_alerts_it_may_hold(tmp_path: Path) -> None:
    damaged = _aged_file(tmp_path / "outbox.db.corrupt-20260301T101500Z", MARCH)
    assert enforce(of(tmp_path), at(MARCH + timedelta(days=29))) == []
    assert damaged.name in enforce(of(tmp_path), at(MARCH + timedelta(days=31)))[0]
    assert not damaged.exists()


def _aged_file(path: Path, moment: datetime) -> Path:
    path.write_bytes(b"x")
    return _aged(path, moment)


@pytest.mark.parametrize("limits", ["recording_days = 0", "recordings_mib = 0"])
def test_limits_of_nothing_are_refused(limits: str, tmp_path: Path) -> None:
    config = tmp_path / "vagus.toml"
    config.write_text(f"[retention]\n{limits}\n")
    with pytest.raises(SettingsError, match="retention"):
        read_settings(config)

"""The doctor works without a daemon, tries things for real, and has a cure for whatever is not good."""

import json
import os
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edge import cli
from edge.check import Check, parted, sentence
from edge.doctor import examine, told, well
from edge.doctor_ways import broker, camera
from edge.flow import Image
from edge.ground import models, writable
from edge.relay.errors import BrokerError
from edge.relay.settings import MqttSettings
from edge.sensing.pictures import CameraError, Still
from edge.settings import CameraSettings, ModelSettings, Settings
from edge.stored import in_use
from tests.edge.care.findings import sound
from tests.edge.care.holdings import daemon_at
from tests.edge.relay.certificates import Authority
from tests.faults.mosquitto import Mosquitto, needs_mosquitto


class _Dark:
    """A camera with its cap on, or one that opens and says nothing."""

    period_s, lasting = 0.0, True

    def __init__(self, *, silent: bool = False) -> None:
        self.silent, self.closed, self.grabbed = silent, False, 0

    def grab(self) -> bool:
        self.grabbed += 1
        return not self.silent

    def retrieve(self) -> Image | None:
        return np.zeros((48, 64, 3), np.uint8)

    def close(self) -> None:
        self.closed = True


def _filmed(source: str = "device:0") -> Settings:
    return Settings(camera=CameraSettings(source))


def test_a_camera_is_opened_looked_through_and_closed() -> None:
    dark, silent = _Dark(), _Dark(silent=True)
    check = sound(camera(_filmed(), False, lambda _source, _fps: dark))
    assert (check.state, dark.closed) == ("warn", True)
    assert "too dark" in check.says
    assert dark.grabbed > 1  # a camera measures the light first
    check = sound(camera(_filmed(), False, lambda _source, _fps: silent))
    assert (check.state, silent.closed) == ("bad", True)
    bright = Still(np.full((48, 64, 3), 128, np.uint8), 5.0)
    assert "64 x 48" in sound(camera(_filmed(), False, lambda _source, _fps: bright)).says
    assert sound(camera(Settings(), False)).state == "off"
    gone = sound(camera(_filmed("device:/dev/video99"), False))
    assert (gone.says, gone.cure) == (
        "Camera device /dev/video99 is not there.",
        "Plug it in, or see `ls /dev/video*`.",
    )
    assert "device:/dev/video0" in sound(camera(_filmed("/no/such.mp4"), False)).cure


def test_a_camera_that_the_daemon_holds_is_no_fault() -> None:
    def held(*_: object) -> Still:
        raise CameraError("camera device /dev/video0 does not open; another program may hold it")

    assert sound(camera(_filmed("device:/dev/null"), True, held)).state == "off"
    assert sound(camera(_filmed("device:/dev/null"), False, held)).state == "bad"
    assert sound(camera(_filmed("device:/dev/video99"), True, held)).state == "bad"


@needs_mosquitto
async def test_the_broker_is_tried_with_the_configured_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.sign("broker")
    real = Mosquitto(tmp_path / "broker", f"certfile {pair.certificate}", f"keyfile {pair.key}", tls=True)
    await real.start()
    try:
        trusted = Settings(mqtt=MqttSettings(broker=str(real.address), ca_file=str(authority.path)))
        check = sound(await broker(trusted))
        assert (check.state, "verified TLS" in check.says) == ("good", True)
        stranger = sound(await broker(Settings(mqtt=MqttSettings(broker=str(real.address)))))
        assert (stranger.state, "Set ca_file" in stranger.cure) == ("bad", True)
    finally:
        await real.stop()
    gone = sound(await broker(trusted))
    assert (gone.state, "nothing listens there" in gone.says) == ("bad", True)
    assert sound(await broker(Settings())).state == "off"
    # It came as a guest, so a daemon of the same name would have stayed connected, and no will was left.
    assert any("vagus-edge-" in line for line in real.log)
    assert not any("vagus/edge/status" in line for line in real.log)


def test_models_are_asked_for_their_answers(tmp_path: Path) -> None:
    assert "answers are right" in sound(models(Settings(state_dir=str(tmp_path)), canary=True)).says
    assert sound(models(Settings(state_dir=str(tmp_path), models=ModelSettings(bundle=str(tmp_path))))).state == "bad"
    (tmp_path / "bundle-floor").write_text("9.0.0\n")
    assert "below 9.0.0" in sound(models(Settings(state_dir=str(tmp_path)))).says


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_state_directory_that_takes_nothing(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    check = writable(tmp_path)
    assert check is not None
    assert sound(check).state == "bad"


def test_a_probe_of_the_disk_leaves_nothing(tmp_path: Path) -> None:
    assert writable(tmp_path / "state") is None
    assert not list((tmp_path / "state").iterdir())
    (tmp_path / "file").touch()
    blocked = writable(tmp_path / "file" / "state")
    assert blocked is not None
    assert sound(blocked).state == "bad"


def test_a_daemon_that_runs_is_noticed_by_its_outbox(tmp_path: Path) -> None:
    settings, outbox = Settings(state_dir=str(tmp_path)), tmp_path / "outbox.db"
    assert not in_use(settings)
    with daemon_at(outbox):
        assert in_use(settings)
        assert in_use(settings)
    assert not in_use(settings)
    assert [path.name for path in tmp_path.iterdir()] == ["outbox.db"]  # asking leaves nothing behind
    outbox.write_bytes(b"no database at all" * 100)
    assert not in_use(settings)


async def test_everything_at_once(tmp_path: Path) -> None:
    checks = await examine(Settings(state_dir=str(tmp_path)), None)
    assert [check.name for check in checks][:2] == ["Permissions", "Models"]
    assert len({check.name for check in checks}) == len(checks) == 9
    for check in checks:
        sound(check)
    assert told(checks)["well"] == well(checks)


async def test_a_key_that_others_may_read_is_found(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.touch(mode=0o644)
    settings = Settings(state_dir=str(tmp_path), mqtt=MqttSettings(username="edge", password_file=str(secret)))
    check = next(check for check in await examine(settings, None) if check.name == "Permissions")
    assert sound(check).state == "bad"
    assert "chmod 600" in check.cure


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    monkeypatch.setattr(sys, "argv", ["edge-daemon", "doctor", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return stopped.value.code


def test_people_see_a_table_and_machines_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "vagus.toml"
    config.write_text(f"state_dir = '{tmp_path}'\n[camera]\nsource = '{tmp_path}/[x].mp4'\n")
    assert _run(monkeypatch, "--config", str(config)) == 1
    shown = capsys.readouterr().out
    assert "[x].mp4" in "".join(shown.split())  # what looks like markup is shown as it is
    assert "must be mended" in shown
    config.write_text(f"state_dir = '{tmp_path}'\n")
    assert _run(monkeypatch, "--config", str(config), "--json", "-") == 0
    assert json.loads(capsys.readouterr().out)["well"]


def test_settings_nobody_can_run_with_are_a_finding_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "vagus.toml"
    config.write_text("[watch]\nadress = 'x'\n")
    assert _run(monkeypatch, "--config", str(config), "--json", "-") == 1
    (check,) = json.loads(capsys.readouterr().out)["checks"]
    assert "unknown setting watch.adress" in check["says"]


def test_settings_that_are_not_there_are_told_from_those_that_are_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, "--config", str(tmp_path / "none.toml"), "--json", "-") == 1
    (check,) = json.loads(capsys.readouterr().out)["checks"]
    assert "No such file" in check["says"]
    assert "Name the file" in check["cure"]


def test_errors_are_parted_into_what_is_and_what_helps() -> None:
    assert parted(BrokerError("it is away; start it")) == ("It is away.", "Start it.")
    assert parted(BrokerError("no answer: see the port")) == ("No answer.", "See the port.")
    assert parted(BrokerError("odd")) == ("Odd.", "")
    assert sentence("why?") == "Why?"
    assert msgspec.to_builtins(Check("a", "good", "b")) == {"name": "a", "state": "good", "says": "b", "cure": ""}

"""What stops no start, as a camera that is away, and what does: each of it with one sentence and exit code 2."""

import asyncio
import os
import pwd
import signal
import sys
from pathlib import Path

import pytest

from edge.bundle_keys import SHIPPED, KeyFileError, own_keys_path, read_keys, trusted_keys
from edge.rehearsal import rehearse
from edge.relay.settings import OutboxSettings
from edge.sensing.errors import AwayCameraError
from edge.service import open_service
from edge.settings import CameraSettings, Settings, SettingsError, WatchSettings, parse_settings
from edge.stored import kinds
from edge.verbs import check, serve
from tests.edge.test_cli import config, refuse

PATIENCE_S = 60.0


async def test_a_camera_that_is_away_is_told_once_and_keeps_no_daemon_from_its_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "vagus")
    monkeypatch.setattr("edge.replugging.REOPEN_S", 0.01)
    monkeypatch.setattr("edge.replugging.LONGEST_S", 0.02)
    watch, camera = WatchSettings("virtual:wearer?seed=1"), CameraSettings("device:nowhere")
    settings = Settings(state_dir=str(tmp_path), watch=watch, camera=camera)
    with pytest.raises(AwayCameraError, match="nowhere is not there; plug it in"):
        check(settings)
    serving = asyncio.create_task(serve(settings, speed=20.0))
    async with asyncio.timeout(PATIENCE_S):
        while "watch is online" not in caplog.text and not serving.done():  # noqa: ASYNC110 - the log has no event
            await asyncio.sleep(0.01)
        if not serving.done():
            os.kill(os.getpid(), signal.SIGTERM)
        told = await serving
    assert told["samples"]
    assert told["dropped_by_cause"]["camera"] > 1  # pyright: ignore[reportIndexIssue] - a summary is for JSON
    assert caplog.text.count("nowhere is not there") == 1


@pytest.mark.parametrize("verb", ["check", "run"])
@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("device:", "device: names no camera"),
        ("device:/dev/null", "is no camera device"),
        ("device:/dev/null/video0", "cannot be looked at (Not a directory)"),
        (f"device:/dev/{'x' * 300}", "cannot be looked at (File name too long)"),
        ("gst:v4l2src ! autovideosink", "does not end in `! appsink`"),
        ("picamera2:0", "picamera2 is not installed"),
        ("/no/such/camera.mjpeg", "does not exist"),
        ("/dev/no-such-camera.avi", "does not exist"),
        ("x" * 300, "cannot be looked at (File name too long)"),
        (f"{'x' * 300}%04d.png", "cannot be looked at (File name too long)"),
    ],
)
def test_a_source_that_no_waiting_mends_is_refused(
    verb: str,
    source: str,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    text = f"state_dir = '{tmp_path}/state'\n[watch]\naddress = 'virtual:wearer'\n[camera]\nsource = '{source}'"
    assert sentence in refuse(monkeypatch, capsys, verb, "--config", config(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[watch]\naddress = "replay:a\\u0000b"', "watch.address 'replay:a.x00b' holds a NUL"),
        ('[camera]\nsource = "device:a\\u0000b"', "camera.source 'device:a.x00b' holds a NUL"),
        ('[mqtt]\npassword_file = "a\\u0000b"', "mqtt.password_file 'a.x00b' holds a NUL"),
        ('[mqtt]\nca_file = "a\\u0000b"', "mqtt.ca_file 'a.x00b' holds a NUL"),
        ("[mqtt]\nbroker = 'mqtts://home..local:8883'", "'mqtts://home..local:8883' names no computer"),
        ("[outbox]\npath = '~nosuchuser/box.db'", "outbox.path '~nosuchuser/box.db': this machine knows no such home"),
        ("[panel]\nenabled = true\n[health]\nport = 8377", "panel.port and health.port are both 8377"),
        ("[panel]\nenabled = true\nlan = true\nport = 9464\n[health]\nport = 9464", "health.port are both 9464"),
        ("[sampling.change]\nslack = nan", "a change needs a slack of at least 0"),
    ],
)
def test_settings_that_can_never_work_are_refused(text: str, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        parse_settings(text, Path("vagus.toml"))


@pytest.mark.parametrize("panel", ["", "enabled = true\nport = 0", "enabled = true\nhost = '192.0.2.1'\nlan = true"])
def test_pages_that_are_not_in_each_others_way_may_have_one_port(panel: str) -> None:
    settings = parse_settings(f"[panel]\n{panel}\n[health]\nport = 8377", Path("vagus.toml"))
    assert settings.health.port == 8377


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user that /etc/passwd does not know, and no HOME: as a container's may be."""

    def unknown(number: int) -> pwd.struct_passwd:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("HOME", "STATE_DIRECTORY", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("homeless")
def test_who_has_no_home_needs_a_state_directory_and_no_more(tmp_path: Path) -> None:
    settings = Settings(state_dir=str(tmp_path / "state"), watch=WatchSettings("virtual:wearer"))
    rehearse(settings)
    assert check(settings)["ok"]
    assert trusted_keys() == read_keys(SHIPPED)
    with pytest.raises(KeyFileError, match="no home to keep keys in"):
        own_keys_path()
    with pytest.raises(SettingsError, match="no home to keep anything in; set state_dir"):
        check(Settings(watch=WatchSettings("virtual:wearer")))


async def test_an_outbox_at_home_is_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, state = tmp_path / "home", tmp_path / "state"
    home.mkdir()
    state.mkdir()
    monkeypatch.setenv("HOME", str(home))
    settings = Settings(state_dir=str(state), outbox=OutboxSettings(path="~/box.db"))
    async with open_service(settings):
        assert (home / "box.db").exists()
    assert not (state / "~").exists()
    assert [*kinds(settings)[0].files()] == [home / "box.db"]

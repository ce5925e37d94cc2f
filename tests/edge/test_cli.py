"""Every start that cannot be made is refused with one sentence and exit code 2."""

import json
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from edge import cli
from edge.bundle_contract import Models
from edge.options import report
from edge.refusal import RefusalError
from edge.rehearsal import rehearse
from edge.relay.seal import Seal
from edge.settings import Settings, WatchSettings, read_settings, shipped_bundle
from edge.signals.features import FEATURE_VERSION
from edge.verbs import check
from tests.edge.daemon.lines import trust_our_key
from tests.fakes.bundles import tiny_bundle, tiny_files


def refuse(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    monkeypatch.setattr(sys, "argv", ["edge-daemon", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def config(tmp_path: Path, text: str) -> str:
    file = tmp_path / "vagus.toml"
    file.write_text(text)
    return str(file)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[watch]\nadress = 'ble:X'", "unknown setting watch.adress; known here: address"),
        ("speed = 3", "unknown setting speed"),
        ("[models]\nbundle = 'no/such/bundle'", "no/such/bundle is no bundle"),
        ("[models]\nthreads = 0", "models.threads must lie between 1 and 16"),
        ("[camera]\nsource = 'device:/dev/video99'", "/dev/video99"),
        ("[camera]\nsource = '/no/such/clip.mp4'", "/no/such/clip.mp4"),
        ("[mqtt]\nbroker = 'broker.local'", "has no port"),
        ("[mqtt]\nbroker = 'hub:1883'\npassword_file = '/p'", "password_file would cross the network in clear text"),
        ("[watch]\naddress = 'somewhere'", "is no link address"),
        ("[watch]\naddress = 'ble:F0:F1:F2:F3:F4:F5'\nallowed = ['A0:A1:A2:A3:A4:A5']", "not on the allow-list"),
        ("[watch]\naddress = 'ble:Vagus'\nallowed = ['A0:A1:A2:A3:A4:A5']", "a name, which any device may take"),
        ("[decision]\non = 2", "decision.on"),
        ("this is no toml", "no valid TOML"),
        (f"a = {'[' * 5000}", "nests its values too deeply"),
        ("[camera]\nfps = 0.02", "camera.fps must lie between 0.1 and 60, got 0.02"),
        ("[models]\nface_fresh_s = inf", "models.face_fresh_s must lie above 0 and at most at 600, got inf"),
        ("[retention]\nrecording_days = nan", "retention.recording_days must be above 0"),
        ("[mqtt]\ndiscovery_prefix = 'home/#'", "discovery_prefix 'home/#' must be letters"),
        ("state_dir = '~nosuchuser/x'", "state_dir '~nosuchuser/x': this machine knows no such home"),
        ("[models]\nbundle = '~nosuchuser/x'", "models.bundle '~nosuchuser/x': this machine knows no such home"),
        ('state_dir = "/tmp/a\\u0000b"', "holds a NUL"),
        ('[outbox]\npath = "a\\u0000b"', "holds a NUL"),
        ("", "nothing to listen to"),
        ("[sampling.change]\nspeed = 1", "unknown setting sampling.change.speed; known here: slack, alarm, memory"),
        ("[watch]\naddress = 'radio:here'", "no link is called 'radio'"),
        ("[watch]\naddress = 'replay:/no/such/watch.jsonl'", "cannot read the recording /no/such/watch.jsonl"),
        ("[watch]\naddress = 'virtual:nobody'", "worn by wearer or recording"),
        ("[watch]\naddress = 'virtual:wearer?device=sundial'", "no virtual device is called 'sundial'"),
        ("[mqtt]\nseal_to_file = '/no/such/key.pem'", "seal_to_file '/no/such/key.pem' holds no public key"),
        ("[mqtt]\nbroker = 'mqtts://hub:8883'\nca_file = '/no/such/ca.pem'", "ca_file '/no/such/ca.pem'"),
        ("[mqtt]\nbroker = 'localhost:1883'\npassword_file = '/no/such/word'", "password_file '/no/such/word'"),
    ],
)
def test_check_refuses(
    text: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sentence in refuse(monkeypatch, capsys, "check", "--config", config(tmp_path, text))


def test_a_watch_off_the_list_is_not_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = config(tmp_path, "[watch]\nallowed = ['A0:A1:A2:A3:A4:A5']")
    out = tmp_path / "out.vrec"
    said = refuse(monkeypatch, capsys, "record", str(out), "--watch", "ble:F0:F1:F2:F3:F4:F5", "--config", listed)
    assert "not on the allow-list" in said
    assert not out.exists()


def test_check_refuses_a_flipped_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(shipped_bundle(), bundle)
    model = next(bundle.glob("*.tflite"))
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    said = refuse(monkeypatch, capsys, "check", "--config", config(tmp_path, f"[models]\nbundle = '{bundle}'"))
    assert model.name in said


def test_a_settings_file_that_is_not_there(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert "nowhere.toml" in refuse(monkeypatch, capsys, "--config", "nowhere.toml")


@pytest.mark.parametrize("verb", ["run", "baseline"])
def test_a_watch_off_the_allow_list_is_not_listened_to(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "[watch]\naddress = 'ble:F0:F1:F2:F3:F4:F5'\nallowed = ['A0:A1:A2:A3:A4:A5']"
    assert "not on the allow-list" in refuse(monkeypatch, capsys, verb, "--config", config(tmp_path, text))


@pytest.mark.parametrize("verb", ["check", "run", "baseline"])
@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("ble:F0:F1:F2:F3:F4:F5?rate=1", "unknown option 'rate'"),
        ("serial:/dev/ttyUSB0?baud=abc", "baud must be a number"),
        ("tcp:192.0.2.1:3333?format=nonsense", "no format is called 'nonsense'"),
    ],
)
def test_an_address_with_a_wrong_option_is_refused_before_anything_is_opened(
    verb: str,
    address: str,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = f"state_dir = '{tmp_path}/state'\n[watch]\naddress = '{address}'"
    assert sentence in refuse(monkeypatch, capsys, verb, "--config", config(tmp_path, text))
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("arguments", [["run"], []])
def test_run_with_nothing_to_listen_to(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "nothing to listen to" in refuse(monkeypatch, capsys, *arguments)


def test_a_demo_needs_a_place_that_can_be(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert "knows no such home" in refuse(monkeypatch, capsys, "demo", "--state", "~nosuchuser/x")


@pytest.mark.parametrize("speed", ["0", "-1", "nan", "inf", "1e-320"])
def test_no_time_runs_so_fast(speed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--speed must lie between" in refuse(monkeypatch, capsys, "replay", "watch.jsonl", "--speed", speed)


def test_a_place_that_takes_no_file_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = str(tmp_path / "no" / "such" / "file")
    assert f"--json {nowhere} cannot be written" in refuse(monkeypatch, capsys, "check", "--json", nowhere)
    assert "it is a directory" in refuse(monkeypatch, capsys, "check", "--json", str(tmp_path))
    said = refuse(monkeypatch, capsys, "record", nowhere, "--watch", "ble:F0:F1:F2:F3:F4:F5")
    assert f"{nowhere} cannot be written: there is no directory" in said
    assert f"{nowhere} cannot be read" in refuse(monkeypatch, capsys, "open", "--key", "key.pem", nowhere)
    with pytest.raises(RefusalError, match="cannot be written: No such file"):
        report(nowhere, {})


def test_check_tries_the_state_directory_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    blocked = config(tmp_path, f"state_dir = '{tmp_path}/file/state'")
    assert "file is no directory; set state_dir" in refuse(monkeypatch, capsys, "check", "--config", blocked)
    (tmp_path / "state" / "outbox.db").mkdir(parents=True)
    taken = config(tmp_path, f"state_dir = '{tmp_path}/state'")
    assert "it is a directory; set [outbox] path" in refuse(monkeypatch, capsys, "check", "--config", taken)
    rehearse(Settings(state_dir=str(tmp_path / "new" / "state"), watch=WatchSettings("virtual:wearer")))
    assert not (tmp_path / "new").exists()


def test_the_shipped_bundle_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    worn = config(tmp_path, f"state_dir = '{tmp_path}/state'\n[watch]\naddress = 'virtual:wearer'")
    monkeypatch.setattr(sys, "argv", ["edge-daemon", "check", "--config", worn, "--json", "-"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["ok"], said["modalities"]) == (True, "wrist"), "the bundle knows faces, but no camera is set"


def test_a_bundle_that_knows_nothing_of_what_is_set_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trust_our_key(tmp_path, monkeypatch)
    known = tiny_files()[0].models
    seeing = Models(face=known.face, detector=known.detector, fusion=known.fusion)
    bundle = tiny_bundle(tmp_path / "faces", feature_version=FEATURE_VERSION, models=seeing)
    text = f"state_dir = '{tmp_path}/state'\n[models]\nbundle = '{bundle.path}'\n[watch]\naddress = 'virtual:wearer'\n"
    said = refuse(monkeypatch, capsys, "check", "--config", config(tmp_path, text))
    assert "tiny 1.2.0 judges by face, which the settings do not bring" in said
    assert said == refuse(monkeypatch, capsys, "run", "--config", config(tmp_path, text))
    shown = read_settings(Path(config(tmp_path, text + "[panel]\nenabled = true")))
    assert check(shown)["modalities"] == "nothing that is set", "a page may still show what the watch says"


def test_a_camera_that_the_bundle_has_no_use_for_is_told_and_refused_where_it_is_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trust_our_key(tmp_path, monkeypatch)
    worn = Models(wrist=tiny_files()[0].models.wrist)
    bundle = tiny_bundle(tmp_path / "wrist", feature_version=FEATURE_VERSION, models=worn)
    cv2.imwrite(str(tmp_path / "wall.png"), np.zeros((24, 32, 3), np.uint8))
    text = f"state_dir = '{tmp_path}/state'\n[models]\nbundle = '{bundle.path}'\n"
    text += f"[camera]\nsource = '{tmp_path}/wall.png'\n"
    said = refuse(monkeypatch, capsys, "check", "--config", config(tmp_path, text))
    assert "judges by wrist, which the settings do not bring, and not by a face, for it has no face model" in said
    assert said.endswith("set watch.address, or name another bundle")
    assert said == refuse(monkeypatch, capsys, "run", "--config", config(tmp_path, text))
    both = config(tmp_path, text + "[watch]\naddress = 'virtual:wearer'\n")
    monkeypatch.setattr(sys, "argv", ["edge-daemon", "check", "--config", both])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "judging by wrist but: tiny 1.2.0 has no face model and no face detector and no fusion" in shown


def test_the_version_is_told_before_any_verb(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["edge-daemon", "--version"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"edge-daemon {version('vagus')}\n"


def test_importing_the_daemon_loads_no_training_library() -> None:
    code = (
        "import sys, edge.cli, edge.bench; "
        "heavy = {'tensorflow', 'keras', 'scipy', 'sklearn', 'pandas', 'skimage', 'matplotlib'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_what_was_sealed_is_opened_with_the_key_and_not_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    secret = X25519PrivateKey.generate()
    key, sealed = tmp_path / "secret.pem", tmp_path / "alert.json"
    key.write_bytes(secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    key.chmod(0o600)
    sealed.write_bytes(Seal(secret.public_key()).close(b'{"kind":"stress"}'))
    assert b"stress" not in sealed.read_bytes()
    monkeypatch.setattr(sys, "argv", ["edge-daemon", "open", "--key", str(key), str(sealed)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 0
    assert capsysbinary.readouterr().out == b'{"kind":"stress"}\n'
    key.chmod(0o644)
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 2

"""Verbs on bundles: keygen, verify, inspect, diff, bench."""

import json
import shutil
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from typer.testing import CliRunner

from edge.bundle import Bundle
from edge.bundle_canary import CANARY, read_canary, write_canary
from edge.bundle_keys import key_line, read_keys, trusted_keys
from export.archive import archive
from export.cli import app
from export.inspection import differences, network_rows
from export.pack import write_bundle
from tests.fakes.bundles import KEY, tiny_bundle, tiny_files

TRUSTED = [KEY.public_key()]


@pytest.fixture
def trusted(tmp_path: Path) -> str:
    (tmp_path / "trusted.pub").write_text(key_line(KEY.public_key(), "tests"))
    return str(tmp_path / "trusted.pub")


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    return str(tiny_bundle(tmp_path / "tiny").path)


def told(*line: str, code: int = 0) -> dict[str, object]:
    result = CliRunner().invoke(app, [*line, "--json", "-"])
    assert result.exit_code == code, result.stderr
    return json.loads(result.stdout)


def unchecked(content: bytes, networks: object) -> None:
    """A canary that nobody looks at."""
    del content, networks


def test_verify_says_sound_or_which_file_is_not(bundle: str, trusted: str) -> None:
    assert told("verify", bundle, "--trusted", trusted)["bundle"] == "tiny 1.2.0"
    (Path(bundle) / "LICENSES" / "tiny.txt").write_text("other")
    refusal = told("verify", bundle, "--trusted", trusted, code=2)
    assert "LICENSES/tiny.txt is not the file that was signed" in str(refusal["refused"])
    assert told("verify", bundle, code=2)["rc"] == 2
    assert told("verify", bundle, "--trusted", "/nowhere", code=2)["rc"] == 2


def test_one_file_is_as_good_as_a_directory(tmp_path: Path, bundle: str, trusted: str) -> None:
    file = str(archive(Bundle.open(Path(bundle), TRUSTED), tmp_path / "tiny.vagus"))
    assert told("verify", file, "--trusted", trusted)["bundle"] == "tiny 1.2.0"
    assert told("diff", file, bundle, "--trusted", trusted)["changed"] == {}
    told("unpack", file, str(tmp_path / "back"), "--trusted", trusted)
    assert (tmp_path / "back" / "face.tflite").is_file()
    assert "is there already" in str(told("unpack", file, bundle, code=2)["refused"])


def test_verify_tells_a_wrong_answer_from_a_broken_file(
    tmp_path: Path, trusted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, files = tiny_files()
    vectors = read_canary(files[CANARY])
    vectors["wrist"][0].outputs["logits"] += 1
    with monkeypatch.context() as patched:  # a maker whose own check was skipped
        patched.setattr("edge.bundle.check_canary", unchecked)
        write_bundle(tmp_path / "b", made, {**files, CANARY: write_canary(vectors)}, KEY)
    refusal = told("verify", str(tmp_path / "b"), "--trusted", trusted, code=1)
    assert "wrist, canary 0, first run" in str(refusal["refused"])


def test_inspect_tells_what_a_bundle_holds(bundle: str, trusted: str) -> None:
    assert told("inspect", bundle, "--trusted", trusted)["feature_version"] == 7
    rows = {row[0]: row[1:] for row in network_rows(Bundle.open(Path(bundle), TRUSTED))}
    assert rows["face"][0] == "int8"
    assert rows["face"][2] == "face 1x48x48x1 int8"
    assert set(rows) == {"face", "wrist", "fusion", "detector/pnet"}


def test_diff_tells_what_changed(tmp_path: Path, bundle: str, trusted: str) -> None:
    made, files = tiny_files(version="1.3.0")
    assert made.models.wrist is not None
    wrist = msgspec.structs.replace(made.models.wrist, threshold=0.65)
    made = msgspec.structs.replace(made, models=msgspec.structs.replace(made.models, wrist=wrist))
    report = {"networks": {"face": {"bytes": 17, "measured": {"accuracy": 0.7}, "latency_ms": {"p50": 0.2}}}}
    write_bundle(tmp_path / "new", made, {**files, "report.json": json.dumps(report).encode()}, KEY)
    changed = differences(Bundle.open(Path(bundle), TRUSTED), Bundle.open(tmp_path / "new", TRUSTED))
    assert changed["contract.version"] == ("1.2.0", "1.3.0")
    assert changed["contract.models.wrist.threshold"] == (0.6, 0.65)
    assert changed["measured.face.measured.accuracy"] == (None, 0.7)
    assert {"files.contract.json", "files.report.json"} <= changed.keys()
    assert "files.face.tflite" not in changed
    shown = told("diff", bundle, str(tmp_path / "new"), "--trusted", trusted)["changed"]
    assert shown == {place: list(pair) for place, pair in changed.items()}
    assert differences(Bundle.open(Path(bundle), TRUSTED), Bundle.open(Path(bundle), TRUSTED)) == {}


def test_bench_times_every_network_and_its_twin(bundle: str, trusted: str) -> None:
    networks = told("bench", bundle, "--trusted", trusted)["networks"]
    timed = {network["network"]: network["float_latency_ms"] for network in cast("list[dict[str, Any]]", networks)}
    assert list(timed) == ["face", "wrist", "fusion", "detector/pnet"]
    assert timed["face"]["p50"] > 0
    assert timed["wrist"] is None


def test_keygen_makes_a_key_that_is_trusted_here_and_not_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    made = told("keygen", "--out", str(tmp_path / "release.key"), "--comment", "the makers")
    (public,) = read_keys(tmp_path / "release.pub")
    assert public in trusted_keys()
    assert made["public"] == str(tmp_path / "release.pub")
    assert told("keygen", "--out", str(tmp_path / "release.key"), code=2)["rc"] == 2
    assert told("keygen")["key"] == str(tmp_path / "config" / "vagus" / "signing.key")
    shutil.rmtree(tmp_path)

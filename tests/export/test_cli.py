"""`edge-export`: exit 0 done, 1 refused by the bar, 2 bad input; `--json` says the same."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.bundle import Bundle
from edge.bundle_keys import read_keys
from edge.inference.runtime import load_network
from export.apart import apart
from export.cli import _write, app  # pyright: ignore[reportPrivateUsage]
from export.errors import ExportError
from export.signing import make_key


@pytest.fixture
def key(tmp_path: Path) -> Path:
    make_key(tmp_path / "release.key")
    return tmp_path / "release.key"


def test_one_command_makes_a_signed_bundle(
    runs: Path, tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = ["--quantize", "--runs", str(runs), "--network", "fusion", "--out", str(tmp_path / "b"), "--sign", str(key)]
    monkeypatch.setattr(sys, "argv", ["edge-export", *line, "--json=-"])
    result = CliRunner().invoke(app, [*line, "--json", "-"])
    assert result.exit_code == 0, result.stderr
    assert "vagus 0.1.0" in result.stderr
    told = json.loads(result.stdout)
    assert told["bundle"] == "vagus 0.1.0"
    assert told["networks"]["fusion"]["candidates"][0]["chosen"]
    report = json.loads((tmp_path / "b" / "report.json").read_bytes())
    assert report["command"].startswith("export --quantize --runs")
    assert report["command"].endswith("--sign KEY")
    assert str(key) not in report["command"]
    assert Bundle.open(tmp_path / "b", read_keys(key.with_suffix(".pub"))).label == "vagus 0.1.0"


def test_bad_input_is_one_sentence_and_exit_2(tmp_path: Path, key: Path) -> None:
    out = tmp_path / "result.json"
    line = ["--quantize", "--runs", str(tmp_path / "none"), "--out", str(tmp_path / "b"), "--sign", str(key)]
    result = CliRunner().invoke(app, [*line, "--json", str(out)])
    assert result.exit_code == 2
    assert "train first" in result.stderr
    assert json.loads(out.read_text())["rc"] == 2
    missing = CliRunner().invoke(app, ["--quantize", "--sign", str(tmp_path / "no.key")])
    assert missing.exit_code == 2
    assert "make one with" in missing.stderr
    assert CliRunner().invoke(app, []).exit_code == 2


def _nothing(_: Path) -> None:
    return None


def test_a_result_that_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, place = tmp_path / "other.key", tmp_path / "no" / "such.json"
    result = CliRunner().invoke(app, ["keygen", "--out", str(made), "--json", str(place)])
    assert result.exit_code == 2
    assert f"--json {place} cannot be written: there is no directory" in result.stderr
    assert not made.exists()
    monkeypatch.setattr("export.cli.unwritable", _nothing)  # what is in the way comes later
    late = CliRunner().invoke(app, ["inspect", str(tmp_path / "none"), "--json", str(place)])
    assert late.exit_code == 2
    with pytest.raises(ExportError, match="cannot be written: No such file"):
        _write(place, {})


def test_the_bar_refuses_with_exit_1(tmp_path: Path, key: Path) -> None:
    apart("tests.fakes.keras_networks", "save_unsure", tmp_path / "runs" / "face")
    line = ["--quantize", "--runs", str(tmp_path / "runs"), "--out", str(tmp_path / "b"), "--sign", str(key)]
    result = CliRunner().invoke(app, line)
    assert result.exit_code == 1
    assert "no form of the network is sound" in result.stderr
    assert not (tmp_path / "b").exists()


def test_a_network_that_no_bundle_takes_is_lowered_on_its_own(tmp_path: Path) -> None:
    apart("tests.fakes.keras_networks", "save_two_inputs", tmp_path / "runs" / "hybrid")
    out = tmp_path / "hybrid.tflite"
    line = ["lower", str(tmp_path / "runs" / "hybrid"), "--form", "unrolled-int8"]
    result = CliRunner().invoke(app, [*line, "--out", str(out), "--json", "-"])
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert out.stat().st_size == told["bytes"]
    assert told["measured"]["agreement"] >= 0.97
    assert told["lowering"] == "unrolled-int8"
    assert [tried["form"] for tried in told["candidates"]] == ["unrolled-int8"], "and no other"
    assert told["states"] == []
    assert set(load_network(out.read_bytes(), name=out.name).inputs) == {"heart", "beside"}
    wrong = CliRunner().invoke(app, [*line, "--out", str(tmp_path / "hybrid")])
    assert wrong.exit_code == 2
    assert "end it in .tflite" in wrong.stderr
    wrong = CliRunner().invoke(app, [*line, "--form", "int4", "--out", str(out)])
    assert wrong.exit_code == 2
    both = CliRunner().invoke(app, [*line, "--form", "float", "--full-int8", "--out", str(out)])
    assert both.exit_code == 2
    assert "unrolled-int8, float with every part in int8 cannot be" in both.stderr
    assert "'int4' is no form of a network; the forms are float, dynamic, int8, 16x8, unrolled-float" in wrong.stderr

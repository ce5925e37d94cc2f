"""A place that takes no result is told in one sentence with exit code 2, before the work where it can be seen."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.bundle_keys import read_keys
from export.archive import archive
from export.cli import app
from export.errors import ExportError
from export.pack import PackError
from export.places import must_take, write_anew
from export.signing import make_key
from tests.export.test_judges import nearest_run
from tests.fakes.bundles import tiny_bundle

LONG = "x" * 300


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user of this machine who trusts nobody yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "folder.tflite").mkdir()
    return tmp_path


def refused(*words: object) -> str:
    """The one sentence of a refusal with exit code 2."""
    result = CliRunner().invoke(app, list(map(str, words)))
    assert result.exit_code == 2, (result.exception, result.stderr)
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("lower RUN --out file/new/x.tflite", "file/new/x.tflite cannot be written: Not a directory; name another"),
        ("lower RUN --out folder.tflite", "folder.tflite cannot be written: it is a directory; name another"),
        (f"lower RUN --out {LONG}.tflite", "File name too long"),
        ("--quantize --runs runs --sign KEY --out file/b", "file/b/MANIFEST.json cannot be written: Not a directory"),
        (
            "--quantize --runs runs --sign KEY --out b --zip file/b.vagus",
            "file/b.vagus cannot be written: Not a",
        ),
        (f"--quantize --runs runs --sign KEY --out {LONG}", "File name too long"),
        ("keygen --out file/x.key", "file/x.key cannot be written (File exists)"),
        ("keygen --out folder.tflite", "folder.tflite is there already"),
        (f"keygen --out {LONG}", "cannot be written (File name too long)"),
        ("keygen --out x.key --comment Jürg", "'Jürg' cannot be part of a key's line; use letters, digits"),
        ("keygen --out x.pub", "x.pub is the name of a public half; name the private key otherwise, such as x.key"),
        ("unpack b.vagus file/b", "b cannot be made"),
        ("unpack none.vagus b", "none.vagus cannot be unpacked"),
        (f"inspect {LONG}", "File name too long"),
        (f"verify b.vagus --trusted {LONG}", "File name too long"),
    ],
)
def test_a_place_that_is_none(line: str, sentence: str, home: Path) -> None:
    nearest_run(home / "runs" / "activity")
    make_key(home / "release.key")
    words = [{"RUN": "no/such/run", "KEY": "release.key"}.get(word, word) for word in line.split()]
    before = sorted(home.rglob("*"))
    assert sentence in refused(*words)
    assert sorted(home.rglob("*")) == before


@pytest.mark.parametrize("at", ["x.pub", "x.key"])
def test_a_key_never_replaces_another_half(at: str, home: Path) -> None:
    (home / at).write_text("somebody's")
    assert f"{at} is there already" in refused("keygen", "--out", "x.key")
    assert (home / at).read_text() == "somebody's"
    assert not (home / ("x.key" if at == "x.pub" else "x.pub")).exists()


def test_half_a_key_is_not_left_on_a_full_disk(small_disk: Path) -> None:
    (small_disk / "rest").write_bytes(bytes(12_288))
    assert "cannot be written (No space left on device)" in refused("keygen", "--out", small_disk / "x.key")
    assert {path.name for path in small_disk.iterdir()} == {"ballast", "rest"}
    os.truncate(small_disk / "rest", 0)
    make_key(small_disk / "x.key")
    assert read_keys(small_disk / "x.pub")


def test_half_a_file_is_not_left_on_a_full_disk(small_disk: Path) -> None:
    (small_disk / "x.tflite").write_bytes(b"before")
    with pytest.raises(OSError, match="No space left"):
        write_anew(small_disk / "x.tflite", bytes(300_000))
    assert (small_disk / "x.tflite").read_bytes() == b"before"
    bundle = tiny_bundle(small_disk.parent / "tiny")
    (small_disk / "more").write_bytes(bytes(8_000))
    with pytest.raises(PackError, match="was not written"):
        archive(bundle, Path("file/b.vagus"))
    assert {path.name for path in small_disk.iterdir()} == {"ballast", "more", "x.tflite"}


def test_a_place_that_can_be_made_is_taken_and_not_made(home: Path) -> None:
    must_take(home / "new" / "deep" / "x.tflite", "--out")
    assert not (home / "new").exists()
    with pytest.raises(ExportError, match="name another place with --zip"):
        must_take(Path("file/x"), "--zip")

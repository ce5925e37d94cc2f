"""Options, keys, archives and runs that are wrong are refused in one sentence before anything is written."""

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from edge.bundle import MANIFEST
from edge.bundle_keys import own_keys_path, read_keys
from export.archive import unpack
from export.cli import app
from export.errors import ExportError
from export.pack import PackError
from export.signing import make_key, trust
from export.trained import read_arrays, read_object
from tests.export.test_judges import nearest_run
from tests.fakes.archives import bare, stored
from tests.fakes.bundles import KEY, tiny_bundle

BASE = ("--quantize", "--runs", "runs", "--sign", "release.key")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a run and a key that this machine trusts."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    nearest_run(tmp_path / "runs" / "activity")
    trust(make_key(tmp_path / "release.key"))
    return tmp_path


def ran(*words: object) -> tuple[int, str]:
    """Exit status and last line; a traceback fails the test."""
    result = CliRunner().invoke(app, list(map(str, words)), env={"COLUMNS": "1000"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, (result.stderr.strip().splitlines() or [""])[-1]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--release 1.0-rc", "--release 1.0-rc is no version; give three numbers, such as 1.4.0"),
        ("--min-version x", "--min-version x is no version; give three numbers"),
        ("--min-version 9.9.9", "--min-version 9.9.9 lies above the bundle's own version 0.1.0"),
        ("--expires 2001-01-01", "--expires 2001-01-01 is past"),
        ("--contract x.json", "--contract x.json belongs to --onnx"),
        ("--network activity --lead ecg", "--lead ecg comes along with all of --runs"),
    ],
)
def test_a_wrong_option(words: str, sentence: str) -> None:
    code, said = ran(*BASE, "--out", "b", *words.split())
    assert (code, sentence in said) == (2, True), said
    assert not Path("b").exists()


def test_a_bar_that_is_no_number() -> None:
    assert ran(*BASE, "--out", "b", "--max-loss", "nan")[0] == 2
    assert not Path("b").exists()


def test_the_day_that_is_named_still_counts() -> None:
    today = datetime.now(UTC)
    assert ran(*BASE, "--out", "b", "--expires", f"{today:%Y-%m-%d}")[0] == 0
    until = datetime.fromisoformat(json.loads(Path("b", MANIFEST).read_bytes())["expires"])
    assert (until.date(), until.hour, until.minute) == (today.date(), 23, 59)


def test_a_place_that_holds_something_else_is_refused_before_the_work(home: Path) -> None:
    Path("full").mkdir()
    Path("full", "x").touch()
    shutil.rmtree(home / "runs" / "activity")
    assert ran(*BASE, "--out", "full") == (2, "refused: full is there and is no bundle; name a new directory")


def test_a_run_may_be_named_by_its_whole_path(home: Path) -> None:
    assert ran(*BASE, "--out", "b", "--network", home / "runs" / "activity")[0] == 0


def test_a_link_to_the_bundle_stays_a_link(home: Path) -> None:
    assert ran(*BASE, "--out", "real")[0] == 0
    Path("link").symlink_to("real")
    assert ran(*BASE, "--out", "link")[0] == 0
    assert Path("link").is_symlink()
    assert json.loads(Path("real", MANIFEST).read_bytes())["version"] == "0.1.1"
    assert not list(home.glob(".*"))


def test_names_with_brackets() -> None:
    assert ran(*BASE, "--out", "b[/x]")[0] == 0
    assert ran("verify", "b[/x]") == (0, "sound b[/x]: vagus 0.1.0, 5 files, canary passed")


def test_a_result_that_standard_output_does_not_take(home: Path) -> None:
    tiny_bundle(home / "tiny")
    (home / "config" / "vagus").mkdir(parents=True, exist_ok=True)
    with Path("/dev/full").open("wb") as full:
        line = [sys.executable, "-m", "export", "verify", str(home / "tiny"), "--json", "-"]
        done = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr, "Exception" in done.stderr) == (2, False, False), done.stderr


def edited(change: Callable[[bytearray], object]) -> Callable[[Path], None]:
    """A change to an archive's bytes."""

    def apply(path: Path) -> None:
        content = bytearray(path.read_bytes())
        change(content)
        path.write_bytes(content)

    return apply


def everywhere(mark: bytes, offset: int, value: int) -> Callable[[bytearray], None]:
    """Set a byte behind each mark."""

    def apply(content: bytearray) -> None:
        at = content.find(mark)
        while at >= 0:
            content[at + offset] = value
            at = content.find(mark, at + 4)

    return apply


def spoil_largest(path: Path) -> None:
    with zipfile.ZipFile(path) as packed:
        entry = max(packed.infolist(), key=lambda one: one.compress_size)
        first = entry.header_offset + 30 + len(entry.filename)
    edited(lambda content: [content.__setitem__(k, content[k] ^ 0xFF) for k in range(first, first + 40)])(path)


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        (spoil_largest, "cannot be unpacked"),
        (edited(everywhere(b"PK\x01\x02", 8, 1)), "is encrypted or packed otherwise"),
        (edited(everywhere(b"PK\x01\x02", 10, 97)), "is encrypted or packed otherwise"),
    ],
)
def test_a_damaged_archive(how: Callable[[Path], None], sentence: str, home: Path) -> None:
    assert ran(*BASE, "--out", "b", "--zip", "b.vagus")[0] == 0
    how(home / "b.vagus")
    with pytest.raises(PackError, match=sentence):
        unpack(home / "b.vagus", home / "new")
    assert not (home / "new").exists()


def test_an_archive_is_named_as_it_was_given(home: Path) -> None:
    assert ran(*BASE, "--out", "b", "--zip", "b.vagus")[0] == 0
    Path("none.pub").write_text("ed25519 " + "A" * 43 + "= nobody\n")
    for words in (("unpack", "b.vagus", "new"), ("inspect", "b.vagus")):
        code, said = ran(*words, "--trusted", "none.pub")
        assert (code, said.startswith("refused: b.vagus/MANIFEST.sig was not made over")) == (2, True), said
    assert ran("inspect", "b.vagus", "--json", "told.json")[0] == 0
    assert json.loads(Path("told.json").read_bytes())["path"] == "b.vagus"


def test_a_key_of_a_kind_that_nobody_knows() -> None:
    for kind in ("MC4CAQAwBQYDK2UBBCIE", "MC4CAQAwBQYDK2VxBCIE"):
        body = f"{kind}IG8tuVjS0Q4rGf0yRqLV0mXTS4nC0wYFTQvEf1dc3dJw"
        Path("odd.key").write_text(f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
        code, said = ran("--quantize", "--runs", "runs", "--out", "b", "--sign", "odd.key")
        assert (code, "odd.key holds no private key" in said) == (2, True), said


def test_a_line_without_its_end_does_not_swallow_the_next_key() -> None:
    path = own_keys_path()
    path.write_text(path.read_text().rstrip("\n"))
    trust(KEY)
    assert KEY.public_key() in read_keys(path)
    assert len(read_keys(path)) == 2


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (stored(x=np.zeros((99, 2)))[:-99], "cannot be read as an .npz archive"),
        (bare(), "cannot be read as an .npz archive"),
        (stored(x=np.zeros((99, 2)), seed=np.array(3)), r"seed is int64 \(\), expected numbers"),
        (stored(x=np.zeros((99, 2), complex)), "x is complex128"),
        (stored(x=np.full((99, 2), 1e300)), "x holds NaN or infinity"),
    ],
)
def test_data_that_are_none(content: bytes, sentence: str, home: Path) -> None:
    (home / "x.npz").write_bytes(content)
    with pytest.raises(ExportError, match=sentence):
        read_arrays(home / "x.npz", 50)


def test_words_of_another_alphabet_are_no_object(home: Path) -> None:
    (home / "contract.json").write_bytes(b'{"kind": "\xff"}')
    with pytest.raises(ExportError, match="is no JSON object"):
        read_object(home / "contract.json")


def test_a_judge_cut_short_and_a_detector_that_is_damaged(home: Path) -> None:
    tensors = home / "runs" / "activity" / "tensors.npz"
    whole = tensors.read_bytes()
    tensors.write_bytes(whole[:-200])
    assert "tensors.npz cannot be read as an .npz archive" in ran(*BASE, "--out", "b")[1]
    tensors.write_bytes(whole)
    port = {"name": "x", "shape": [1], "dtype": "float32"}
    network = {"file": "p.tflite", "inputs": [port], "outputs": [port], "lowering": "float"}
    piece = {
        "kind": "mtcnn", "networks": {"p": network}, "input": {}, "canvas": [1, 1], "sheet": [1, 1], "levels": [],
        "thresholds": {}, "most": {}, "source": "x", "license": "x",
    }  # fmt: skip
    (home / "runs" / "detector").mkdir()
    (home / "runs" / "detector" / "contract.json").write_text(json.dumps(piece))
    (home / "runs" / "detector" / "p.tflite").write_bytes(b"TFL3" * 9)
    code, said = ran(*BASE, "--out", "b")
    assert (code, "detector holds no detector (p.tflite: " in said) == (2, True), said

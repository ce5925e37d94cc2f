"""`edge-export verify` catches what was done to a bundle after it was signed: to any byte, file or signature."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from edge.bundle_canary import CANARY
from edge.bundle_keys import key_line
from export.cli import app
from export.pack import write_bundle
from tests.fakes.bundles import KEY, canary, tiny_bundle, tiny_files
from tests.fakes.networks import leaky_step

PLACES = 24
"""Positions in each file, its first and last byte among them."""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bundle(tmp_path_factory.mktemp("sound") / "tiny").path


@pytest.fixture
def path(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "tiny"))


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    (tmp_path / "trusted.pub").write_text(key_line(KEY.public_key(), "tests"))
    return tmp_path / "trusted.pub"


def refused(path: Path, keys: Path) -> str:
    """The sentence that `verify` ends with; exit status 2."""
    result = CliRunner().invoke(app, ["verify", str(path), "--trusted", str(keys), "--json", "-"])
    assert result.exit_code == 2, f"{path} passed"
    return str(json.loads(result.stdout)["refused"])


def accepted(path: Path, keys: Path) -> None:
    result = CliRunner().invoke(app, ["verify", str(path), "--trusted", str(keys)])
    assert result.exit_code == 0, result.stderr


def files_of(path: Path) -> list[Path]:
    return sorted(found for found in path.rglob("*") if found.is_file())


def test_a_flipped_bit_anywhere(path: Path, keys: Path) -> None:
    rng = np.random.default_rng(8)
    for file in files_of(path):
        whole = file.read_bytes()
        for place in np.unique(np.linspace(0, len(whole) - 1, PLACES).astype(int)):
            flipped = bytearray(whole)
            flipped[place] ^= 1 << int(rng.integers(8))
            file.write_bytes(flipped)
            assert str(file.relative_to(path)) in refused(path, keys).replace(
                "MANIFEST.sig", "MANIFEST.json MANIFEST.sig"
            )
        for other in (whole[:-1], whole + b"\n", b""):
            file.write_bytes(other)
            refused(path, keys)
        file.write_bytes(whole)
    accepted(path, keys)


def test_a_missing_file(path: Path, keys: Path) -> None:
    for file in files_of(path):
        whole = file.read_bytes()
        file.unlink()
        assert f"{file.name} is missing; fetch the bundle again" in refused(path, keys)
        file.write_bytes(whole)
    accepted(path, keys)


@pytest.mark.parametrize("name", ["more.tflite", ".hidden", "LICENSES/more.txt", "new/deep/file", "MANIFEST.json.bak"])
def test_an_added_file(path: Path, keys: Path, name: str) -> None:
    (path / name).parent.mkdir(parents=True, exist_ok=True)
    (path / name).touch()
    assert f"{name} is not in MANIFEST.json" in refused(path, keys)


def test_every_file_swapped_with_another_releases(path: Path, keys: Path, tmp_path: Path) -> None:
    made, files = tiny_files(version="1.3.0")
    files |= {"wrist.tflite": leaky_step(3, keep=0.25), "LICENSES/tiny.txt": b"other", "report.json": b'{"note": "2"}'}
    other = write_bundle(tmp_path / "other", made, {**files, CANARY: canary(files, made)}, KEY).path
    swapped: list[str] = []
    for file in files_of(path):
        mine, theirs = file.read_bytes(), (other / file.relative_to(path)).read_bytes()
        if mine != theirs:
            file.write_bytes(theirs)
            refused(path, keys)
            file.write_bytes(mine)
            swapped.append(file.name)
    assert swapped == [
        "tiny.txt", "MANIFEST.json", "MANIFEST.sig", "canary.npz", "contract.json", "report.json", "wrist.tflite"
    ]  # fmt: skip
    # Contract, manifest and signature of the other release together: its own files are then the wrong ones.
    for name in ("contract.json", "MANIFEST.json", "MANIFEST.sig"):
        shutil.copy(other / name, path / name)
    assert "is not the file that was signed" in refused(path, keys)


def test_two_files_of_one_bundle_swapped(path: Path, keys: Path) -> None:
    face, wrist = path / "face.tflite", path / "wrist.tflite"
    contents = face.read_bytes(), wrist.read_bytes()
    wrist.write_bytes(contents[0])
    face.write_bytes(contents[1])
    assert "face.tflite is not the file that was signed" in refused(path, keys)


def test_an_expired_and_a_foreign_signature(path: Path, keys: Path, tmp_path: Path) -> None:
    made, files = tiny_files()
    late = write_bundle(tmp_path / "late", made, files, KEY, expires=datetime(2026, 1, 31, tzinfo=UTC)).path
    assert "MANIFEST.sig expired on 2026-01-31; fetch a newer bundle" in refused(late, keys)
    foreign = Ed25519PrivateKey.from_private_bytes(bytes(32))
    theirs = write_bundle(tmp_path / "theirs", made, files, foreign).path
    assert "was not made over MANIFEST.json by a trusted key" in refused(theirs, keys)
    # a foreign maker who signs our manifest anew
    (path / "MANIFEST.sig").write_bytes(foreign.sign((path / "MANIFEST.json").read_bytes()))
    assert "by a trusted key" in refused(path, keys)

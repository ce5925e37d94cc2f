"""What cannot become a bundle is refused by `edge-export` in one sentence, with its exit status, and leaves nothing."""

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typer.testing import CliRunner

from edge.bundle import MANIFEST
from export.apart import apart
from export.cli import app
from export.signing import make_key
from tests.export.test_judges import nearest_run


@pytest.fixture
def key(tmp_path: Path) -> Path:
    make_key(tmp_path / "release.key")
    return tmp_path / "release.key"


@pytest.fixture
def judge(tmp_path: Path) -> Path:
    """Runs that need no TensorFlow to be exported."""
    return nearest_run(tmp_path / "runs" / "activity")


def exported(*words: object, file_bytes: int | None = None) -> tuple[int, str]:
    """Exit status and last line of `edge-export --quantize`; no file may grow past ``file_bytes``."""

    def limit() -> None:
        if file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))

    line = [sys.executable, "-m", "export", "--quantize", *map(str, words)]
    ran = subprocess.run(
        line, capture_output=True, text=True, check=False, timeout=600, preexec_fn=limit,
        env={**os.environ, "COLUMNS": "1000"},
    )  # fmt: skip
    lines = ran.stderr.strip().splitlines()
    assert not any(line.startswith("Traceback") for line in lines), ran.stderr
    return ran.returncode, lines[-1]


def nothing_at(out: Path) -> bool:
    """Neither a bundle nor half of one."""
    return not out.exists() and not list(out.parent.glob(f".{out.name}*"))


def test_a_full_disk(judge: Path, key: Path, small_disk: Path) -> None:
    code, said = exported("--runs", judge, "--out", small_disk / "bundle", "--sign", key)
    assert code == 2
    assert "bundle was not written (No space left on device); free 0.0 MB on its disk" in said
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]


def test_a_file_that_may_not_grow(judge: Path, key: Path, tmp_path: Path) -> None:
    code, said = exported("--runs", judge, "--out", tmp_path / "bundle", "--sign", key, file_bytes=1000)
    assert code == 2
    assert "bundle was not written (File too large)" in said
    assert nothing_at(tmp_path / "bundle")


def test_a_wrong_key(judge: Path, key: Path, tmp_path: Path) -> None:
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "ec.key").write_bytes(other)
    for given, sentence in (
        (key.with_suffix(".pub"), "release.pub holds no private key"),
        (tmp_path / "none.key", "none.key is missing; make one with `edge-export keygen"),
        (tmp_path / "ec.key", "bundles are signed with Ed25519, make one with keygen"),
    ):
        code, said = exported("--runs", judge, "--out", tmp_path / "bundle", "--sign", given)
        assert (code, sentence in said) == (2, True), said
        assert nothing_at(tmp_path / "bundle")


def test_an_older_version_over_a_newer_one(judge: Path, key: Path, tmp_path: Path) -> None:
    words = ("--runs", judge, "--out", tmp_path / "bundle", "--sign", key, "--release")
    assert exported(*words, "1.1.0")[0] == 0
    before = (tmp_path / "bundle" / MANIFEST).read_bytes()
    code, said = exported(*words, "1.0.9")
    assert code == 2
    assert "bundle holds version 1.1.0, newer than 1.0.9; raise the version" in said
    assert (tmp_path / "bundle" / MANIFEST).read_bytes() == before
    assert not list(tmp_path.glob(".bundle*"))


def spoiled(runs: Path, tmp_path: Path, how: str) -> Path:
    """A face run that something is wrong with."""
    run = Path(shutil.copytree(runs / "face", tmp_path / "runs" / "face"))
    if how == "corrupt":
        (run / "model.keras").write_bytes((run / "model.keras").read_bytes()[:5000])
    elif how == "unsupported":
        apart("tests.fakes.keras_networks", "save_odd", run / "model.keras")
    elif how == "nan":
        apart("tests.fakes.keras_networks", "save_broken", run / "model.keras")
    elif how == "shape":
        np.savez(run / "calibration.npz", face=np.zeros((40, 24, 24, 1), np.float32))
    elif how == "few":
        np.savez(run / "calibration.npz", face=np.zeros((9, 48, 48, 1), np.float32))
    else:
        shutil.rmtree(run)
        apart("tests.fakes.keras_networks", "save_unsure", run)
    return run.parent


@pytest.mark.parametrize(
    ("how", "code", "sentence"),
    [
        ("corrupt", 2, "model.keras cannot be read as a Keras model"),
        ("unsupported", 2, "face: no form of the network can be made; int8: odd as int8: the converter refuses"),
        ("nan", 2, "model.keras: weight conv/kernel holds NaN or infinity; train it again"),
        ("shape", 2, "face is (24, 24, 1) in calibration.npz and (48, 48, 1) in held.npz; make both from the same"),
        ("few", 2, "calibration.npz holds 9 rows, at least 32 are needed; add rows of the same fold"),
        ("unsure", 1, "face: no form of the network is sound (int8: face as int8 agrees with its float parent on"),
    ],
)
def test_a_network_that_cannot_go(runs: Path, key: Path, tmp_path: Path, how: str, code: int, sentence: str) -> None:
    place = spoiled(runs, tmp_path, how)
    # Not as a program of its own: the child that has TensorFlow is shared with the other tests.
    line = ["--quantize", "--runs", str(place), "--out", str(tmp_path / "bundle"), "--sign", str(key)]
    result = CliRunner().invoke(app, line)
    said = result.stderr.strip()
    assert (result.exit_code, sentence in said) == (code, True), said
    assert said.startswith("refused: ")
    assert len(said.splitlines()) == 1
    assert nothing_at(tmp_path / "bundle")

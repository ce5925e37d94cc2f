"""Results go where they were asked for, are read by their owner alone, and fail in one sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge.doctor import permissions
from edge.options import report
from edge.settings import Settings


def verb(*arguments: str, out: str = os.devnull, **environment: str) -> tuple[int, str]:
    """Exit code and standard error of `edge-daemon`, with standard output to a file."""
    with Path(out).open("wb") as taken:
        done = subprocess.run(
            [sys.executable, "-m", "edge.cli", *arguments],
            stdout=taken,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment},
            timeout=120,
        )
    return done.returncode, done.stderr.decode()


def config(tmp_path: Path) -> str:
    file = tmp_path / "vagus.toml"
    file.write_text(f"state_dir = '{tmp_path / 'state'}'\n[watch]\naddress = 'virtual:wearer'\n")
    return str(file)


def test_a_result_that_is_new_is_for_its_owner_alone(tmp_path: Path) -> None:
    fresh, theirs = tmp_path / "fresh.json", tmp_path / "theirs.json"
    theirs.write_text("something longer than the result")
    theirs.chmod(0o640)  # as somebody wanted it
    for file, mode in ((fresh, 0o600), (theirs, 0o640)):
        report(str(file), {"heart_rate": 61.0})
        assert file.stat().st_mode & 0o777 == mode
        assert json.loads(file.read_text()) == {"heart_rate": 61.0}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here is always full")
def test_an_output_that_takes_nothing_is_one_sentence(tmp_path: Path) -> None:
    code, said = verb("check", "--config", config(tmp_path), "--json", "-", out="/dev/full")
    assert code == 2
    told = [line for line in said.splitlines() if not line.startswith("INFO:")]  # LiteRT speaks for itself
    assert told == ["edge-daemon: standard output takes no result: No space left on device; give --json a file"]


def test_the_doctor_speaks_where_its_marks_cannot_be_written(tmp_path: Path) -> None:
    shown = tmp_path / "shown.txt"
    code, said = verb("doctor", "--config", config(tmp_path), out=str(shown), PYTHONIOENCODING="ascii")
    assert code == 0, said
    assert "all is well" in shown.read_text("ascii")


def test_a_user_without_a_name_is_called_by_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    check = permissions(Settings(), None)
    assert check.state == "good"
    assert "This is user 12345, in " in check.says

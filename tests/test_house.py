"""The house itself: short rooms with captions, nobody else's packages under our names, locks without addresses."""

import importlib
import importlib.metadata
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("firmware_bridge", "edge", "models", "export")
LONGEST = 300
LONGER_FOR_A_REASON: dict[str, str] = {}
"""Files past 300 lines, and why no wall is missing in them."""


def tracked(pattern: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", pattern], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split()]


def test_every_room_has_a_caption_and_an_end() -> None:
    files = [file for package in (*PACKAGES, "tests") for file in tracked(f"{package}/*.py")]
    assert files
    for file in files:
        lines = file.read_text().splitlines()
        name = str(file.relative_to(ROOT))
        assert lines, name
        assert lines[0].startswith('"""'), f"{name} does not begin with what comes in and what goes out"
        assert len(lines) <= LONGEST or name in LONGER_FOR_A_REASON, f"{name} has {len(lines)} lines"


@pytest.mark.parametrize("package", PACKAGES)
def test_nobody_else_installs_our_package_names(package: str) -> None:
    # An editable install lists no packages of its own, so ours may be absent; another's may not be there.
    assert set(importlib.metadata.packages_distributions().get(package, ["vagus"])) == {"vagus"}
    assert Path(str(importlib.import_module(package).__file__)).is_relative_to(ROOT)


@pytest.mark.parametrize("lock", ["requirements-device.txt", "requirements-demo.txt", "requirements-all.txt"])
def test_locks_are_hashed_and_name_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "--hash=sha256:" in text
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text


def test_the_device_lock_carries_no_training_library() -> None:
    names = {
        line.split("==")[0] for line in (ROOT / "requirements-device.txt").read_text().splitlines() if "==" in line
    }
    assert not names & {"tensorflow", "keras", "scipy", "scikit-learn", "pandas", "matplotlib", "scikit-image"}
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert {re.split(r"[<>=;]", requirement)[0].replace(".", "-") for requirement in wanted} <= names


def test_nothing_large_and_no_data_set_is_tracked() -> None:
    for file in tracked("*"):
        learned = "bundles" in file.parts or file.parent == ROOT / "models" / "weights"
        assert file.suffix not in {".npz", ".csv", ".mp4"} or learned, file
        assert file.stat().st_size < 8_000_000, file

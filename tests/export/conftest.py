"""What tests of the export stand on: runs made once, in a child process, and a disk that is all but full."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from export.apart import apart


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`face`, `wrist` and `fusion` as training leaves them. Tests copy what they change."""
    place = tmp_path_factory.mktemp("trained") / "runs"
    apart("tests.fakes.keras_networks", "save_runs", place)
    return place


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 kB, all but full."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "vagus", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    (place / "ballast").write_bytes(bytes(190_000))
    yield place
    subprocess.run(["umount", str(place)], check=True)

"""What tests of the export stand on: runs made once, in a child process, and a disk that is all but full."""

import subprocess
from collections.abc import Iterator
from multiprocessing import forkserver
from pathlib import Path

import pytest

from export.apart import apart


@pytest.fixture(scope="session", autouse=True)
def tensorflow_in_every_child() -> None:
    """The server that children are forked from may be of other tests, and without TensorFlow: ten seconds a child."""
    forkserver._forkserver._stop()  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue, reportPrivateUsage]


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

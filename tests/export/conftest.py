"""Runs made once, in a child process: they cost seconds each."""

from pathlib import Path

import pytest

from export.apart import apart


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`face`, `wrist` and `fusion` as training leaves them. Tests copy what they change."""
    place = tmp_path_factory.mktemp("trained") / "runs"
    apart("tests.fakes.keras_networks", "save_runs", place)
    return place

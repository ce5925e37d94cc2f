"""The floor rises with what bundles ask, never falls, and is not guessed."""

import errno
import os
from pathlib import Path

import pytest

from edge import bundle_floor
from edge.bundle import Bundle, BundleError
from edge.bundle_floor import FILE, keep_floor, raise_floor, read_floor
from tests.fakes.bundles import KEY, tiny_bundle


def test_the_floor_rises_and_keeps_older_bundles_out(tmp_path: Path) -> None:
    state = tmp_path / "state"
    old = tiny_bundle(tmp_path / "old")
    new = tiny_bundle(tmp_path / "new", version="1.10.0", min_version="1.9.0")
    assert read_floor(state) is None
    raise_floor(state, new)
    assert read_floor(state) == "1.9.0"
    raise_floor(state, old)
    assert read_floor(state) == "1.9.0"
    Bundle.open(new.path, [KEY.public_key()], floor=read_floor(state))
    with pytest.raises(BundleError, match=r"is version 1\.2\.0, below 1\.9\.0"):
        Bundle.open(old.path, [KEY.public_key()], floor=read_floor(state))
    assert [path.name for path in state.iterdir()] == [FILE]


@pytest.mark.parametrize("content", [b"", b"latest", b"1.2", b"1.2.x", b"\xff"])
def test_a_floor_that_is_no_version_stops_the_start(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(BundleError, match=FILE):
        read_floor(tmp_path)


def test_a_floor_that_cannot_be_kept_ends_nothing_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bundle = tiny_bundle(tmp_path / "bundle")
    (tmp_path / FILE).write_bytes(b"")  # spoilt while a bundle is on trial
    keep_floor(tmp_path, bundle)
    assert "no version; write the least version that may run" in caplog.text

    def full(file: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))

    monkeypatch.setattr(bundle_floor, "write_whole", full)
    keep_floor(tmp_path / "state", bundle)
    assert "No space left on device" in caplog.text

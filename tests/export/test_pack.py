"""A bundle is written whole, or not at all."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from edge.bundle import MANIFEST, Bundle, BundleError
from edge.bundle_canary import CANARY
from export.pack import PackError, write_bundle
from tests.fakes.bundles import KEY, tiny_bundle, tiny_files


def left_in(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


def test_a_new_bundle_takes_the_old_ones_place(tmp_path: Path) -> None:
    tiny_bundle(tmp_path / "b")
    tiny_bundle(tmp_path / "b", version="1.2.1")
    assert Bundle.open(tmp_path / "b", [KEY.public_key()]).label == "tiny 1.2.1"
    assert left_in(tmp_path) == ["b"]


def test_an_older_version_does_not_replace_a_newer_one(tmp_path: Path) -> None:
    tiny_bundle(tmp_path / "b")
    with pytest.raises(PackError, match=r"holds version 1\.2\.0, newer than 1\.1\.9"):
        tiny_bundle(tmp_path / "b", version="1.1.9")


def test_what_is_no_bundle_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "thesis.txt").write_text("years of work")
    with pytest.raises(PackError, match="is there and is no bundle; name a new directory"):
        tiny_bundle(tmp_path / "b")
    assert left_in(tmp_path / "b") == ["thesis.txt"]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_bundle(tmp_path / "b")
    before = (tmp_path / "b" / MANIFEST).read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PackError, match=r"was not written \(No space left on device\); free .* MB on its disk"):
        tiny_bundle(tmp_path / "b", version="1.3.0")
    assert (tmp_path / "b" / MANIFEST).read_bytes() == before
    assert left_in(tmp_path) == ["b"]


def test_a_move_that_fails_brings_the_old_one_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_bundle(tmp_path / "b")
    real = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if self.suffix == ".partial":
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(PackError, match=r"\(Permission denied\); name a place that you may write to"):
        tiny_bundle(tmp_path / "b", version="1.3.0")
    assert Bundle.open(tmp_path / "b", [KEY.public_key()]).label == "tiny 1.2.0"
    assert left_in(tmp_path) == ["b"]


def test_a_bundle_that_the_device_would_refuse_is_not_written(tmp_path: Path) -> None:
    made, files = tiny_files()
    with pytest.raises(BundleError, match=r"tmp.*/b: canary\.npz cannot be read"):
        write_bundle(tmp_path / "b", made, {**files, CANARY: b""}, KEY)
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("name", ["/etc/passwd", "../outside", "a//b", "./a"])
def test_a_path_that_leads_out_of_the_bundle_is_refused(tmp_path: Path, name: str) -> None:
    made, files = tiny_files()
    with pytest.raises(PackError, match="is no path inside a bundle"):
        write_bundle(tmp_path / "b", made, {**files, name: b"x"}, KEY)
    shutil.rmtree(tmp_path)

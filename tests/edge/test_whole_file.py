"""A small file is whole or what it was, is on the disk when that is said, and is its owner's alone."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from edge import whole_file
from edge.baseline_store import KeptBaseline, keep_baseline
from edge.bundle_floor import raise_floor
from edge.clock import UnixNs
from edge.pairing import store_address
from edge.panel.session import Consent, Session, write_session
from edge.signals.baseline import PersonalBaseline
from edge.whole_file import new_private, private_folder, unwritable, write_whole
from tests.fakes.bundles import tiny_bundle

REST = PersonalBaseline(("heart_rate",), (61.5,), (2.0,), (49,), 60, 300)


class Disk:
    """Remembers what was made sure of, by name."""

    def __init__(self) -> None:
        self.synced: list[str] = []
        self.full = False

    def fsync(self, descriptor: int) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self.synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        os.fdatasync(descriptor)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    made = Disk()
    monkeypatch.setattr(whole_file.os, "fsync", made.fsync)
    return made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def session(folder: Path) -> None:
    write_session(folder / "a.json", Session("p", Consent("yes", 0), 0))


def address(folder: Path) -> None:
    store_address(folder / "vagus.toml", "ble:F0:F1:F2:F3:F4:F5")


def baseline(folder: Path) -> None:
    keep_baseline(folder, KeptBaseline(UnixNs(1), REST))


def floor(folder: Path) -> None:
    raise_floor(folder, tiny_bundle(folder.parent / "bundle", version="1.10.0", min_version="1.9.0"))


@pytest.mark.parametrize(
    ("write", "name"),
    [(session, "a.json"), (address, "vagus.toml"), (baseline, "baseline.json"), (floor, "bundle-floor")],
)
def test_every_writer_makes_sure_of_the_file_and_then_of_its_name(
    write: Callable[[Path], object], name: str, tmp_path: Path, disk: Disk
) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    write(folder)
    assert disk.synced[-2:] == [f"{name}.new", "state"]
    assert [file.name for file in folder.iterdir()] == [name]
    assert mode(folder / name) == 0o600


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, disk: Disk) -> None:
    file = tmp_path / "kept"
    write_whole(file, b"old")
    disk.full = True
    with pytest.raises(OSError, match="No space"):
        write_whole(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_what_a_power_cut_left_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "kept.new").write_bytes(b"ha")
    (tmp_path / "kept.new").chmod(0o644)
    write_whole(tmp_path / "kept", b"half")
    assert (tmp_path / "kept").read_bytes() == b"half"
    assert mode(tmp_path / "kept") == 0o600


def test_rights_are_kept_where_that_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "vagus.toml"
    file.write_bytes(b"old")
    file.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(file, 4711, 4712)
    before = file.stat()
    write_whole(file, b"new", keep_rights=True)
    after = file.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    write_whole(file, b"newer")
    assert mode(file) == 0o600


def test_a_folder_that_is_made_is_private_and_so_are_those_above_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    private_folder(tmp_path / "state" / "recordings")
    assert [mode(tmp_path / "state"), mode(tmp_path / "state" / "recordings"), mode(tmp_path)] == [0o700, 0o700, 0o755]
    private_folder(tmp_path / "state")
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="Not a directory"):
        private_folder(tmp_path / "file")


def given_away(monkeypatch: pytest.MonkeyPatch, user: int) -> list[tuple[str, int, int]]:
    """What is given to whom from now on, by name, when this user makes it."""
    given: list[tuple[str, int, int]] = []

    def fchown(descriptor: int, owner: int, group: int) -> None:
        given.append((Path(f"/proc/self/fd/{descriptor}").readlink().name, owner, group))

    monkeypatch.setattr(whole_file.os, "geteuid", lambda: user)
    monkeypatch.setattr(whole_file.os, "fchown", fchown)
    return given


def test_what_root_makes_belongs_to_whoever_has_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:
        os.chown(tmp_path, 4711, 4712)
    owner = tmp_path.stat().st_uid, tmp_path.stat().st_gid
    given = given_away(monkeypatch, 0)
    write_whole(tmp_path / "kept", b"new")
    os.close(new_private(tmp_path / "made"))
    private_folder(tmp_path / "state")
    private_folder(tmp_path / "state")
    write_whole(tmp_path / "vagus.toml", b"new", keep_rights=True)
    assert given == [(name, *owner) for name in ("kept.new", "made", "state", "vagus.toml.new")]


def test_what_others_make_is_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = given_away(monkeypatch, 4711)
    write_whole(tmp_path / "kept", b"new")
    private_folder(tmp_path / "state")
    assert not given


def test_a_disk_that_knows_no_other_owner_takes_the_file_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    given_away(monkeypatch, 0)
    monkeypatch.setattr(whole_file.os, "fchown", refuses)
    write_whole(tmp_path / "kept", b"new")
    assert (tmp_path / "kept").read_bytes() == b"new"


def test_why_a_file_cannot_be_written_is_told_without_touching_it(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    assert unwritable(tmp_path / "new") is None
    assert unwritable(tmp_path / "there") is None
    assert unwritable(tmp_path) == "it is a directory"
    assert unwritable(tmp_path / "no" / "new") == f"there is no directory {tmp_path / 'no'}"
    assert unwritable(tmp_path / "there" / "new") == "Not a directory"
    assert unwritable(tmp_path / ("n" * 300)) == "File name too long"
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_settings_behind_a_link_are_changed_where_they_lie(tmp_path: Path) -> None:
    file, link = tmp_path / "dotfiles.toml", tmp_path / "vagus.toml"
    file.write_text("")
    link.symlink_to(file.name)
    address(tmp_path)
    assert link.is_symlink()
    assert "F0:F1:F2:F3:F4:F5" in file.read_text()
    assert {each.name for each in tmp_path.iterdir()} == {file.name, link.name}

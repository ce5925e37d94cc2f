"""What is stored about the person is found whole, or nobody says that it was forgotten."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.forgetting import forget_all, plan
from edge.handover import hand_over
from edge.refusal import RefusalError
from edge.settings import Settings
from edge.stored import kinds, stored


@pytest.fixture
def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A state directory whose recordings cannot be listed, not even by root, who runs tests in places."""
    folder, scandir = tmp_path / "recordings", os.scandir
    folder.mkdir()
    (folder / "20260301-101500.packets").touch()
    (tmp_path / "baseline.json").touch()

    def refuse(path: Path) -> Iterator[os.DirEntry[str]]:
        if path == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr("edge.stored.os.scandir", refuse)
    return Settings(state_dir=str(tmp_path))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_a_folder_that_is_closed_to_us_is_not_called_forgotten(closed: Settings, tmp_path: Path) -> None:
    sentence = r"recordings cannot be looked through \(Permission denied\); run this as the daemon's user"
    with pytest.raises(RefusalError, match=sentence):
        await forget_all(closed, with_bonds=False)
    with pytest.raises(RefusalError, match=sentence):
        plan(closed, with_bonds=False)
    with pytest.raises(RefusalError, match=sentence):
        hand_over(closed, tmp_path / "mine.zip")
    assert names(tmp_path) == {"recordings", "baseline.json"}
    check = stored(closed)
    assert check.state == "bad"
    assert check.cure == "Run this as the daemon's user."


def test_a_neighbour_of_the_outbox_is_not_ours(tmp_path: Path) -> None:
    ours = {"outbox.db", "outbox.db-wal", "outbox.db-shm", "outbox.db.corrupt-20260301T000000Z"}
    ours |= {f"outbox.db.corrupt-20260301T000000Z{tail}" for tail in ("-wal", "-shm")}
    for name in (*ours, "outbox.db.backup", "outbox.db2"):
        (tmp_path / name).touch()
    (tmp_path / "outbox.db.corrupt-link").symlink_to(tmp_path / "outbox.db.backup")
    outbox = kinds(Settings(state_dir=str(tmp_path)))[0]
    assert {file.name for file in outbox.files()} == ours

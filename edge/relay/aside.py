"""A damaged outbox file -> moved aside, or back when no new one can be made; what was never an outbox is left alone."""

import contextlib
import os
from pathlib import Path

from edge.relay.settings import OutboxSettings

ASIDE = ".corrupt-"
"""Behind the name of a file that was set aside; the time comes after it."""
_TAILS = ("", "-wal", "-shm")
"""The file, its log, and the log's index."""
_HEADER = b"SQLite format 3\x00"
_LEAST_PAGE = 512
"""Every SQLite file is a whole number of these long (file format, 1.3.2)."""


def move_aside(path: Path, aside: Path) -> None:
    """Move a file with its log; OSError where that cannot be done, and then nothing has moved."""
    moved: list[tuple[Path, Path]] = []
    try:
        for old, new in _parts(path, aside):
            if old.exists():
                old.rename(new)
                moved.append((old, new))
    except OSError:
        for old, new in moved:
            new.rename(old)
        raise


def move_back(path: Path, aside: Path) -> None:
    """Undo a whole `move_aside`, over what was begun in its place."""
    for old, new in _parts(path, aside):
        with contextlib.suppress(OSError):  # then it stays aside, where people find it
            if new.exists():
                new.replace(old)
            else:
                old.unlink(missing_ok=True)


def _parts(path: Path, aside: Path) -> list[tuple[Path, Path]]:
    return [(path.with_name(path.name + tail), aside.with_name(aside.name + tail)) for tail in _TAILS]


def is_foreign(path: Path) -> bool:
    """Some other program's file, named by mistake: it neither is a database nor has the length of one.

    Whatever has our own name, or a log beside it, was ours.
    """
    with contextlib.suppress(OSError):
        size = path.stat().st_size
        named_by_hand = path.name != OutboxSettings().path
        log = Path(f"{os.path.realpath(path)}-wal")
        if named_by_hand and size % _LEAST_PAGE and not log.exists():
            with path.open("rb") as file:
                return file.read(len(_HEADER)) != _HEADER
    return False

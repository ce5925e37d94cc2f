"""A damaged outbox file -> moved aside, or back when no new one can be made; what was never an outbox is left alone."""

import contextlib
from pathlib import Path

from edge.relay.settings import OutboxSettings

_TAILS = ("", "-wal", "-shm")
"""The file, its log, and the log's index."""
_HEADER = b"SQLite format 3\x00"
_LEAST_PAGE = 512
"""Every SQLite file is a whole number of these long (file format, 1.3.2)."""


def move_aside(path: Path, aside: Path) -> None:
    """Move a file with its log; OSError where that cannot be done, and then nothing has moved."""
    try:
        for tail in _TAILS:
            if (part := path.with_name(path.name + tail)).exists():
                part.rename(aside.with_name(aside.name + tail))
    except OSError:
        move_back(path, aside)
        raise


def move_back(path: Path, aside: Path) -> None:
    """Undo `move_aside`, over whatever was begun in its place."""
    for tail in _TAILS:
        old, new = aside.with_name(aside.name + tail), path.with_name(path.name + tail)
        with contextlib.suppress(OSError):  # then it stays aside, as the log says
            if old.exists():
                old.replace(new)
            elif tail:
                new.unlink(missing_ok=True)


def is_foreign(path: Path) -> bool:
    """Some other program's file, named by mistake: it neither is a database nor has the length of one.

    Whatever has our own name, or a log beside it, was ours.
    """
    with contextlib.suppress(OSError):
        size = path.stat().st_size
        named_by_hand = path.name != OutboxSettings().path
        if named_by_hand and size % _LEAST_PAGE and not path.with_name(f"{path.name}-wal").exists():
            with path.open("rb") as file:
                return file.read(len(_HEADER)) != _HEADER
    return False

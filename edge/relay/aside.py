"""A damaged outbox -> told by what it holds, moved aside, or back when no new one can be made; a new file for it.

What was never an outbox is left alone.
"""

import contextlib
import os
import sqlite3
from pathlib import Path

from edge.relay.errors import OutboxError
from edge.relay.settings import OutboxSettings
from edge.whole_file import new_private, private_folder

ASIDE = ".corrupt-"
"""Behind the name of a file that was set aside; the time comes after it."""
_TAILS = ("", "-wal", "-shm")
"""The file, its log, and the log's index."""
_HEADER = b"SQLite format 3\x00"
_LEAST_PAGE = 512
"""Every SQLite file is a whole number of these long (file format, 1.3.2)."""
_MOST = 2**62
"""Past every number that we store, in nanoseconds 146 years; one more still fits into SQLite's."""


class DamagedError(sqlite3.DatabaseError):
    """Something stored is not what we wrote. SQLite keeps no sums: where its pages are in order it notices nothing."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


def text_or_bytes(stored: bytes) -> str | bytes:
    """For `text_factory`: bytes where it is no text any more, for sqlite3 gives nothing of such a row, nor goes on."""
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return stored


def whole(stored: object, most: int = _MOST) -> int:
    """A stored number, 0 to ``most``; DamagedError where it is none: a column's type is looked at in writing only."""
    if isinstance(stored, int) and 0 <= stored <= most:
        return stored
    raise DamagedError(f"no number from 0 to {most} stands where one must")


def make_private(path: Path) -> None:
    """Directory and file for their owner alone, whatever the umask; SQLite gives the files beside it mode and owner.

    A directory that is there, such as an operator's own, stays as it is.
    """
    try:
        private_folder(path.parent)
    except OSError as error:
        raise OutboxError(f"the outbox {path} cannot be made: {error.strerror}: set [outbox] path") from error
    with contextlib.suppress(OSError):  # it is there, or SQLite will say better why it cannot be
        # Never opened where it is there: to close any descriptor of a file ends this process's locks on it.
        os.close(new_private(Path(os.path.realpath(path))))


def close_to_others(path: Path) -> None:
    """What an older version, or SQLite behind a link, made with the umask's mode."""
    for tail in _TAILS:
        with contextlib.suppress(OSError):  # not there, or not ours
            path.with_name(path.name + tail).chmod(0o600)


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

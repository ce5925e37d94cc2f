"""Bytes in; a small file on the disk that holds all of them, or what it held before, whenever the power goes."""

import contextlib
import errno
import os
import stat
from collections.abc import Generator
from pathlib import Path

PRIVATE = 0o600


def write_whole(file: Path, content: bytes, *, keep_rights: bool = False) -> None:
    """Replace a file; on the disk when it returns. Raises OSError, and then the file before it stays.

    Its owner alone may read it, who is as in `new_private`. With ``keep_rights`` it keeps mode and owner of the file
    that it replaces, and a link to it stays one.
    """
    file = file.resolve() if keep_rights else file
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)  # of a power cut
    try:
        with os.fdopen(new_private(fresh), "wb") as written:
            if keep_rights:
                _copy_rights(file, written.fileno())
            written.write(content)
            written.flush()
            os.fsync(written.fileno())
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
    sync_folder(file.parent)


def new_private(file: Path) -> int:
    """Make an empty file and open it to be written, for its owner alone: whoever makes it, but for root the folder's.

    Raises OSError, also where it is there.
    """
    made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    _give_away(made, file.parent)
    return made


def sync_folder(folder: Path) -> None:
    """Put names that came, changed or went in a folder on the disk: fsync of a file leaves them out (fsync(2))."""
    with _opened(folder) as opened:
        os.fsync(opened)


def private_folder(folder: Path) -> None:
    """Make a folder, with those above it, for its owner alone; one that is there stays as it is. Raises OSError.

    The owner is as in `new_private`.
    """
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
        with _opened(each, os.O_NOFOLLOW) as made:  # whoever owns the place might lead root elsewhere meanwhile
            _give_away(made, each.parent)
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))


def unwritable(file: Path) -> str | None:
    """Why a file could not be written, told without touching it; None when nothing seems to be in the way."""
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        folder = file.parent
        if not folder.is_dir():
            return f"there is no directory {folder}"
        return None if os.access(folder, os.W_OK | os.X_OK) else f"this user may write no file in {folder}"
    except OSError as error:
        return error.strerror
    if stat.S_ISDIR(mode):
        return "it is a directory"
    return None if os.access(file, os.W_OK) else "this user may not write it"


@contextlib.contextmanager
def _opened(folder: Path, flags: int = 0) -> Generator[int]:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | flags)
    try:
        yield opened
    finally:
        os.close(opened)


def _give_away(made: int, folder: Path) -> None:
    """What root makes among the service's files is the service's, which could else not read it at its next start."""
    if os.geteuid() == 0:
        with contextlib.suppress(OSError):  # a file system, or a container, that knows no other owner
            whose = folder.stat()
            os.fchown(made, whose.st_uid, whose.st_gid)


def _copy_rights(file: Path, fresh: int) -> None:
    """Who ran the service before the change runs it after it, also when root made the change."""
    try:
        was = file.stat()
    except FileNotFoundError:
        return
    with contextlib.suppress(PermissionError):
        os.fchown(fresh, was.st_uid, was.st_gid)
    os.fchmod(fresh, was.st_mode & 0o777)

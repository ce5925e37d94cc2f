"""A file that is to be written in; whether its place takes it, or the file whole."""

from contextlib import suppress
from pathlib import Path

from edge.whole_file import unwritable
from export.errors import ExportError


def must_take(file: Path, option: str) -> None:
    """Raise ExportError, naming the option, where a file could not be written: asked before the work for it begins.

    Folders above it that are not there will be made; nothing is made here.
    """
    nearest = next(each for each in file.absolute().parents if each.exists())
    reason = unwritable(file if nearest == file.absolute().parent else nearest / file.name)
    if reason is not None:
        raise ExportError(f"{file} cannot be written: {reason}; name another place with {option}")


def write_anew(file: Path, content: bytes) -> None:
    """Write a file whole, with the folders above it; after an OSError what was there before stays as it was."""
    partial = file.with_name(f".{file.name}.partial")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(file)
    except BaseException:  # Ctrl-C too
        with suppress(OSError):
            partial.unlink()
        raise

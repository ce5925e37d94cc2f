"""A place for results in; nothing, or why it would not take them, out: asked before the hours that they take."""

import os
from pathlib import Path

from edge.whole_file import unwritable
from models.catalog import TrainingError


def must_hold(folder: Path, option: str) -> None:
    """Raise TrainingError, naming the option, where a folder could not be made or written in; nothing is made here."""
    nearest = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise TrainingError(f"{folder} cannot be written in; name another place with {option}")


def must_take(file: str | None) -> None:
    """Raise TrainingError where the figures could not be written as JSON; None and - are no files."""
    if file not in (None, "-") and (reason := unwritable(Path(str(file)))):
        raise TrainingError(f"cannot write {file} ({reason}); give a path that can be written")

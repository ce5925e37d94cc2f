"""What is to be kept in; a file put in place at once: a run that is killed meanwhile leaves the one before it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np


def put_arrays(place: Path, *listed: Any, **named: Any) -> None:
    """Arrays as `numpy.savez` names them: arr_0, arr_1 and so on for those listed, the others as they are named."""
    _put(place, lambda file: cast(Any, np.savez)(file, *listed, **named))


def put_text(place: Path, text: str) -> None:
    """Text, UTF-8."""
    _put(place, lambda file: file.write(text.encode("utf-8")))


def _put(place: Path, write: Callable[[BinaryIO], object]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f"{place.name}.part")
    with part.open("wb") as file:
        write(file)
    part.replace(place)

"""What generators made in; pictures for a card, out."""
# matplotlib's and OpenCV's types leave some arguments unknown to the checker. The functions' own signatures are typed.
# pyright: reportUnknownMemberType=false

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.flow import Floats
from models.card_plots import page, write
from models.face_protocol import alike

_COLUMNS = 10


def draw_faces(
    made: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64], real: npt.NDArray[np.uint8], path: Path
) -> int:
    """A row of generated faces (n, 48, 48) for each class there is; returns how many of all look like a real face.

    Those that do (models/face_protocol.alike) are never drawn: nobody's picture is shown.
    """
    copies = np.unique(alike(made, real)[:, 0])
    fresh = np.setdiff1d(np.arange(len(made)), copies)
    kinds = [fresh[labels[fresh] == label][:_COLUMNS] for label in np.unique(labels[fresh])]
    rows = [np.hstack(list(made[kind])) for kind in kinds if len(kind) == _COLUMNS]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # where there is nothing to draw, no picture of an earlier run is to stay
    if rows:
        cv2.imwrite(str(path), cv2.resize(np.vstack(rows), None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC))
    return len(copies)


def draw_hearts(real: Floats, made: Floats, names: Sequence[str], path: Path) -> None:
    """Windows (n, steps) of one state, some real ones in grey, some generated ones in colour."""
    figure, axes = page(4.4, 3.0)
    for sequence in real[:8]:
        axes.plot(sequence, color="grey", linewidth=0.7, alpha=0.6)
    for sequence in made[:8]:
        axes.plot(sequence, color="tab:red", linewidth=0.7, alpha=0.8)
    axes.set(xlabel="step", ylabel="heart rate, scaled", title=f"{names[0]} (grey) and {names[1]} (red)")
    path.parent.mkdir(parents=True, exist_ok=True)
    write(figure, path)

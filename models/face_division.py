"""FER-2013 faces and a protocol's name in; rows to learn from, to watch while learning, and to judge by, out.

`clean` is honest: nothing learned from is a copy of what is judged. `paper`, of Bagga and Makwana 2026, leaks.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.flow import Floats
from models.datasets import fer2013
from models.datasets.fer2013 import Faces
from models.face_protocol import clean_split
from models.leaky_protocol import leaky_split, oversampled

FILE = "fer2013_train_public.npz"
PROTOCOLS = ("clean", "paper")
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Division:
    """Rows of a file; those to learn from are oversampled to equal classes, so that they repeat."""

    faces: Faces
    learning: Rows
    watched: Rows
    """Judged after each epoch: a tuning part, or under `paper` the test part, by which nothing is chosen."""
    test: Rows
    told: dict[str, object]
    """What a card tells of it"""

    def learned_targets(self) -> Floats:
        """The contest's labels of the learning rows as shares, (n, 7)."""
        return self.faces.take(self.learning).targets(1.0)


def read(data: Path) -> Faces:
    """The file in a directory, or that file."""
    return fer2013.load(data / FILE if data.is_dir() else data)


def divided(faces: Faces, protocol: str, seed: int) -> Division:
    """Divide by a protocol of PROTOCOLS. Of the clean division, only the oversampling depends on the seed."""
    if protocol == "paper":
        leaky = leaky_split(faces.labels, seed)
        told: dict[str, object] = {
            "leaky": True,
            "learning": len(leaky.learning),
            "test": len(leaky.test),
            "test_rows_also_learned_from": leaky.leaked,
        }
        return Division(faces, leaky.learning, leaky.test, leaky.test, told)
    split = clean_split(faces)
    learning = split.learning[oversampled(faces.labels[split.learning], seed)]
    told = {
        "leaky": False,
        "learning": len(split.learning),
        "learning_oversampled": len(learning),
        "tuning": len(split.tuning),
        "test": len(split.test),
        "exact_copies_left_out": split.exact_copies,
        "near_copies_left_out": split.near_copies,
        "voteless_left_out": split.voteless,
    }
    return Division(faces, learning, split.tuning, split.test, told)

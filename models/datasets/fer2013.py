"""FER-2013: grey faces of 48 by 48 pixels with one label of seven, and FER+ votes of ten annotators beside it.

Citation: I. Goodfellow et al., "Challenges in representation learning: a report on three machine learning contests",
ICONIP 2013 (images and labels); E. Barsoum et al., "Training deep networks for facial expression recognition with
crowd-sourced label distribution", ICMI 2016 (FER+ votes).
Licence: the FER+ votes are MIT. The images were gathered from the web for the 2013 contest and stock watermarks are
visible on some: they train and test here, and no image is ever shown or shipped.
"""

import zlib
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from edge.flow import EMOTIONS
from models.datasets import DatasetError

Labels = npt.NDArray[np.int64]
"""Class indices in the order of EMOTIONS, shape (n,)."""

TRAINING = 0
"""`usage` of the contest's Training part; every other value is a test part."""

_VOTED = {
    "anger": "angry",
    "disgust": "disgust",
    "fear": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprise": "surprise",
    "neutral": "neutral",
}
"""FER+ columns and our classes. Contempt, unknown and NF (not a face) have no class here: such votes are dropped."""


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Pictures and what people said of them, row by row."""

    images: npt.NDArray[np.uint8]
    """(n, 48, 48) grey"""
    labels: Labels
    """The contest's label, (n,)"""
    usage: Labels
    """0 Training, other values test parts, (n,)"""
    votes: npt.NDArray[np.float32]
    """FER+ votes on EMOTIONS, (n, 7); a row of zeros where nobody voted for one of the seven."""

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> "Faces":
        """The rows at these indices, or where this mask holds."""
        return Faces(self.images[rows], self.labels[rows], self.usage[rows], self.votes[rows])

    @property
    def voted(self) -> npt.NDArray[np.bool_]:
        """Where at least one annotator saw one of the seven emotions, (n,)."""
        return self.votes.sum(axis=1) > 0

    @property
    def majority(self) -> tuple[npt.NDArray[np.bool_], Labels]:
        """Rows with one emotion ahead of all others in the votes (mask (n,)), and the emotion with most votes (n,)."""
        ranked = np.sort(self.votes, axis=1)
        return ranked[:, -1] > ranked[:, -2], np.argmax(self.votes, axis=1).astype(np.int64)

    def targets(self, label_share: float) -> npt.NDArray[np.float32]:
        """Soft targets (n, 7): `label_share` of the contest's label, the rest the voters'; all label without votes."""
        hard = np.eye(len(EMOTIONS), dtype=np.float32)[self.labels]
        total = self.votes.sum(axis=1, keepdims=True)
        shares = np.where(total > 0, self.votes / np.maximum(total, 1), hard)
        return (label_share * hard + (1 - label_share) * shares).astype(np.float32)


def load(path: Path) -> Faces:
    """Read `fer2013_*.npz` (images, fer_label, usage, fer_classes; votes where there are any); raise DatasetError."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            held = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, TypeError, NotImplementedError, BadZipFile, EOFError, zlib.error) as error:
        raise DatasetError(f"cannot read {path} as FER-2013 ({error}); give its .npz file", path) from error
    missing = [name for name in ("images", "fer_label", "usage") if name not in held]
    if missing:
        raise DatasetError(f"{path} lacks {', '.join(missing)}; give a FER-2013 .npz with images and labels", path)
    return _checked(held, path)


def _checked(held: dict[str, npt.NDArray[np.generic]], path: Path) -> Faces:
    images, labels, usage = held["images"], held["fer_label"], held["usage"]
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (48, 48) or len(images) == 0:
        raise DatasetError(f"{path} holds images {images.dtype}{images.shape}; uint8 (n, 48, 48) would work", path)
    if labels.shape != (len(images),) or usage.shape != (len(images),):
        raise DatasetError(f"{path} has {len(images)} images, {labels.size} labels, {usage.size} usages", path)
    if not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0 or labels.max() >= len(EMOTIONS):
        raise DatasetError(f"{path} has labels outside 0 to {len(EMOTIONS) - 1}; the seven emotions would work", path)
    named = tuple(str(name) for name in held.get("fer_classes", np.array(EMOTIONS)))
    if sorted(named) != sorted(EMOTIONS):
        raise DatasetError(f"{path} names the classes {', '.join(named)}; {', '.join(EMOTIONS)} would work", path)
    order = np.array([EMOTIONS.index(name) for name in named], dtype=np.int64)
    return Faces(
        images=images.astype(np.uint8, copy=False),
        labels=order[labels.astype(np.int64)],
        usage=usage.astype(np.int64),
        votes=_votes(held, len(images), path),
    )


def _votes(held: dict[str, npt.NDArray[np.generic]], count: int, path: Path) -> npt.NDArray[np.float32]:
    votes = np.zeros((count, len(EMOTIONS)), np.float32)
    if "ferplus_votes" not in held or "ferplus_columns" not in held:
        return votes
    columns = [str(name) for name in held["ferplus_columns"]]
    cast = held["ferplus_votes"].astype(np.float32)
    if cast.shape != (count, len(columns)) or not set(_VOTED) <= set(columns):
        raise DatasetError(f"{path} has FER+ votes {cast.shape} under {', '.join(columns)}; one column a class", path)
    for column, emotion in _VOTED.items():
        votes[:, EMOTIONS.index(emotion)] = np.maximum(cast[:, columns.index(column)], 0)
    return votes

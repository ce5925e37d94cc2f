"""Which faces may be learned from: copies of test images out of Training, and a tuning part no copy crosses into.

A copy is the same picture, byte for byte, or a picture that looks the same: a perceptual hash (64 bits of the sign of
the lowest cosine frequencies) within a few bits, confirmed by the correlation of the pixels. Mirrored copies count
too, because training mirrors its pictures.
"""

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from models.catalog import TrainingError
from models.datasets.fer2013 import TRAINING, Faces

_FREQUENCIES = 8
_NEAR_BITS = 8
"""Hash bits that may differ before the pixels are looked at; the correlation has the last word."""
_ALIKE = 0.85
"""Correlation of two pictures from which on they are held to be the same."""
_BLOCK = 2048

Pixels = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class CleanSplit:
    """Rows of a FER-2013 file for each purpose; no picture, nor a copy of it, is in two of them."""

    learning: Rows
    tuning: Rows
    test: Rows
    exact_copies: int
    """Training rows left out because the very same bytes are in a test part."""
    near_copies: int
    """Training rows left out because they look the same as, or mirror, a test image."""
    voteless: int
    """Training rows left out because no annotator of FER+ saw one of the seven emotions."""


def clean_split(faces: Faces, tuning_share: float = 0.08, seed: int = 0) -> CleanSplit:
    """Divide a file that holds Training and at least one test part; test parts stay whole."""
    training = np.flatnonzero(faces.usage == TRAINING)
    test = np.flatnonzero(faces.usage != TRAINING)
    if not len(training) or not len(test):
        raise TrainingError(
            f"{len(training)} faces of Training and {len(test)} of a test part cannot be divided; give a file with both"
        )
    known = {image.tobytes() for image in faces.images[test]}
    exact = np.array([image.tobytes() in known for image in faces.images[training]], dtype=np.bool_)
    near = np.zeros(len(training), np.bool_)
    near[alike(faces.images[training], faces.images[test])[:, 0]] = True
    voteless = ~faces.voted[training] & faces.voted.any()
    kept = training[~(exact | near | voteless)]
    in_tuning = _whole_groups(groups(faces.images[kept]), tuning_share, seed)
    return CleanSplit(
        learning=kept[~in_tuning],
        tuning=kept[in_tuning],
        test=test,
        exact_copies=int(exact.sum()),
        near_copies=int((near & ~exact).sum()),
        voteless=int((voteless & ~(exact | near)).sum()),
    )


def alike(images: Pixels, others: Pixels) -> Rows:
    """Pairs (k, 2) of a row of `images` and a row of `others` that are copies, mirrored copies included."""
    signs, pixels = _hashes(others), _standardised(others)
    found: list[Rows] = []
    for picture in (images, np.ascontiguousarray(images[:, :, ::-1])):
        own_signs, own_pixels = _hashes(picture), _standardised(picture)
        for start in range(0, len(picture), _BLOCK):
            near = own_signs[start : start + _BLOCK] @ signs.T >= signs.shape[1] - 2 * _NEAR_BITS
            left, right = np.nonzero(near)
            left += start
            same = np.einsum("ij,ij->i", own_pixels[left], pixels[right]) >= _ALIKE
            found.append(np.stack([left[same], right[same]], axis=1))
    return np.concatenate(found).astype(np.int64)


def groups(images: Pixels) -> Rows:
    """A number for each image (n,), the same for all that are copies of one another, directly or through others."""
    leader = np.arange(len(images))

    def find(row: int) -> int:
        while leader[row] != row:
            leader[row] = leader[leader[row]]
            row = int(leader[row])
        return row

    for left, right in alike(images, images):
        leader[find(int(left))] = find(int(right))
    return np.array([find(row) for row in range(len(images))], dtype=np.int64)


def _whole_groups(group: Rows, share: float, seed: int) -> npt.NDArray[np.bool_]:
    """Mask of about `share` of the rows, every group wholly inside or wholly outside."""
    names = np.unique(group)
    chosen = np.random.default_rng(seed).permutation(names)[: round(share * len(names))]
    return np.isin(group, chosen)


def _hashes(images: Pixels) -> npt.NDArray[np.float32]:
    """Signs (+1 or -1) of the lowest cosine frequencies about their median, (n, 63); the mean is left out."""
    size = _FREQUENCIES
    low = np.empty((len(images), size * size - 1), np.float32)
    for row, image in enumerate(images):
        small = np.asarray(cv2.resize(image, (32, 32), interpolation=cv2.INTER_AREA), np.float32)
        low[row] = cast(npt.NDArray[np.float32], cv2.dct(small))[:size, :size].ravel()[1:]
    return np.where(low > np.median(low, axis=1, keepdims=True), np.float32(1), np.float32(-1))


def _standardised(images: Pixels) -> npt.NDArray[np.float32]:
    """Rows of zero mean and unit length, (n, 48 * 48), so that a dot product is a correlation; flat images are zero."""
    rows = images.reshape(len(images), -1).astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 1)

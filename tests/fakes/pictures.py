"""A small FER-2013 file of made-up pictures: smooth, no two alike."""

from pathlib import Path

import cv2
import numpy as np

_RNG = np.random.default_rng(7)
IMAGES = np.stack(
    [
        np.clip(128 + 700 * np.asarray(cv2.GaussianBlur(_RNG.normal(0, 1, (48, 48)), (0, 0), 4)), 0, 255)
        for _ in range(200)
    ]
).astype(np.uint8)
LABELS = _RNG.integers(0, 7, 200)


def stored_faces(folder: Path) -> Path:
    """Write the file that trainings look for, 150 pictures of Training and 50 of a test part; returns the folder."""
    np.savez(folder / "fer2013_train_public.npz", images=IMAGES, fer_label=LABELS, usage=np.array([0] * 150 + [1] * 50))
    return folder

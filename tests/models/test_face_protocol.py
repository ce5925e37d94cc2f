"""No picture, nor a copy of it, is on two sides."""

import cv2
import numpy as np
import numpy.typing as npt

from models.datasets.fer2013 import Faces
from models.face_protocol import alike, clean_split, groups

Pixels = npt.NDArray[np.uint8]


def _pictures(count: int, seed: int) -> Pixels:
    """Smooth random pictures, about as different from one another as faces are."""
    rng = np.random.default_rng(seed)
    made = [cv2.GaussianBlur(rng.normal(0, 1, (48, 48)), (0, 0), 5) for _ in range(count)]
    return np.stack([np.clip(128 + 55 * m / m.std(), 0, 255).astype(np.uint8) for m in map(np.asarray, made)])


def _faces(images: Pixels, usage: list[int]) -> Faces:
    votes = np.zeros((len(images), 7), np.float32)
    votes[:, 0] = 10
    return Faces(images, np.zeros(len(images), np.int64), np.array(usage, np.int64), votes)


def _brighter(image: Pixels) -> Pixels:
    return np.clip(image.astype(int) * 0.9 + 20, 0, 255).astype(np.uint8)


def test_alike_finds_copies_lit_otherwise_and_mirrored_and_nothing_else() -> None:
    images = _pictures(40, 1)
    others = np.stack([images[3], _brighter(images[7]), np.ascontiguousarray(images[9][:, ::-1])])
    assert sorted(alike(images, others).tolist()) == [[3, 0], [7, 1], [9, 2]]


def test_groups_hold_copies_together_through_others() -> None:
    images = _pictures(10, 2)
    images[4], images[8] = _brighter(images[1]), np.ascontiguousarray(images[1][:, ::-1])
    group = groups(images)
    assert group[1] == group[4] == group[8]
    assert len(np.unique(group)) == 8


def test_copies_of_test_images_leave_training_and_the_test_part_stays_whole() -> None:
    images = _pictures(60, 3)
    images[5], images[6] = images[55], _brighter(images[56])
    split = clean_split(_faces(images, [0] * 50 + [1] * 10), tuning_share=0.2)
    assert split.test.tolist() == list(range(50, 60))
    assert (split.exact_copies, split.near_copies, split.voteless) == (1, 1, 0)
    kept = set(split.learning.tolist()) | set(split.tuning.tolist())
    assert kept == set(range(50)) - {5, 6}
    assert not set(split.learning.tolist()) & set(split.tuning.tolist())


def test_copies_inside_training_are_not_divided() -> None:
    images = _pictures(40, 4)
    for first in range(0, 30, 2):
        images[first + 1] = _brighter(images[first])
    for seed in range(5):
        split = clean_split(_faces(images, [0] * 38 + [1] * 2), tuning_share=0.3, seed=seed)
        tuning = set(split.tuning.tolist())
        assert all((first in tuning) == (first + 1 in tuning) for first in range(0, 30, 2))


def test_faces_in_which_nobody_saw_an_emotion_are_not_learned() -> None:
    faces = _faces(_pictures(20, 5), [0] * 15 + [1] * 5)
    faces.votes[2] = 0
    split = clean_split(faces)
    assert split.voteless == 1
    assert 2 not in split.learning
    assert 2 not in split.tuning

"""FER-2013 is read as it is, and refused in one sentence where it is something else."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.flow import EMOTIONS
from models.datasets import DatasetError
from models.datasets.fer2013 import load

_COLUMNS = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF"]


def _write(path: Path, **changes: Any) -> Path:
    arrays: dict[str, Any] = {
        "images": np.arange(3 * 48 * 48, dtype=np.uint32).reshape(3, 48, 48).astype(np.uint8),
        "fer_label": np.array([0, 3, 6], np.uint8),
        "usage": np.array([0, 0, 1], np.uint8),
        "fer_classes": np.array(EMOTIONS),
        "ferplus_columns": np.array(_COLUMNS),
        "ferplus_votes": np.array([[1, 0, 0, 1, 6, 0, 0, 2, 0, 0], [-1] * 10, [4, 4, 0, 0, 0, 0, 0, 0, 2, 0]], np.int8),
    } | changes
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


def test_votes_are_brought_into_our_order_and_stray_ones_dropped(tmp_path: Path) -> None:
    faces = load(_write(tmp_path / "faces.npz"))
    assert faces.votes[0].tolist() == [6, 0, 0, 0, 1, 0, 1]
    assert faces.voted.tolist() == [True, False, True]
    clear, majority = faces.majority
    assert clear.tolist() == [True, False, False]
    assert EMOTIONS[majority[0]] == "angry"


def test_targets_blend_label_and_votes(tmp_path: Path) -> None:
    targets = load(_write(tmp_path / "faces.npz")).targets(0.6)
    assert targets.sum(axis=1) == pytest.approx(1)
    assert targets[0] == pytest.approx([0.6 + 0.4 * 6 / 8, 0, 0, 0, 0.05, 0, 0.05])
    assert targets[1].tolist() == [0, 0, 0, 1, 0, 0, 0]


def test_a_file_without_votes_is_read(tmp_path: Path) -> None:
    faces = load(_write(tmp_path / "faces.npz", ferplus_votes=None, ferplus_columns=None))
    assert not faces.voted.any()
    assert faces.labels.tolist() == [0, 3, 6]


def test_classes_in_another_order_are_put_in_ours(tmp_path: Path) -> None:
    faces = load(_write(tmp_path / "faces.npz", fer_classes=np.array(EMOTIONS[::-1])))
    assert faces.labels.tolist() == [6, 3, 0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"images": None}, "lacks images"),
        ({"images": np.zeros((3, 32, 32), np.uint8)}, "uint8 (n, 48, 48) would work"),
        ({"fer_label": np.array([0, 3, 7])}, "labels outside"),
        ({"fer_label": np.array([0, 3])}, "2 labels"),
        ({"fer_classes": np.array(["a", "b", "c", "d", "e", "f", "g"])}, "would work"),
        ({"ferplus_columns": np.array(_COLUMNS[:9])}, "FER+ votes"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(DatasetError, match="npz") as refused:
        load(_write(tmp_path / "faces.npz", **changes))
    assert said in str(refused.value)


def test_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "faces.npz"
    path.write_bytes(b"no archive")
    with pytest.raises(DatasetError, match="cannot read"):
        load(path)
    with pytest.raises(DatasetError, match="cannot read"):
        load(tmp_path / "absent.npz")

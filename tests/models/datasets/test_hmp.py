"""HMP: counts become g, activities become levels, what is unknown is refused."""

from pathlib import Path

import numpy as np
import pytest

from edge.signals.activity import LEVELS
from models.datasets import DatasetError
from models.datasets.hmp import FILE, METS, level, load


def save(directory: Path, **bouts: list[list[int]]) -> Path:
    np.savez(directory / FILE, allow_pickle=False, **{k: np.array(v, np.uint8) for k, v in bouts.items()})
    return directory


def test_counts_become_g_in_order_of_name(tmp_path: Path) -> None:
    save(tmp_path, **{"m2/walk/1": [[63, 0, 31]], "f1/drink_glass/1": [[0, 63, 32]]})
    first, second = load(tmp_path)
    assert (first.person, first.activity, LEVELS[first.level]) == ("f1", "drink_glass", "sedentary")
    assert (second.person, second.activity, LEVELS[second.level]) == ("m2", "walk", "moderate")
    assert second.axes.dtype == np.float32
    assert second.axes[0].tolist() == pytest.approx([1.5, -1.5, -0.0238], abs=1e-3)
    assert [bout.person for bout in load(tmp_path / FILE)] == ["f1", "m2"]


def test_the_cuts_are_one_and_a_half_three_and_six() -> None:
    assert [level(mets) for mets in (1.5, 1.6, 2.9, 3.0, 6.0, 6.1)] == [0, 1, 1, 2, 2, 3]
    assert {level(mets) for mets in METS.values()} == {0, 1, 2, 3}


def test_a_missing_file_and_an_unknown_activity_are_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=f"give the directory that holds {FILE}"):
        load(tmp_path)
    with pytest.raises(DatasetError, match="holds 'juggle'; METs are known for drink_glass"):
        load(save(tmp_path, **{"f1/juggle/1": [[1, 1, 1]]}))

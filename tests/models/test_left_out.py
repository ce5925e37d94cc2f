"""Figures of people left out, of two classes or three, and paired differences."""

from pathlib import Path
from typing import cast

import numpy as np
import pytest

from edge.flow import Floats
from models import left_out
from models.left_out import LeftOut


def said(classes: int, wrong_every: int, people: int = 6) -> LeftOut:
    """Rows of which one in so many is guessed wrongly."""
    labels = np.tile(np.arange(classes), 20 * people).astype(np.int64)
    wrong = np.arange(len(labels)) % wrong_every == 0
    guesses = np.where(wrong, (labels + 1) % classes, labels)
    chances: Floats = np.full((len(labels), classes), 0.2 / (classes - 1), np.float32)
    chances[np.arange(len(labels)), guesses] = 0.8
    names = tuple(f"S{k}" for k in range(people) for _ in range(20 * classes))
    return LeftOut(chances, labels, names, np.arange(len(labels), dtype=np.float64))


@pytest.mark.parametrize("classes", [2, 3])
def test_figures_of_any_number_of_classes(classes: int) -> None:
    told = left_out.figures(said(classes, 5), tuple("abc"[:classes]))
    assert told["people"] == 6
    assert told["macro_f1"] == pytest.approx(0.8, abs=0.01)
    low, high = cast(tuple[float, float], told["macro_f1_95"])
    assert low <= cast(float, told["macro_f1"]) <= high
    assert told["calibration_error"] == pytest.approx(0, abs=0.01)


def test_a_paired_difference_knows_who_is_better() -> None:
    gap = left_out.difference(said(3, 10), said(3, 2))
    low, high = cast(tuple[float, float], gap["difference_95"])
    assert 0 < low <= cast(float, gap["difference"]) <= high
    assert left_out.difference(said(3, 10), said(3, 10))["difference"] == 0


def test_other_rows_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="same rows"):
        left_out.difference(said(2, 10), said(2, 10, people=5))


def test_what_was_saved_is_read_again(tmp_path: Path) -> None:
    once = said(3, 4)
    left_out.save(once, tmp_path / "oof.npz")
    again = left_out.read(tmp_path / "oof.npz")
    assert again.people == once.people
    np.testing.assert_array_equal(again.chances, once.chances)


def test_the_majority_is_the_commonest_class() -> None:
    assert left_out.majority(said(2, 10))["balanced_accuracy"] == 0.5

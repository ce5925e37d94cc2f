"""Figures of people left out, of two classes or three, and paired differences."""

from pathlib import Path

import numpy as np
import pytest

from edge.flow import Floats
from models import left_out
from models.left_out import LeftOut


def said(classes: int, right: float, seed: int = 0, people: int = 6) -> LeftOut:
    """Rows of which a share is guessed rightly."""
    labels = np.tile(np.arange(classes), 20 * people).astype(np.int64)
    rng = np.random.default_rng(seed)
    wrong = rng.random(len(labels)) > right
    guesses = np.where(wrong, (labels + 1) % classes, labels)
    chances: Floats = np.full((len(labels), classes), 0.2 / (classes - 1), np.float32)
    chances[np.arange(len(labels)), guesses] = 0.8
    names = tuple(f"S{k}" for k in range(people) for _ in range(20 * classes))
    return LeftOut(chances, labels, names, np.arange(len(labels), dtype=np.float64))


@pytest.mark.parametrize("classes", [2, 3])
def test_figures_of_any_number_of_classes(classes: int) -> None:
    told = left_out.figures(said(classes, 0.8), tuple("abc"[:classes]))
    assert told["people"] == 6
    assert told["macro_f1"] == pytest.approx(0.8, abs=0.05)
    low, high = told["macro_f1_95"]  # pyright: ignore[reportGeneralTypeIssues]  # a card's values are objects
    assert low < told["macro_f1"] < high
    assert told["calibration_error"] == pytest.approx(0, abs=0.06)


def test_a_paired_difference_knows_who_is_better() -> None:
    gap = left_out.difference(said(3, 0.9), said(3, 0.6, seed=1))
    low, high = gap["difference_95"]  # pyright: ignore[reportGeneralTypeIssues]  # a card's values are objects
    assert 0 < low < high
    assert left_out.difference(said(3, 0.9), said(3, 0.9))["difference"] == 0


def test_other_rows_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="same rows"):
        left_out.difference(said(2, 0.9), said(2, 0.9, people=5))


def test_what_was_saved_is_read_again(tmp_path: Path) -> None:
    once = said(3, 0.7)
    left_out.save(once, tmp_path / "oof.npz")
    again = left_out.read(tmp_path / "oof.npz")
    assert again.people == once.people
    np.testing.assert_array_equal(again.chances, once.chances)


def test_the_majority_is_the_commonest_class() -> None:
    assert left_out.majority(said(2, 0.9))["balanced_accuracy"] == 0.5

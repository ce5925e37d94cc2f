"""Folds keep people apart."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.protocol import Fold, of, subject_folds

PEOPLE = [f"S{k:02d}" for k in range(27)]


@settings(deadline=None)
@given(st.integers(2, 27), st.integers(0, 5))
def test_everybody_is_judged_once_and_never_by_who_learned_from_them(groups: int, seed: int) -> None:
    folds = subject_folds(PEOPLE, groups, seed)
    assert len(folds) == groups
    assert sorted(name for fold in folds for name in fold.judge) == PEOPLE
    sizes = {len(fold.judge) for fold in folds}
    assert max(sizes) - min(sizes) <= 1
    for fold in folds:
        assert not set(fold.learn) & set(fold.judge)
        assert sorted((*fold.learn, *fold.judge)) == PEOPLE


def test_the_division_depends_on_names_and_seed_alone() -> None:
    assert subject_folds(PEOPLE, 7, 0) == subject_folds(PEOPLE[::-1] + PEOPLE[:3], 7, 0)
    assert subject_folds(PEOPLE, 7, 0) != subject_folds(PEOPLE, 7, 1)


def test_somebody_on_both_sides_is_refused() -> None:
    with pytest.raises(ValueError, match="S02 would be learned from and judged"):
        Fold(("S01", "S02"), ("S02",))


@pytest.mark.parametrize("groups", [0, 1, 28])
def test_groups_that_cannot_be_made_are_refused(groups: int) -> None:
    with pytest.raises(ValueError, match="2 to 27 would work"):
        subject_folds(PEOPLE, groups, 0)


def test_items_are_taken_by_person() -> None:
    items = [("S02", "b"), ("S01", "a"), ("S03", "c"), ("S01", "d")]
    assert of(("S01", "S03"), items) == ["a", "c", "d"]

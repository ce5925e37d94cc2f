"""Figures that tell the body from the clock."""

import numpy as np
import pytest

from models.protocol import Fold
from models.wrist_figures import (
    as_left_out,
    best_threshold,
    by_the_clock,
    calibrated,
    crossed,
    figures,
    fitted,
    majority,
    pooled,
    same_minute_auc,
)
from models.wrist_streams import Judged

RNG = np.random.default_rng(0)
ENDS = np.arange(0, 1800, 5.0)
STRESS = ((ENDS > 600) & (ENDS < 1200)).astype(np.int64)


def person(name: str, skill: float, shift: int = 0) -> Judged:
    """Somebody whose protocol starts `shift` windows late, judged with some skill."""
    labels = np.roll(STRESS, shift)
    chance = 1 / (1 + np.exp(-(skill * (2 * labels - 1) + RNG.normal(0, 1, len(labels)))))
    return Judged(name, chance, labels, ENDS, 0)


PEOPLE = [person(f"S{k}", 1.5, 12 * k) for k in range(8)]


def test_a_good_judge_is_told_from_chance() -> None:
    told = figures(PEOPLE, 0.5)
    assert 0.85 < float(str(told["balanced_accuracy"])) < 0.99
    assert told["n"] == 8 * len(ENDS)
    assert set(told["per_person"]) == {p.subject for p in PEOPLE}  # pyright: ignore[reportArgumentType]  # a mapping
    assert float(str(figures([person("S1", 0)], 0.5)["balanced_accuracy"])) == pytest.approx(0.5, abs=0.06)


def test_a_clock_has_no_skill_at_the_same_minute() -> None:
    clock = by_the_clock(PEOPLE[::2], PEOPLE[1::2])
    assert float(str(figures(clock, 0.5)["auc"])) > 0.8
    chance, labels, ends, _ = pooled(clock)
    assert same_minute_auc(chance, labels, ends) == pytest.approx(0.5)
    chance, labels, ends = (
        np.concatenate([getattr(p, f) for p in PEOPLE]) for f in ("probability", "labels", "ends_s")
    )
    assert same_minute_auc(chance, labels, ends) > 0.9


def test_the_majority_is_half_right() -> None:
    told = majority(PEOPLE)
    assert told["balanced_accuracy"] == 0.5
    assert told["accuracy"] == pytest.approx(1 - STRESS.mean(), abs=1e-6)


def test_the_threshold_moves_to_where_the_labels_part() -> None:
    moved = calibrated(PEOPLE, 1.0, -0.6)
    assert best_threshold(moved) < best_threshold(PEOPLE)
    assert 0.4 <= best_threshold(PEOPLE) <= 0.6


def test_a_temperature_spreads_or_gathers() -> None:
    warm, cold = calibrated(PEOPLE, 2.0, 0.0), calibrated(PEOPLE, 0.5, 0.0)
    assert np.abs(warm[0].probability - 0.5).max() < np.abs(PEOPLE[0].probability - 0.5).max()
    assert np.abs(cold[0].probability - 0.5).max() > np.abs(PEOPLE[0].probability - 0.5).max()


def test_nobody_is_judged_by_a_calibration_of_their_own() -> None:
    """One group's judge says everything too high: its own threshold would hide that, the others' does not."""
    high = calibrated(PEOPLE[:2], 1.0, 1.5)
    people = [*high, *PEOPLE[2:]]
    folds = [
        Fold(tuple(p.subject for p in people if p not in part), tuple(p.subject for p in part))
        for part in (people[:2], people[2:5], people[5:])
    ]
    told = crossed(people, folds)
    assert [p.subject for p in told] == [p.subject for p in people]
    apart = float(str(figures(told[:2], 0.5)["balanced_accuracy"]))
    own = fitted(high)
    mine = float(str(figures(calibrated(high, own.temperature, 0.0), own.threshold)["balanced_accuracy"]))
    assert apart < mine


def test_a_common_threshold_may_be_any() -> None:
    folds = [Fold(("S1", "S3"), ("S0", "S2")), Fold(("S0", "S2"), ("S1", "S3"))]
    half, high = crossed(PEOPLE[:4], folds), crossed(PEOPLE[:4], folds, 0.7)
    for one, other in zip(half, high, strict=True):
        assert np.array_equal(one.probability >= 0.5, other.probability >= 0.7)


def test_they_are_compared_like_any_benchmark() -> None:
    said = as_left_out(PEOPLE)
    assert said.people[: len(ENDS)] == ("S0",) * len(ENDS)
    assert np.array_equal(said.guesses, (pooled(PEOPLE)[0] > 0.5).astype(np.int64))

"""Feature searches find what matters, at the same price, and rank it without contradiction."""

import numpy as np
import pytest

from edge.flow import Floats
from models import ahp
from models.consensus import agreement, best_prefix, searched
from models.metrics import Labels
from models.selection import SEARCHES, Budget, Mask, Space, levy_steps
from models.subset_fitness import SubsetFitness

SMALL = Budget(bodies=8, rounds=12)
ALL = Space(24)


def people_and_noise(useful: int = 4, features: int = 24, seed: int = 0) -> tuple[Floats, Labels, Labels]:
    """Rows of six people; the first features part the labels, the others are noise."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, 360)
    rows = rng.normal(0, 1, (360, features))
    rows[:, :useful] += 1.2 * (labels[:, None] - 0.5)
    return rows.astype(np.float32), labels.astype(np.int64), np.repeat(np.arange(6), 60).astype(np.int64)


@pytest.mark.parametrize("name", [name for name in SEARCHES if name != "none"])
def test_every_search_keeps_to_the_budget_and_gets_no_worse(name: str) -> None:
    fitness = SubsetFitness(*people_and_noise())
    found = SEARCHES[name](fitness, ALL, SMALL, 0)
    assert fitness.asked <= SMALL.bodies * (1 + SMALL.rounds)
    assert len(found.curve) == 1 + SMALL.rounds
    assert list(found.curve) == sorted(found.curve)
    assert found.curve[-1] == found.fitness == fitness(found.mask)


@pytest.mark.parametrize("name", ["aoa_levy", "aoa", "ga", "pso"])
def test_what_was_found_beats_chance(name: str) -> None:
    fitness, space = SubsetFitness(*people_and_noise()), Space(24, 6)
    found = SEARCHES[name](fitness, space, SMALL, 0)
    rng = np.random.default_rng(0)
    chance = [fitness(np.isin(np.arange(24), rng.choice(24, 6, replace=False))) for _ in range(20)]
    assert found.fitness > np.quantile(chance, 0.9)
    assert found.mask[:4].sum() >= 2


@pytest.mark.parametrize("name", SEARCHES)
def test_the_same_seed_finds_the_same(name: str) -> None:
    rows = people_and_noise()
    once, again = (SEARCHES[name](SubsetFitness(*rows), ALL, SMALL, 3) for _ in range(2))
    np.testing.assert_array_equal(once.mask, again.mask)


def test_levy_steps_are_small_with_rare_long_jumps() -> None:
    steps = np.abs(levy_steps(np.random.default_rng(0), (100_000,)))
    assert np.median(steps) < 0.02
    assert 0.0005 < (steps > 0.5).mean() < 0.02


def test_a_fitness_never_judges_whom_it_learned_from() -> None:
    features = np.eye(6, dtype=np.float32)[np.repeat(np.arange(6), 60)]  # knows only who it is
    labels = np.repeat([0, 1, 0, 1, 0, 1], 60).astype(np.int64)
    fitness = SubsetFitness(features, labels, np.repeat(np.arange(6), 60).astype(np.int64), folds=6)
    everything: Mask = np.ones(6, np.bool_)
    assert fitness.accuracy(everything) <= 0.5


def test_comparisons_give_saatys_weights() -> None:
    np.testing.assert_allclose(ahp.weights(), [0.402, 0.402, 0.143, 0.054], atol=0.001)


def test_comparisons_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="contradict"):
        ahp.weights(np.array([[1, 5, 1 / 5], [1 / 5, 1, 5], [5, 1 / 5, 1]]))


def test_the_ranking_puts_what_parts_the_labels_first() -> None:
    features, labels, people = people_and_noise()
    cost = np.ones(24)
    cost[0] = 3.0
    order = ahp.ranked(ahp.criteria(features, labels, people, cost))
    assert set(order[:4].tolist()) == {0, 1, 2, 3}
    assert order[0] != 0  # as good as the others, but dearer


@pytest.mark.parametrize("name", [name for name in SEARCHES if name != "none"])
def test_no_subset_is_larger_than_the_space_allows(name: str) -> None:
    sizes: list[int] = []
    judged = SubsetFitness(*people_and_noise())

    def fitness(mask: Mask) -> float:
        sizes.append(int(mask.sum()))
        return judged(mask)

    found = SEARCHES[name](fitness, Space(24, most=6), SMALL, 0)
    assert max(sizes) == 6
    assert found.mask.sum() <= 6
    assert found.candidates.sum(axis=1).max() <= 6


def test_a_start_leans_towards_what_is_likely() -> None:
    started: list[Mask] = []

    def fitness(mask: Mask) -> float:
        started.append(mask)
        return 0.0

    likely = ahp.likely(np.arange(24))
    assert likely[0] == 1
    assert likely[-1] == 0
    SEARCHES["aoa_levy"](fitness, Space(24, likely=likely), Budget(bodies=200, rounds=0), 0)
    share = np.mean(started, axis=0)
    assert share[:6].mean() > 0.65
    assert share[-6:].mean() < 0.35


def test_runs_agree_on_what_matters() -> None:
    fitness = SubsetFitness(*people_and_noise())
    found = searched(SEARCHES["ga"], fitness, Space(24, 12), SMALL, 3, 0)
    share = agreement(found)
    assert share[:4].mean() > share[4:].mean()
    mask, value = best_prefix(np.argsort(-share, kind="stable"), fitness, 12)
    assert value == fitness(mask)
    assert mask.sum() in (1, 3, 4, 6, 7, 9, 10, 12)


def test_noise_explains_nothing_of_people_left_out() -> None:
    features, labels, people = people_and_noise(useful=0)
    assert SubsetFitness(features, labels, people)(np.ones(24, np.bool_)) < 0.05
    features, labels, people = people_and_noise(useful=12)
    assert SubsetFitness(features, labels, people)(np.ones(24, np.bool_)) > 0.3

"""Feature searches find what matters, at the same price, and rank it without contradiction."""

import numpy as np
import pytest

from edge.flow import Floats
from models import ahp
from models.metrics import Labels
from models.selection import SEARCHES, Budget, Mask, levy_steps
from models.subset_fitness import SubsetFitness

SMALL = Budget(bodies=8, rounds=12)


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
    found = SEARCHES[name](fitness, 24, SMALL, 0)
    assert fitness.asked <= SMALL.bodies * (1 + SMALL.rounds)
    assert len(found.curve) == 1 + SMALL.rounds
    assert list(found.curve) == sorted(found.curve)
    assert found.curve[-1] == found.fitness == fitness(found.mask)


@pytest.mark.parametrize("name", ["aoa_levy", "aoa", "ga", "pso"])
def test_what_was_found_beats_everything_at_once(name: str) -> None:
    fitness = SubsetFitness(*people_and_noise())
    found = SEARCHES[name](fitness, 24, SMALL, 0)
    whole = SEARCHES["none"](fitness, 24, SMALL, 0)
    assert found.fitness > whole.fitness
    assert found.mask[:4].sum() >= 2


@pytest.mark.parametrize("name", SEARCHES)
def test_the_same_seed_finds_the_same(name: str) -> None:
    rows = people_and_noise()
    once, again = (SEARCHES[name](SubsetFitness(*rows), 24, SMALL, 3) for _ in range(2))
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
    np.testing.assert_allclose(ahp.weights(), [0.669, 0.243, 0.088], atol=0.001)


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

"""Each search keeps half of the electrodes at most, with all they tell, and the network finds them in place."""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from edge.flow import Floats
from models.eeg import STEPS, patil_cnn_lstm
from models.eeg_placed import placed
from models.eeg_selection import STATISTICS, Effort, costs, named, selected
from models.metrics import Labels
from models.selection import Budget

SMALL = Effort(Budget(bodies=6, rounds=4), runs=2)
ELECTRODES = ("Fp1", "F7", "C3", "Pz", "O1", "O2")


def sequences(people: int = 6, each: int = 20) -> tuple[Floats, Labels, Labels]:
    """Rows in which two electrodes tell the labels apart."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, people * each)
    planes = rng.normal(0, 1, (people * each, STEPS, len(ELECTRODES), STATISTICS))
    for told in (1, 4):
        planes[:, :, told] += 0.8 * (labels[:, None, None] - 0.5)
    person = np.repeat(np.arange(people), each)
    return planes.reshape(people * each, STEPS, -1).astype(np.float32), labels.astype(np.int64), person.astype(np.int64)


@pytest.mark.parametrize("method", ["aoa_ahp_levy", "aoa_ahp", "ga", "pso"])
def test_what_is_kept_is_at_most_half_and_whole_electrodes(method: str) -> None:
    mask, curve = selected(method, *sequences(), SMALL, 0)
    assert 0 < mask.sum() <= mask.size // 2
    whole = mask.reshape(len(ELECTRODES), STATISTICS)
    assert (whole == whole[:, :1]).all()
    assert {"F7", "O1"} & set(named(mask, ELECTRODES))
    assert len(curve) == SMALL.budget.rounds + 1
    assert curve == sorted(curve)


def test_an_electrode_in_the_hair_costs_more() -> None:
    assert costs(ELECTRODES) == (1, 1, 2, 2, 2, 2)
    dear = replace(SMALL, cost=costs(ELECTRODES))
    assert selected("aoa_ahp_levy", *sequences(), dear, 0)[0].any()


def test_no_selection_keeps_all_and_searches_nothing() -> None:
    mask, curve = selected("none", *sequences(), SMALL, 0)
    assert mask.all()
    assert not curve


def test_a_placed_network_says_of_the_selected_what_the_whole_says_with_zeros_between() -> None:
    whole = patil_cnn_lstm(40)
    used = np.arange(40) % 3 == 0
    small = placed(whole, used.tolist())
    planes = np.random.default_rng(0).normal(size=(2, STEPS, 40, 1)).astype(np.float32)
    said = np.asarray(cast(Any, small)(planes[:, :, used]))
    zeros = np.asarray(cast(Any, whole)(planes * used[:, None]))
    np.testing.assert_allclose(said, zeros, atol=1e-5)

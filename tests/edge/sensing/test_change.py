"""A move is noticed soon after it begins, once, and noise is not."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.sensing.allowance import Allowance
from edge.sensing.change import Changes, ChangeSettings, PageHinkley, Turn

SETTINGS = ChangeSettings()


def turns(values: list[float], settings: ChangeSettings = SETTINGS) -> list[tuple[int, Turn]]:
    test = PageHinkley(settings)
    said = [(k, test.step(value)) for k, value in enumerate(values)]
    return [(k, turn) for k, turn in said if turn is not None]


@pytest.mark.parametrize(("size", "within"), [(1.0, 5), (2.0, 2), (4.0, 1)])
def test_a_step_is_noticed_the_sooner_the_larger_it_is(size: float, within: int):
    for sign, turn in ((1, Turn.RISES), (-1, Turn.FALLS)):
        (at, said), *more = turns([0.0] * 40 + [sign * size] * 40)
        assert (said, more) == (turn, [])
        assert at - 40 < within


def test_noise_around_a_level_seldom_is_a_change():
    chance = np.random.default_rng(1)
    smooth = np.convolve(chance.normal(0, 0.5, 4000), np.ones(4) / 4, "valid")  # windows overlap, and so does noise
    assert len(turns(smooth.tolist())) < len(smooth) / 100


def test_a_slow_drift_is_no_change():
    assert not turns([0.005 * k for k in range(400)])


def test_what_is_no_number_changes_nothing():
    assert turns([0.0, math.nan, 0.0, 4.0]) == [(3, Turn.RISES)]


def test_signals_are_watched_apart():
    changes = Changes(SETTINGS, ("heart_rate", "conductance"))
    for _ in range(20):
        assert not changes.step({"heart_rate": 0.0})
    assert changes.step({"heart_rate": 4.0, "conductance": 4.0}) == {"heart_rate": Turn.RISES}
    changes.forget()
    assert not changes.step({"heart_rate": 9.0})


@given(st.lists(st.floats(-1e6, 1e6), max_size=60), st.floats(-1e6, 1e6))
def test_only_the_move_counts_and_not_the_level(values: list[float], level: float):
    whole = [float(round(value)) for value in values]
    assert turns(whole) == turns([value + round(level) for value in whole])


@pytest.mark.parametrize(
    "wrong",
    [
        {"slack": -1.0},
        {"slack": math.nan},
        {"slack": math.inf},
        {"alarm": 0.0},
        {"alarm": math.inf},
        {"memory": 0.5},
    ],
)
def test_settings_that_find_nothing_or_everything(wrong: dict[str, float]):
    with pytest.raises(ValueError, match="a change needs"):
        ChangeSettings(**wrong)


@given(
    st.floats(0, 1),
    st.floats(0, 100),
    st.lists(st.tuples(st.floats(0, 10), st.booleans()), max_size=200),
)
def test_an_allowance_bounds_what_is_spent(share: float, most_s: float, wishes: list[tuple[float, bool]]):
    allowance, spent, passed = Allowance(share, most_s, most_s / 4, 10), 0.0, 0.0
    for s, wish in wishes:
        spending = wish and allowance.open
        allowance.pass_s(s, spent=spending)
        spent, passed = spent + s * spending, passed + s
    assert spent <= share * passed + most_s + 10 + 1e-6  # the last step may be longer than what was left


def test_an_empty_allowance_is_saved_up_before_it_is_spent_again():
    allowance = Allowance(0.5, 20, 10, 5)
    allowance.pass_s(40, spent=True)
    assert not allowance.open
    allowance.pass_s(19, spent=False)
    assert not allowance.open
    allowance.pass_s(2, spent=False)
    assert allowance.open


def test_no_more_is_owed_than_the_debt():
    allowance = Allowance(0.5, 20, 10, 5)
    allowance.pass_s(100_000, spent=True)
    allowance.pass_s(29, spent=False)
    assert not allowance.open
    allowance.pass_s(2, spent=False)
    assert allowance.open


def test_an_allowance_that_nobody_can_keep():
    with pytest.raises(ValueError, match="a debt_s of 0 or more"):
        Allowance(0.5, 20, 10, -1)

"""A person is told from their own last hour, bounded, whatever the pace of predictions."""

import statistics

import numpy as np
import pytest

from edge.clock import StreamNs, nanoseconds
from edge.inference.own_level import PRIOR, REMEMBERED, OwnLevel


def at(s: float) -> StreamNs:
    return StreamNs(nanoseconds(s))


def fed(own: OwnLevel, probabilities: list[float], every_s: float = 5.0) -> list[float]:
    return [own.told(at(k * every_s), p) for k, p in enumerate(probabilities)]


def test_nothing_is_taken_off_without_a_share() -> None:
    assert fed(OwnLevel(0.0), [0.1, 0.9, 0.9]) == [0.1, 0.9, 0.9]


def test_who_is_always_high_is_told_as_usual_and_a_rise_stands_out() -> None:
    told = fed(OwnLevel(1.0), [0.8] * 700 + [0.95])
    assert told[0] > 0.78
    assert 0.5 < told[699] < 0.55
    assert told[700] > 0.8


def test_half_a_share_takes_off_half_the_log_odds() -> None:
    whole, half = OwnLevel(1.0), OwnLevel(0.5)
    fed(whole, [0.8] * 100)
    fed(half, [0.8] * 100)
    assert whole.usual == half.usual == pytest.approx(np.log(4) * 100 / (100 + PRIOR))
    assert half.told(at(1000), 0.8) == pytest.approx(1 / (1 + np.exp(-(np.log(4) - half.usual / 2))))


def test_the_usual_is_the_median_of_the_last_hour() -> None:
    chances = np.random.default_rng(0).uniform(0.01, 0.99, 1000)
    own = OwnLevel(1.0)
    fed(own, chances.tolist())
    odds = np.log(chances / (1 - chances))[-REMEMBERED:]
    assert own.usual == pytest.approx(statistics.median(odds) * REMEMBERED / (REMEMBERED + PRIOR))


def test_a_camera_fills_the_hour_no_faster_than_a_watch() -> None:
    slow, fast = OwnLevel(1.0), OwnLevel(1.0)
    fed(slow, [0.7] * 60, 5.0)
    fed(fast, [0.7] * 1500, 0.2)
    assert slow.usual == pytest.approx(fast.usual)


def test_certainty_and_a_clock_that_goes_back_are_borne() -> None:
    own = OwnLevel(1.0)
    told = [own.told(at(s), p) for s, p in ((100.0, 1.0), (50.0, 0.0), (55.0, 1.0))]
    assert all(0 <= p <= 1 for p in told)


def test_a_person_who_is_recalled_is_known_by_that_alone() -> None:
    own, other = OwnLevel(1.0), OwnLevel(1.0)
    fed(own, [0.9] * 100)
    fed(other, [0.2, 0.4, 0.3])
    own.recall(other.remembered())
    assert (own.remembered(), own.usual) == (other.remembered(), other.usual)


def test_without_a_share_nothing_is_remembered_and_nothing_grows_old() -> None:
    own = OwnLevel(0.0)
    own.recall([1.0, 2.0])
    fed(own, [0.9] * 100)
    assert own.remembered() == ()

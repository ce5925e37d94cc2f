"""A rate is learned from time stamps, and a lost packet does not halve it."""

import pytest

from edge.clock import SECOND
from edge.sensing.learned_rate import LearnedRate


def learn(rate: LearnedRate, marks_s: list[float], samples: int = 65) -> list[float]:
    return [rate.learn(round(mark_s * SECOND), samples, of_first=False) for mark_s in marks_s]


def test_two_packets_tell_a_rate() -> None:
    assert learn(LearnedRate(), [10.0, 10.5, 11.0]) == [0.0, 130.0, 130.0]


def test_a_lost_packet_is_a_gap_and_no_change_of_rate() -> None:
    rate = LearnedRate()
    assert learn(rate, [0.0, 0.5, 1.5]) == [0.0, 130.0, 130.0]
    assert rate.lost
    assert learn(rate, [2.0, 2.5]) == [130.0, 130.0]
    assert not rate.lost


def test_a_packet_out_of_order_or_twice_changes_no_rate() -> None:
    rate = LearnedRate()
    assert learn(rate, [0.0, 0.5, 1.5, 1.0, 2.0, 2.0, 2.5])[1:] == [130.0] * 6


def test_a_rate_that_was_asked_for_is_believed_when_it_lasts() -> None:
    rate = LearnedRate()
    assert learn(rate, [0.0, 0.5, 1.5, 2.5, 3.5]) == [0.0, 130.0, 130.0, 65.0, 65.0]
    assert learn(rate, [4.0, 4.5]) == [130.0, 130.0], "faster is believed at once"


def test_uneven_packets_that_mark_their_first_sample_are_even() -> None:
    rate, at_s = LearnedRate(), 0.0
    for samples in (8, 7, 8, 7, 7):
        found = rate.learn(round(at_s * SECOND), samples, of_first=True)
        assert found in (0.0, pytest.approx(52))
        at_s += samples / 52


@pytest.mark.parametrize("step_s", [1e-3, 3600.0])
def test_a_clock_that_was_set_tells_no_rate(step_s: float) -> None:
    assert learn(LearnedRate(), [0.0, step_s]) == [0.0, 0.0]

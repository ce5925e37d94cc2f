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


def test_every_other_packet_lost_is_no_slower_rate() -> None:
    """A chest strap of 73 samples a packet at 130 Hz whose packets 180, 182 and 184 are lost."""
    rate, lost = LearnedRate(), (180, 182, 184)
    for k in (k for k in range(190) if k not in lost):
        found = rate.learn(round(k * 73 / 130 * SECOND), 73, of_first=False)
        assert found == (pytest.approx(130) if k else 0)
        assert rate.lost == (k - 1 in lost), k


def test_doubts_that_differ_do_not_add_up() -> None:
    rate = LearnedRate()
    marks_s = [0.0, 0.5, 1.5, 2.5, 4.0, 5.5, 6.5, 7.5, 9.0]
    assert learn(rate, marks_s)[1:] == [130.0] * 8
    assert rate.lost


def test_a_packet_out_of_order_or_twice_changes_no_rate() -> None:
    rate = LearnedRate()
    assert learn(rate, [0.0, 0.5, 1.5, 1.0, 2.0, 2.0, 2.5])[1:] == [130.0] * 6


def test_a_rate_that_was_asked_for_is_believed_when_it_lasts() -> None:
    rate = LearnedRate()
    assert learn(rate, [0.0, 0.5]) == [0.0, 130.0]
    for mark_s in (1.5, 2.5, 3.5):
        assert learn(rate, [mark_s]) == [130.0]
        assert rate.lost, "a packet is missing, until it is known that none is"
    assert learn(rate, [4.5, 5.5]) == [65.0, 65.0]
    assert not rate.lost
    assert learn(rate, [6.0, 6.5]) == [130.0, 130.0], "faster is believed at once"


def test_uneven_packets_that_mark_their_first_sample_are_even() -> None:
    rate, at_s = LearnedRate(), 0.0
    for samples in (8, 7, 8, 7, 7):
        found = rate.learn(round(at_s * SECOND), samples, of_first=True)
        assert found in (0.0, pytest.approx(52))
        at_s += samples / 52


def test_a_rate_does_not_flip_with_stamps_of_whole_milliseconds() -> None:
    rate = LearnedRate()
    marks_ns = [round(start / 512 * 1000) * (SECOND // 1000) for start in range(0, 16 * 400, 16)]
    found = [rate.learn(mark_ns, 16, of_first=True) for mark_ns in marks_ns]
    assert found[100:] == pytest.approx([512.0] * 300, rel=0.002)
    rate.learn(marks_ns[-1] + SECOND // 16, 16, of_first=True)
    assert rate.lost


@pytest.mark.parametrize("step_s", [1e-3, 3600.0])
def test_a_clock_that_was_set_tells_no_rate(step_s: float) -> None:
    assert learn(LearnedRate(), [0.0, step_s]) == [0.0, 0.0]

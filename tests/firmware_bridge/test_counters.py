"""Wrapping counters run on; gaps, duplicates, late items and restarts are told apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.counters import Order, Sequence, Unwrap


def test_a_tick_runs_on_over_its_wrap():
    unwrap = Unwrap(32)
    assert [unwrap(raw) for raw in (4294967290, 4294967295, 4, 10)] == [4294967290, 4294967295, 4294967300, 4294967306]


def test_a_late_value_comes_out_smaller_and_does_not_disturb_the_next():
    unwrap = Unwrap(16)
    assert [unwrap(raw) for raw in (65534, 1, 65535, 2)] == [65534, 65537, 65535, 65538]


def test_after_reset_the_first_value_is_itself():
    unwrap = Unwrap(16)
    unwrap(60000)
    unwrap.reset()
    assert unwrap(5) == 5


def test_a_value_beyond_its_bits_is_refused():
    with pytest.raises(ValueError, match="0 to 65535"):
        Unwrap(16)(65536)


@given(start=st.integers(0, 2**16 - 1), steps=st.lists(st.integers(0, 2**15 - 1), max_size=50))
def test_any_forward_steps_below_half_a_turn_are_followed(start: int, steps: list[int]):
    unwrap, true = Unwrap(16), start
    assert unwrap(start) == start
    for step in steps:
        true += step
        assert unwrap(true % 2**16) == true


def test_the_orders():
    sequence = Sequence(16)
    orders = [sequence.see(raw).order for raw in (65534, 65535, 0, 3, 1, 1, 4, 0)]
    assert orders == [
        Order.FIRST,
        Order.NEXT,
        Order.NEXT,
        Order.GAP,
        Order.LATE,
        Order.DUPLICATE,
        Order.NEXT,
        Order.DUPLICATE,
    ]
    assert (sequence.received, sequence.lost, sequence.late, sequence.duplicates) == (6, 1, 1, 2)


def test_a_gap_says_how_many_are_missing():
    sequence = Sequence(16)
    sequence.see(10)
    assert sequence.see(15).missing == 4
    assert sequence.lost == 4


def test_a_jump_far_back_is_a_restart_and_positions_go_on():
    sequence = Sequence(16)
    sequence.see(5000)
    assert (sequence.see(0).order, sequence.see(1).position) == (Order.RESTART, 5002)
    assert (sequence.restarts, sequence.lost) == (1, 0)


def run_of(sequence: Sequence, ticks: dict[int, int]) -> list[Order]:
    return [sequence.see(raw, tick).order for raw, tick in ticks.items()]


def test_a_reboot_soon_after_the_start_is_told_from_a_duplicate_by_its_tick():
    sequence = Sequence(16)
    run_of(sequence, {number: 1000 * number + 7 for number in range(40)})
    assert sequence.see(39, 39_007).order is Order.DUPLICATE
    anew = [sequence.see(number, 1000 * number + 3) for number in range(40)]
    assert [each.order for each in anew] == [Order.RESTART] + 39 * [Order.NEXT]
    assert [each.position for each in anew] == list(range(40, 80))
    assert (sequence.restarts, sequence.lost, sequence.duplicates) == (1, 0, 1)


def test_a_late_item_fits_between_its_neighbours_and_one_of_a_new_run_does_not():
    sequence = Sequence(16)
    run_of(sequence, {0: 0, 1: 250, 4: 1000})
    assert sequence.see(2, 500).order is Order.LATE
    assert sequence.see(3, 12).order is Order.RESTART


def test_a_restart_that_looks_like_a_gap_counts_nothing_as_lost():
    sequence = Sequence(16)
    for number in range(40_000):
        sequence.see(number, 250 * number)
    assert (sequence.see(0, 0).order, sequence.see(1, 250).order) == (Order.RESTART, Order.NEXT)
    assert sequence.lost == 0


def test_a_number_that_came_a_whole_turn_ago_is_no_duplicate():
    sequence = Sequence(16)
    run_of(sequence, {number: 250 * number for number in range(100)})
    assert sequence.see(90, 250 * (90 + 65_536)).order is Order.RESTART


def test_a_device_that_is_known_to_start_anew_may_repeat_itself_to_the_tick():
    sequence = Sequence(16)
    run_of(sequence, {number: 250 * number for number in range(20)})
    sequence.begin_anew()
    orders = run_of(sequence, {number: 250 * number for number in range(20)})
    assert orders == [Order.RESTART] + 19 * [Order.NEXT]
    sequence.begin_anew()
    assert sequence.see(20, 9).order is Order.NEXT, "a clock that was set is no reason to lose count"


def test_a_huge_gap_holds_no_more_than_its_memory():
    sequence = Sequence(16, memory=8)
    sequence.see(0)
    sequence.see(30000)
    assert sequence.lost == 29999
    assert sequence.see(29999).order is Order.LATE
    assert sequence.see(29993).order is Order.LATE
    assert sequence.see(29992).order is Order.RESTART


@given(
    length=st.integers(1, 200),
    lost=st.sets(st.integers(1, 198)),
    swaps=st.sets(st.integers(0, 197)),
    start=st.integers(0, 65535),
)
def test_every_item_is_counted_once_whatever_the_order(length: int, lost: set[int], swaps: set[int], start: int):
    numbers = [n for n in range(length) if n not in lost]
    for at in swaps:
        if 0 < at < len(numbers) - 1:
            numbers[at], numbers[at + 1] = numbers[at + 1], numbers[at]
    sequence = Sequence(16)
    for number in numbers:
        sequence.see((start + number) % 65536)
        sequence.see((start + number) % 65536)
    assert sequence.received == len(numbers)
    assert sequence.duplicates == len(numbers)
    assert sequence.lost == max(numbers) + 1 - len(numbers)

"""Waits after failures: never above a ceiling that doubles, spread evenly below it."""

import random

from edge.relay.backoff import Backoff


def test_the_ceiling_doubles_up_to_the_most() -> None:
    class Highest(random.Random):
        def uniform(self, a: float, b: float) -> float:
            return b

    backoff = Backoff(0.5, 30.0, Highest())
    assert [backoff.next_s() for _ in range(8)] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    for _ in range(5000):
        assert backoff.next_s() == 30.0
    backoff.reset()
    assert backoff.next_s() == 0.5


def test_waits_are_spread_over_the_whole_range() -> None:
    chance = random.Random(1)
    waits: list[float] = []
    for _ in range(2000):
        backoff = Backoff(1.0, 8.0, chance)
        waits.append([backoff.next_s() for _ in range(4)][-1])
    assert 0 <= min(waits) < 0.1
    assert 7.9 < max(waits) <= 8.0
    assert 3.8 < sum(waits) / len(waits) < 4.2

"""As many looks at a face as there is time for; the middle first, and never none."""

import numpy as np
import pytest

from edge.clock import HostNs
from edge.inference.glances import MOST, affordable, glances
from tests.fakes.clock import HandClock

FACE = np.arange(48 * 48, dtype=np.float32).reshape(1, 48, 48, 1)


def test_the_looks_differ_and_lie_within_the_face() -> None:
    parts = list(glances(FACE, 46, MOST))
    assert [part.shape for part in parts] == [(1, 46, 46, 1)] * MOST
    assert len({part.tobytes() for part in parts}) == MOST
    assert np.array_equal(parts[0], FACE[:, 1:47, 1:47])
    assert np.array_equal(parts[1], FACE[:, 1:47, 1:47][:, :, ::-1])


def test_a_few_looks_are_the_first_ones() -> None:
    assert np.array_equal(list(glances(FACE, 46, 3))[2], FACE[:, :46, :46])


def test_a_part_larger_than_the_face_is_refused() -> None:
    with pytest.raises(ValueError, match="no part of 50 by 50"):
        list(glances(FACE, 50, 1))


@pytest.mark.parametrize(("look_ms", "looks"), [(0.4, 10), (0.6, 10), (1.4, 4), (3.7, 1), (40, 1)])
def test_a_slow_processor_looks_less_often(look_ms: float, looks: int) -> None:
    clock = HandClock()
    slow = iter([4.0, 1.0, 9.0, 2.0, 1.0])  # others are at work now and then

    def look() -> None:
        clock.move(next(slow) * look_ms / 1000)

    assert affordable(look, MOST, 6.0, clock) == looks
    assert clock.now() > HostNs(0)

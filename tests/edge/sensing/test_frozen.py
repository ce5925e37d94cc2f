"""A picture that stays the same to the last bit is no live one, unless there is nothing in it."""

import numpy as np

from edge.clock import SECOND, HostNs
from edge.flow import Frame, Image
from edge.sensing.frozen import Frozen

ROOM = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)


def told(*pictures: Image) -> list[bool]:
    """Of frames a second apart."""
    frozen = Frozen()
    return [frozen.holds(Frame(picture, HostNs(k * SECOND), k)) for k, picture in enumerate(pictures)]


def test_one_picture_for_ever_is_told_after_a_while_and_any_other_is_news() -> None:
    other = ROOM.copy()
    other[16, 5, 1] ^= 1
    assert told(*[ROOM] * 25, other, other) == [False] * 21 + [True] * 4 + [False] * 2


def test_noise_is_life_and_darkness_is_no_fault() -> None:
    noise = np.random.default_rng(1)
    assert not any(told(*[noise.integers(0, 3, (48, 64), dtype=np.uint8) for _ in range(40)]))
    assert not any(told(*[np.zeros((48, 64), np.uint8)] * 40))


def test_another_size_is_another_picture() -> None:
    assert told(*[ROOM] * 22, ROOM[:240]) == [False] * 21 + [True] + [False]

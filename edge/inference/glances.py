"""A face in; the parts of it that a network looks at, as many as there is time for, out.

A network that sees a little less than a whole face may look at it several times, from places a pixel or two apart and
in a mirror, and say the mean: it is right more often, and each look costs the same. A fast processor looks ten times in
the time in which a slow one looks once.
"""

from collections.abc import Callable, Iterator

import numpy as np

from edge.clock import Clock
from edge.flow import Floats

FACE_SIDE = 48
"""Of the aligned face that looks are taken at."""
FACE_MS = 6.0
"""What the looks at one face may take together."""
_ORDER = (
    (0.5, 0.5, False), (0.5, 0.5, True), (0, 0, False), (1, 1, True), (0, 1, False),
    (1, 0, True), (1, 1, False), (0, 0, True), (1, 0, False), (0, 1, True),
)  # fmt: skip
"""Where each look is, as shares of what it leaves out above and at the left, and whether it is mirrored."""
MOST = len(_ORDER)
_TRIES = 5


def glances(face: Floats, side: int, count: int) -> Iterator[Floats]:
    """The first `count` of MOST looks at a face (1, h, w, 1), each (1, side, side, 1); the middle comes first."""
    down, right = face.shape[1] - side, face.shape[2] - side
    if down < 0 or right < 0:
        raise ValueError(f"a face of {face.shape[1]} by {face.shape[2]} has no part of {side} by {side}")
    for above, before, mirrored in _ORDER[:count]:
        top, left = round(above * down), round(before * right)
        part = face[:, top : top + side, left : left + side]
        yield np.ascontiguousarray(part[:, :, ::-1] if mirrored else part)


def affordable(look: Callable[[], object], most: int, budget_ms: float, clock: Clock) -> int:
    """How many looks the budget allows, 1 at the least; the quickest of a few tries counts, others may be at work."""
    least_ms = float("inf")
    for _ in range(_TRIES):
        begun = clock.now()
        look()
        least_ms = min(least_ms, (clock.now() - begun) / 1e6)
    return most if most * least_ms <= budget_ms else max(1, int(budget_ms / least_ms))

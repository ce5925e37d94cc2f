"""Representative windows: enough rows for the ranges of int8, spread over classes and people."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from edge.flow import Floats
from export.trained import Trained

ROWS = 256
"""Rows that calibration looks at; on our networks more changed no range by more than one step."""


def representative(run: Trained, rows: int = ROWS) -> Mapping[str, Floats]:
    """At most ``rows`` rows of the training fold, as many of each class and person as there are."""
    chosen = spread(len(next(iter(run.calibration.values()))), run.strata, rows)
    return {name: values[chosen] for name, values in run.calibration.items()}


def spread(length: int, strata: tuple[npt.NDArray[np.int64], ...], rows: int) -> npt.NDArray[np.int64]:
    """Indices of ``rows`` out of ``length``, drawn in turn from each combination of strata; the same every time."""
    order = np.random.default_rng(0).permutation(length)
    if length <= rows:
        return np.sort(order)
    groups: dict[tuple[int, ...], list[int]] = {}
    for index in order:
        groups.setdefault(tuple(int(labels[index]) for labels in strata), []).append(int(index))
    turns = [(turn, key, index) for key, members in groups.items() for turn, index in enumerate(members)]
    return np.sort(np.array([index for *_, index in sorted(turns)[:rows]], np.int64))

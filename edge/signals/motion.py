"""Acceleration in; how much the wrist moves, out."""

import math

import numpy as np

from edge.clock import SECOND
from edge.flow import Channel, Window
from edge.signals.grid import Doubles, middle

_EPOCH_S = 1.0
_STILL_G = 0.013
"""Spread of a second's magnitude below which the wrist rests: 13 mg (van Hees et al. 2013, PLoS ONE 8(4) e61691)."""
_LEAST_S = 1.0

NAMES = ("enmo", "motion_spread", "motion_turn", "motion_jerk", "motion_share")


def motion(window: Window) -> tuple[float, ...]:
    """The values of NAMES, NaN where the window cannot support one.

    enmo: mean of max(|a| - 1 g, 0), g (van Hees et al. 2013); motion_spread: standard deviation of |a|, g; motion_turn:
    spread of the three axes together, which turning the wrist changes though |a| stays 1 g, g; motion_jerk: mean change
    of a, g/s; motion_share: share of the seconds in which the wrist moves.
    """
    signal = window.signals.get(Channel.MOTION)
    if signal is None or signal.values.ndim != 2 or signal.values.shape[1] != 3 or len(signal.times) < 2:
        return (math.nan,) * len(NAMES)
    t = (signal.times - signal.times[0]) / SECOND
    if t[-1] < _LEAST_S - 1e-9 or len(t) < 4:
        return (math.nan,) * len(NAMES)
    axes = signal.values.T.astype(np.float64, order="C")  # an axis a row: sums along rows are several times as fast
    size = np.sqrt(np.square(axes).sum(axis=0))
    enmo = float(np.maximum(size - 1, 0).mean())
    turn = float(np.sqrt(axes.var(axis=1).sum()))
    return enmo, float(size.std()), turn, _jerk(t, axes), _share_moving(t, size)


def _jerk(t: Doubles, axes: Doubles) -> float:
    """Path of the acceleration over time; steps across a hole do not count."""
    steps = np.diff(t)
    near = steps <= 3 * middle(steps)
    path = np.sqrt(np.square(np.diff(axes)).sum(axis=0))[near].sum()
    return float(path / steps[near].sum())


def _share_moving(t: Doubles, size: Doubles) -> float:
    """Share of the epochs whose spread is above rest; NaN below four samples an epoch."""
    epoch = (t / _EPOCH_S).astype(np.int64)
    count = np.bincount(epoch)
    full = count >= 4
    if not full.any():
        return math.nan
    mean = np.bincount(epoch, size)[full] / count[full]
    square = np.bincount(epoch, size * size)[full] / count[full]
    spread = np.sqrt(np.maximum(square - mean * mean, 0))
    return float((spread > _STILL_G).mean())

"""Epochs of EEG in; their features, told from the person's own quiet minute, out.

Training and the device run this on the same seconds of signal, so that a network eats live what it learned from. There
is no independent-component analysis here: it wants many electrodes and minutes of signal. An epoch that an eye, a jaw
or a loose electrode has spoilt is left out instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.flow import Floats, Signal
from edge.signals import eeg
from edge.signals.grid import Doubles, even
from edge.signals.resample import resampled

HZ = 128.0
"""Of the recordings that the networks learned from; a headband's 256 Hz are brought to it."""
EPOCH_S, HOP_S = 4.0, 2.0
SPOILT_UV = 200.0
"""Peak to peak after the band-pass: more is no brain's."""
_FLAT_UV = 1e-3
"""Less is an electrode that stands still, and the filter's rounding: no converter's steps are that fine."""
CLIP = 8.0
_LEAST_COVER = 0.9
_LEAST_SPREAD = 1e-3
_DEVIATION = 1.349
"""Quartile distance of a normal distribution in standard deviations."""


@dataclass(frozen=True, slots=True, eq=False)
class Quiet:
    """What a person is told from: each feature's median and spread over the quiet epochs."""

    middle: Doubles
    """(electrodes * statistics,)"""
    spread: Doubles
    """Quartile distance / 1.349"""


def prepared(signal: Signal, start_ns: int) -> Doubles | None:
    """An epoch (n, electrodes) at 128 Hz, band-passed, in microvolts.

    None when it is shorter than two seconds, slower than 100 Hz, or lacks more than a tenth of its samples.
    """
    columns = [Signal(signal.times, column, signal.rate_hz, signal.complete) for column in signal.values.T]
    grids = [grid for column in columns if (grid := even(column, start_ns, signal.rate_hz)) is not None]
    if len(grids) != len(columns) or not grids or signal.complete < _LEAST_COVER:
        return None
    rate_hz, cover = grids[0].rate_hz, float(grids[0].real.mean())
    if rate_hz < eeg.LEAST_HZ or cover < _LEAST_COVER or len(grids[0].values) < eeg.LEAST_S * rate_hz:
        return None
    return eeg.filtered(resampled(np.stack([grid.values for grid in grids], axis=1), rate_hz, HZ), HZ)


def spoilt(epoch: Doubles) -> bool:
    """Whether something that is no brain is in an epoch, as ``prepared``: too large on one electrode, or nothing."""
    heights = np.ptp(epoch, axis=0)
    return bool((heights > SPOILT_UV).any() or (heights < _FLAT_UV).any())


def row(epoch: Doubles) -> Doubles:
    """Every electrode's features of an epoch, as ``prepared``; logarithms where ratios count, NaN where flat."""
    told = eeg.statistics(epoch, HZ).ravel()
    ratio = np.array([name in eeg.LOGARITHMIC for name in eeg.STATISTICS] * epoch.shape[1])
    told[ratio] = np.log(np.maximum(told[ratio], 1e-6))
    return told


def quiet(rows: Sequence[Doubles]) -> Quiet:
    """A person's usual out of the quiet minute's rows."""
    low, middle, high = np.nanquantile(np.stack(rows), (0.25, 0.5, 0.75), axis=0)
    return Quiet(middle, np.maximum((high - low) / _DEVIATION, _LEAST_SPREAD))


def told(one: Doubles, known: Quiet) -> Floats:
    """A row in the person's own spread, clipped at +-8; what is not known is 0, the person's usual."""
    return np.clip(np.nan_to_num((one - known.middle) / known.spread, nan=0.0), -CLIP, CLIP).astype(np.float32)

"""One epoch of EEG in; statistics, Hjorth parameters, band powers and entropy of every electrode, out.

The features of Patil and Kulkarni 2026, section 3.3, one definition for training and for the device. They are computed
on the epoch alone, so that streaming and offline cannot differ.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from edge.flow import Channel, Features, Window
from edge.signals.grid import Doubles, Grid, band_pass, even

BAND_HZ = (0.5, 45.0)
"""The band-pass of section 3.2."""
BANDS_HZ: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"delta": (0.5, 4.0), "theta": (4.0, 8.0), "alpha": (8.0, 13.0), "beta": (13.0, 30.0), "gamma": (30.0, 45.0)}
)
STATISTICS = (
    "mean", "variance", "deviation", "skewness", "kurtosis", "rms", "activity", "mobility", "complexity",
    *BANDS_HZ, *(f"{band}_share" for band in BANDS_HZ), "entropy",
)  # fmt: skip
"""Of each electrode. mean, deviation, rms uV; variance, activity and band powers uV^2; kurtosis 3 for a Gaussian;
mobility 1/s; complexity, shares and skewness without unit; entropy bits."""
LOGARITHMIC = frozenset({"variance", "deviation", "rms", "activity", *BANDS_HZ})
"""Those that are compared by ratio."""
LEAST_S = 2.0
"""Two periods of the slowest band's middle, and one of its lower end: shorter epochs give NaN."""
_SEGMENT_S = 2.0
LEAST_HZ = 100.0
"""Gamma up to 45 Hz needs twice that and room for the filter."""
_LEAST_COVER = 0.9
_BINS, _REACH = 32, 4.0
"""Entropy is that of the amplitudes' shares in so many bins over so many standard deviations on each side."""


def names(electrodes: Sequence[str]) -> tuple[str, ...]:
    """Every feature's name, electrode by electrode: `Fp1_mean`, `Fp1_variance` ..."""
    return tuple(f"{electrode}_{statistic}" for electrode in electrodes for statistic in STATISTICS)


def eeg(window: Window, electrodes: Sequence[str]) -> Features:
    """The features of one window, (electrodes * statistics,), in the order of `names`.

    All NaN, with quality 0, when the window holds no EEG of these electrodes, is shorter than two seconds, slower than
    100 Hz, or lacks more than a tenth of its samples; an electrode that is flat gives NaN for itself.
    """
    values = np.full((len(electrodes), len(STATISTICS)), math.nan)
    signal = window.signals.get(Channel.EEG)
    if signal is not None and signal.values.ndim == 2 and signal.values.shape[1] == len(electrodes):
        columns = [replace(signal, values=column) for column in signal.values.T]
        grids = [grid for column in columns if (grid := even(column, window.start, signal.rate_hz)) is not None]
        if len(grids) == len(electrodes) and _usable(grids[0]):
            epoch = np.stack([grid.values for grid in grids], axis=1)
            values = statistics(filtered(epoch, grids[0].rate_hz), grids[0].rate_hz)
    told = values.ravel().astype(np.float32)
    quality = float(np.isfinite(told).mean())
    return Features(window.end, names(electrodes), told, quality, window.received, window.gap, window.uncertainty_ns)


def _usable(grid: Grid) -> bool:
    return grid.rate_hz >= LEAST_HZ and float(grid.real.mean()) >= _LEAST_COVER


def filtered(epoch: Doubles, rate_hz: float) -> Doubles:
    """The epoch (n, electrodes) without what lies outside of 0.5 to 45 Hz, zero-phase."""
    columns = [band_pass(column, rate_hz, *BAND_HZ, order=3) for column in epoch.T]
    return np.stack(columns, axis=1)


def statistics(epoch: Doubles, rate_hz: float) -> Doubles:
    """STATISTICS of each electrode, (electrodes, 20), of a filtered epoch (n, electrodes) in uV."""
    if len(epoch) < LEAST_S * rate_hz:
        return np.full((epoch.shape[1], len(STATISTICS)), math.nan)
    x = epoch.T
    mean, variance = x.mean(axis=1), x.var(axis=1)
    deviation = np.sqrt(variance)
    flat = deviation < 1e-6
    z = (x - mean[:, None]) / np.where(flat, 1.0, deviation)[:, None]
    power = band_powers(x, rate_hz)
    whole = np.maximum(power.sum(axis=1, keepdims=True), 1e-12)
    told = np.column_stack(
        (mean, variance, deviation, (z**3).mean(axis=1), (z**4).mean(axis=1), np.sqrt(np.square(x).mean(axis=1)),
         *hjorth(x, rate_hz), power, power / whole, entropy(z))
    )  # fmt: skip
    told[flat] = math.nan
    return told


def hjorth(x: Doubles, rate_hz: float) -> tuple[Doubles, Doubles, Doubles]:
    """Activity, mobility and complexity of each row (Hjorth 1970, Electroenceph. clin. Neurophysiol. 29:306)."""
    first = np.diff(x, axis=1) * rate_hz
    second = np.diff(first, axis=1) * rate_hz
    activity, slope, bend = (np.maximum(a.var(axis=1), 1e-12) for a in (x, first, second))
    mobility = np.sqrt(slope / activity)
    return activity, mobility, np.sqrt(bend / slope) / mobility


def band_powers(x: Doubles, rate_hz: float) -> Doubles:
    """Power of each row in each of BANDS_HZ, (rows, 5): Welch 1967, Hann segments of 2 s, half overlapping."""
    length = round(_SEGMENT_S * rate_hz)
    starts = range(0, x.shape[1] - length + 1, length // 2)
    taper = np.hanning(length + 1)[:-1]
    segments = np.stack([x[:, a : a + length] for a in starts])
    segments = (segments - segments.mean(axis=2, keepdims=True)) * taper
    density = np.square(np.abs(np.fft.rfft(segments, axis=2))).mean(axis=0) * 2 / (rate_hz * np.square(taper).sum())
    f = np.fft.rfftfreq(length, 1 / rate_hz)
    step = rate_hz / length
    return np.column_stack([density[:, (f >= low) & (f < high)].sum(axis=1) * step for low, high in BANDS_HZ.values()])


def entropy(z: Doubles) -> Doubles:
    """Shannon entropy of each row's amplitudes, bits; rows have mean 0 and deviation 1."""
    place = np.clip(((z + _REACH) / (2 * _REACH) * _BINS).astype(np.int64), 0, _BINS - 1)
    shares = np.stack([np.bincount(row, minlength=_BINS) for row in place]) / z.shape[1]
    return -np.sum(shares * np.log2(np.where(shares > 0, shares, 1.0)), axis=1)

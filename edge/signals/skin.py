"""Skin conductance and temperature in; tonic level, responses and slopes, out."""

import math

import numpy as np

from edge.clock import SECOND
from edge.flow import Channel, Signal, Window
from edge.signals.grid import Doubles, Grid, Mask, even, low_pass
from edge.signals.responses import climbs

_MOST_HZ = 8.0
_TONIC_HZ = 0.05
"""Slower than this is tonic, faster is phasic: the usual high-pass split (Boucsein 2012, ch. 3.1.4.2)."""
_SMOOTH_HZ = 1.0
_LEAST_S, _PHASIC_S = 5.0, 20.0
_LEAST_COVER = 0.6

NAMES = (
    "conductance", "conductance_slope", "phasic_spread", "responses", "response_height", "response_rise",
    "temperature", "temperature_slope",
)  # fmt: skip


def conductance(window: Window) -> tuple[float, ...]:
    """Conductance, the first six of NAMES, NaN where the window cannot support one.

    conductance (mean of the tonic part) uS; its slope uS/min; phasic_spread (standard deviation of the phasic part)
    uS; responses per minute; response_height uS and response_rise s, means over the responses (0 uS without any, rise
    NaN).
    """
    signal = window.signals.get(Channel.SKIN_CONDUCTANCE)
    nothing = (math.nan,) * 6
    if signal is None or signal.values.ndim != 1 or len(signal.times) < 2:
        return nothing
    level, slope = _level(signal)
    grid = even(signal, window.start, _MOST_HZ)
    if grid is None or not _covers(grid.real, grid.rate_hz) or grid.rate_hz < 2:
        return (level, slope, *nothing[2:])
    tonic, phasic = split(grid)
    heights, rises = climbs(phasic, grid.rate_hz)
    minutes = len(phasic) / grid.rate_hz / 60
    height = float(heights.mean()) if len(heights) else 0.0
    rise = float(rises.mean()) if len(rises) else math.nan
    return float(tonic.mean()), slope, float(phasic.std()), len(heights) / minutes, height, rise


def temperature(window: Window) -> tuple[float, float]:
    """Temperature, the last two of NAMES: degC and degC/min, NaN where the window cannot support one."""
    return _level(window.signals.get(Channel.SKIN_TEMPERATURE))


def split(grid: Grid) -> tuple[Doubles, Doubles]:
    """Tonic and phasic part of a conductance, uS, on its grid; they sum to the (smoothed) whole."""
    smooth = low_pass(grid.values, grid.rate_hz, _SMOOTH_HZ, order=2) if grid.rate_hz > 2 * _SMOOTH_HZ else grid.values
    tonic = low_pass(smooth, grid.rate_hz, _TONIC_HZ, order=2)
    return tonic, smooth - tonic


def _covers(real: Mask, rate_hz: float) -> bool:
    return len(real) / rate_hz >= _PHASIC_S and float(real.mean()) >= _LEAST_COVER


def _level(signal: Signal | None) -> tuple[float, float]:
    """Mean and least-squares slope per minute; NaN when the samples cover less than five seconds."""
    if signal is None or signal.values.ndim != 1 or len(signal.times) < 2:
        return math.nan, math.nan
    t = (signal.times - signal.times[0]) / SECOND
    y = signal.values.astype(np.float64)
    if t[-1] < _LEAST_S:
        return float(y.mean()), math.nan
    centred = t - t.mean()
    return float(y.mean()), 60 * float(centred @ (y - y.mean())) / float(centred @ centred)

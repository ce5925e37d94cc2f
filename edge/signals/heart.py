"""Beats in; heart rate and its variability, out."""

import math

import numpy as np

from edge.flow import Channel, Window
from edge.signals.beats import Beats, beats_from_intervals, beats_from_wave
from edge.signals.grid import Doubles, middle

_LF_HZ, _HF_HZ = (0.04, 0.15), (0.15, 0.40)
"""Task Force of the ESC and NASPE, 1996, Circulation 93:1043."""
_LF_SPAN_S, _HF_SPAN_S = 50.0, 20.0
"""Two periods of the slowest wave of LF, three of HF: less cannot show the band at all. The Task Force asks for four
and one minutes; what a shorter window gives is the ultra-short estimate and must be compared with its like only."""
_LEAST_BEATS, _LEAST_PAIRS = 5, 8
_SEAM_MS = 100.0
"""Between neighbours, whose times are rounded and drawn to arrival; a beat that is missing leaves three times that."""
_LEAST_COVER = 0.5
"""Trusted intervals must cover this share of the time between the first and the last beat."""

NAMES = (
    "heart_rate", "heart_rate_slope", "rmssd", "sdnn", "pnn50", "lf", "hf", "lf_hf",
    "pulse_rate", "interval_spread", "pulse_height", "pulse_height_spread", "pulse_likeness",
)  # fmt: skip


def heart(window: Window) -> tuple[float, ...]:
    """The values of NAMES, NaN where the window cannot support one.

    heart_rate 1/min; its slope 1/min per min; rmssd, sdnn ms; pnn50 share 0..1; lf, hf ms^2. These need trusted
    intervals over half of the time. pulse_rate 1/min and interval_spread (relative) are medians over all intervals:
    they stand where motion leaves too little for the others. pulse_height counts (the sensor's, so only its change in
    one person means something), its spread relative; pulse_likeness 0..1. A beat sensor's own intervals are used when
    there is no pulse wave, and its heart rate when there are no intervals: never both, since a model learns one kind.
    """
    beats = find_beats(window)
    if beats is None:
        return (_told_rate(window), *[math.nan] * (len(NAMES) - 1))
    rough = (*_rough(beats), *_pulse_height(beats), beats.likeness)
    if not _enough(beats):
        return (_told_rate(window), *[math.nan] * (len(NAMES) - 1 - len(rough)), *rough)
    intervals, ends = beats.intervals_ms[beats.good], beats.ends_s[beats.good]
    rate = 60_000 / float(intervals.mean())
    slope = _slope(ends, 60_000 / intervals)
    lf, hf = band_powers(ends, intervals)
    return (rate, slope, *successive(beats), lf, hf, _ratio(lf, hf), *rough)


def sources(window: Window) -> tuple[Channel, ...]:
    """The channels that `heart` looks at in this window."""
    return (Channel.PULSE,) if Channel.PULSE in window.signals else (Channel.BEAT_INTERVAL, Channel.HEART_RATE)


def find_beats(window: Window) -> Beats | None:
    """Beats from the pulse wave; from the sensor's own intervals when there is no pulse wave."""
    wave = window.signals.get(Channel.PULSE)
    if wave is not None:
        return beats_from_wave(wave, window.start) if wave.values.ndim == 1 else None
    told = window.signals.get(Channel.BEAT_INTERVAL)
    return beats_from_intervals(told, window.start) if told is not None and told.values.ndim == 1 else None


def successive(beats: Beats) -> tuple[float, float, float]:
    """RMSSD, SDNN, pNN50; differences only between intervals that are neighbours and both trusted."""
    good = beats.intervals_ms[beats.good]
    # Neighbours: the one begins where the other ended. A sensor leaves out what it could not measure.
    beside = np.abs(1000 * np.diff(beats.ends_s) - beats.intervals_ms[1:]) <= _SEAM_MS
    both = beats.good[1:] & beats.good[:-1] & beside
    steps = np.diff(beats.intervals_ms)[both]
    sdnn = float(good.std(ddof=1)) if len(good) >= _LEAST_PAIRS else math.nan
    if len(steps) < _LEAST_PAIRS:
        return math.nan, sdnn, math.nan
    return float(np.sqrt(np.square(steps).mean())), sdnn, float((np.abs(steps) > 50).mean())


def band_powers(ends_s: Doubles, intervals_ms: Doubles) -> tuple[float, float]:
    """LF and HF power in ms^2 from unevenly timed intervals (Lomb 1976, Scargle 1982); NaN when the span is short."""
    span = float(ends_s[-1] - ends_s[0]) if len(ends_s) > 1 else 0.0
    if span < _HF_SPAN_S or len(ends_s) < 3 * _LEAST_BEATS:
        return math.nan, math.nan
    step = 1 / (2 * span)
    f = np.arange(max(_LF_HZ[0], step), _HF_HZ[1], step)
    power = lomb_scargle(ends_s, intervals_ms - intervals_ms.mean(), f) * 2 * span / len(ends_s) * step
    lf = float(power[(f >= _LF_HZ[0]) & (f < _LF_HZ[1])].sum()) if span >= _LF_SPAN_S else math.nan
    return lf, float(power[(f >= _HF_HZ[0]) & (f < _HF_HZ[1])].sum())


def lomb_scargle(t: Doubles, x: Doubles, f: Doubles) -> Doubles:
    """Classic periodogram: P(f) = 1/2 [(x.c)^2 / c.c + (x.s)^2 / s.s], c and s shifted by tau; shape of ``f``.

    ``f``, at least one, must be evenly spaced: each frequency's wave is the one before, turned once more.
    """
    apart = float(f[-1] - f[0]) / max(1, len(f) - 1)
    turning = np.empty((len(f), len(t)), np.complex128)
    turning[0], turning[1:] = np.exp(2j * np.pi * np.array([[f[0]], [apart]]) * t)
    np.multiply.accumulate(turning, axis=0, out=turning)
    # cos and sin of 2 w tau are the sums over t of those of 2 w t, up to their length; so are c.c and s.s
    doubled = np.square(turning).sum(axis=1)
    length = np.abs(doubled)
    # not by BLAS, which wakes a thread for each core when a fast heart fills the window
    along = np.einsum("ft,t->f", turning, x) * np.exp(-0.5j * np.angle(doubled))
    cc, ss = (len(t) + length) / 2, (len(t) - length) / 2
    return 0.5 * (np.square(along.real) / np.maximum(cc, 1e-12) + np.square(along.imag) / np.maximum(ss, 1e-12))


def _enough(beats: Beats) -> bool:
    good = beats.intervals_ms[beats.good]
    if len(good) < _LEAST_BEATS:
        return False
    span_ms = (float(beats.ends_s[-1] - beats.ends_s[0])) * 1000 + float(beats.intervals_ms[0])
    return float(good.sum()) >= _LEAST_COVER * span_ms


def _rough(beats: Beats) -> tuple[float, float]:
    """Rate from the median of all intervals, and their relative median deviation."""
    if len(beats.intervals_ms) < 2 * _LEAST_BEATS:
        return math.nan, math.nan
    usual = middle(beats.intervals_ms)
    if usual <= 0:
        return math.nan, math.nan
    return 60_000 / usual, middle(np.abs(beats.intervals_ms - usual)) / usual


def _pulse_height(beats: Beats) -> tuple[float, float]:
    heights = beats.amplitude[beats.good] if len(beats.amplitude) else beats.amplitude
    if len(heights) < _LEAST_BEATS:
        return math.nan, math.nan
    usual = middle(heights)
    if usual <= 0:
        return math.nan, math.nan
    return usual, middle(np.abs(heights - usual)) / usual


def _told_rate(window: Window) -> float:
    """The sensor's own heart rate, when it sends no pulse wave."""
    if Channel.PULSE in window.signals:
        return math.nan
    told = window.signals.get(Channel.HEART_RATE)
    if told is None or told.values.ndim != 1:
        return math.nan
    possible = told.values[(told.values >= 30) & (told.values <= 240)]
    return float(possible.mean()) if len(possible) else math.nan


def _slope(t: Doubles, y: Doubles) -> float:
    """Least squares, per minute; NaN below 20 s."""
    if len(t) < _LEAST_PAIRS or float(t[-1] - t[0]) < 20:
        return math.nan
    centred = t - t.mean()
    return 60 * float(centred @ (y - y.mean())) / float(centred @ centred)


def _ratio(a: float, b: float) -> float:
    return a / b if b > 1e-9 else math.nan

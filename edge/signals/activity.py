"""The last eight seconds of acceleration in; numbers that tell sitting from walking from climbing, out.

None of them changes when the watch is turned on the arm: devices name their axes as they like.
"""

import math
from functools import lru_cache

import numpy as np

from edge.clock import SECOND
from edge.flow import Floats, Signal
from edge.signals.grid import Doubles

LEVELS = ("sedentary", "light", "moderate", "vigorous")
"""Up to 1.5, up to 3, up to 6, above 6 METs."""
SPAN_S = 8.0
LEAST_S = 3.75
"""A shorter stretch does not hold two steps of a slow walk."""
_RATE_HZ = 32.0
_LEAST_HZ = 20.0
"""The fastest band ends at 10 Hz."""
_RANGE_G = 1.5
_STEP_G = 29.418 / 63 / 9.80665
"""The sensor that the prototypes were recorded with ends at 1.5 g, and tells steps of 0.048 g: any other is made to see
no more, so that a finer one does not look like another activity."""
_HOLE_S = 0.25
_BANDS_HZ = ((0.25, 0.8), (0.8, 1.5), (1.5, 2.5), (2.5, 4.0), (4.0, 6.0), (6.0, 10.0))
_FLOOR_G2 = 2e-4
"""Added under logarithms: about the power of the recorder's own steps."""

_KINDS = ("all", "size", "vertical", "level")
NAMES = (
    *(f"{kind}_power_{low:g}_{high:g}" for kind in _KINDS for low, high in _BANDS_HZ),
    *(f"{kind}_{what}" for kind in _KINDS[:3] for what in ("centroid", "entropy", "peak", "peak_hz")),
    "spread_least", "spread_middle", "spread_most", "tilt", "tilt_most", "turn_rate", "turn_rate_most", "turned",
    "enmo", "below_one", "size_spread", "jerk", "body", "body_median", "body_high", "still_share", "size_most",
    "size_least", "gravity", "all_again", "all_again_s", "all_opposite", "size_again", "size_again_s", "size_opposite",
    "size_skewness", "size_kurtosis",
)  # fmt: skip
"""`all` is the power of the three axes together, `size` that of the magnitude, `vertical` along gravity, `level` across
it; `tilt` in degrees from the mean direction of gravity, `body` what is left of a without gravity, `again` the highest
autocorrelation between 0.3 and 1.6 s. Powers, spreads and angles are logarithms."""
_NOTHING = np.full(len(NAMES), np.nan, np.float32)


def activity(signal: Signal | None) -> Floats:
    """The values of NAMES, (n,) float32, from the last eight seconds; all NaN when there are not four of them.

    All NaN, too, below 20 Hz, with a hole of a quarter of a second, or when it is no acceleration of three axes.
    """
    axes = None if signal is None else _even(signal)
    if axes is None:
        return _NOTHING
    values = np.array((*_spectral(axes), *_turning(axes), *_sizes(axes)))
    return np.where(np.isfinite(values), values, np.nan).astype(np.float32)


def _even(signal: Signal) -> Doubles | None:
    """(m, 3) g at 32 Hz, as coarse as the recorder's."""
    if signal.values.ndim != 2 or signal.values.shape[1] != 3 or signal.rate_hz < _LEAST_HZ or len(signal.times) < 4:
        return None
    first = int(np.searchsorted(signal.times, int(signal.times[-1]) - round(SPAN_S * SECOND), side="right"))
    t: Doubles = ((signal.times[first:] - signal.times[-1]) / SECOND).astype(np.float64)
    values: Doubles = signal.values[first:].astype(np.float64)
    fold = max(1, round(signal.rate_hz / _RATE_HZ / 1.5))
    if fold > 1:
        whole = len(t) - len(t) % fold
        t = t[len(t) - whole :].reshape(-1, fold).mean(axis=1).astype(np.float64)
        values = values[len(values) - whole :].reshape(-1, fold, 3).mean(axis=1).astype(np.float64)
    lasts_s = float(t[-1] - t[0]) if len(t) > 3 else 0.0
    if lasts_s < LEAST_S - 2 * fold / signal.rate_hz or float(np.diff(t).max()) > _HOLE_S:
        return None
    count = 1 + round(lasts_s * _RATE_HZ)
    grid: Doubles = float(t[-1]) - np.arange(count)[::-1] / _RATE_HZ
    laid: Doubles = np.stack([np.interp(grid, t, values[:, axis]) for axis in range(3)], axis=1)
    seen: Doubles = np.clip(np.rint(laid / _STEP_G) * _STEP_G, -_RANGE_G, _RANGE_G)
    return seen


@lru_cache(maxsize=256)
def _frame(count: int) -> tuple[Doubles, Doubles, tuple[tuple[int, int], ...], slice]:
    """For a length: window of mean square 1, frequencies, bounds of the bands, and the bins that speak of a rhythm."""
    window = np.hanning(count)
    hz = np.arange(count // 2 + 1, dtype=np.float64) * (_RATE_HZ / count)
    bounds = tuple((int(np.searchsorted(hz, low)), int(np.searchsorted(hz, high))) for low, high in _BANDS_HZ)
    rhythm = slice(int(np.searchsorted(hz, 0.5)), int(np.searchsorted(hz, 10.0)))
    return window / math.sqrt(float(np.square(window).mean())), hz, bounds, rhythm


def _spectral(axes: Doubles) -> list[float]:
    count = len(axes)
    window, hz, bounds, rhythm = _frame(count)
    mean = axes.mean(axis=0)
    moved = axes - mean
    size = np.sqrt(np.einsum("ij,ij->i", axes, axes))
    up = mean / max(float(np.sqrt(mean @ mean)), 0.1)
    parts = np.column_stack((moved, size - size.mean(), moved @ up)) * window[:, None]
    power = np.square(np.abs(np.fft.rfft(parts, axis=0))).T * (2 / count**2)
    whole = power[:3].sum(axis=0)
    kinds = np.stack((whole, power[3], power[4], np.maximum(whole - power[4], 0)))
    bands = np.stack([kinds[:, a:b].sum(axis=1) for a, b in bounds], axis=1)
    told: list[float] = np.log(bands + _FLOOR_G2).ravel().tolist()
    heard, f = kinds[:3, rhythm], hz[rhythm]
    share = heard / (heard.sum(axis=1, keepdims=True) + 1e-4)
    entropy = -(share * np.log(share + 1e-6)).sum(axis=1)
    peaks = np.stack((share @ f, entropy, share.max(axis=1), f[heard.argmax(axis=1)]), axis=1)
    return told + peaks.ravel().tolist()


def _turning(axes: Doubles) -> list[float]:
    """How the axes spread, and how gravity, a half-second mean, wanders."""
    moved = axes - axes.mean(axis=0)
    spread: list[float] = np.log(np.linalg.eigvalsh(moved.T @ moved / len(axes)) + _FLOOR_G2).tolist()
    gravity = _gravity(axes)
    towards = gravity / np.maximum(np.sqrt(np.einsum("ij,ij->i", gravity, gravity)), 0.1)[:, None]
    middle = towards.mean(axis=0)
    tilt = _degrees(towards @ (middle / max(float(np.sqrt(middle @ middle)), 0.1)))
    rate = 4 * _degrees(np.einsum("ij,ij->i", towards[8:], towards[:-8]))
    turned = float(_degrees(towards[:1] @ towards[-1])[0])
    angles = (tilt.mean() + 1, tilt.max() + 1, rate.mean() + 2, rate.max() + 2)
    return [*spread, *(math.log(angle) for angle in angles), turned]


def _sizes(axes: Doubles) -> list[float]:
    size = np.sqrt(np.einsum("ij,ij->i", axes, axes))
    gravity, mean = _gravity(axes), axes.mean(axis=0)
    body = axes[8 : 8 + len(gravity)] - gravity
    body = np.sort(np.sqrt(np.einsum("ij,ij->i", body, body)))
    steps = np.diff(axes, axis=0)
    spread = float(size.std())
    beyond = (size - size.mean()) / max(spread, 0.02)
    scales = (
        float(np.maximum(size - 1, 0).mean()), float(np.maximum(1 - size, 0).mean()), spread,
        _RATE_HZ * float(np.sqrt(np.einsum("ij,ij->i", steps, steps)).mean()) / 20, float(body.mean()),
        float(body[len(body) // 2]), float(body[int(0.9 * (len(body) - 1))]),
    )  # fmt: skip
    return [
        *(math.log(scale + 0.01) for scale in scales),
        float(np.searchsorted(body, 0.06)) / len(body), float(size.max()) - 1, 1 - float(size.min()),
        math.sqrt(float(mean @ mean)), *_again(axes - mean, size - size.mean()),
        float((beyond**3).mean()), math.log(float((beyond**4).mean()) + 0.1),
    ]  # fmt: skip


def _again(moved: Doubles, size: Doubles) -> list[float]:
    """Height and lag of the best autocorrelation between 0.3 and 1.6 s, and the lowest: of all axes, of the size."""
    count = len(size)
    power = np.square(np.abs(np.fft.rfft(np.column_stack((moved, size)), 2 * count, axis=0)))
    lags = np.fft.irfft(np.stack((power[:, :3].sum(axis=1), power[:, 3]), axis=1), axis=0)[:count].T
    first, last = 10, min(round(1.6 * _RATE_HZ), count - 8)
    like = lags[:, first:last] * (count / (count - np.arange(first, last))) / np.maximum(lags[:, :1], 1e-3)
    best = like.argmax(axis=1)
    return np.stack((like.max(axis=1), (best + first) / _RATE_HZ, like.min(axis=1)), axis=1).ravel().tolist()


def _gravity(axes: Doubles) -> Doubles:
    """Mean over half a second, (m - 15, 3)."""
    total = np.concatenate((np.zeros((1, 3)), np.cumsum(axes, axis=0)))
    return (total[16:] - total[:-16]) / 16


def _degrees(cosine: Doubles) -> Doubles:
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))

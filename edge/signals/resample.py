"""A signal at one even rate in; the same signal at another, out: a windowed sinc at every new moment."""

import numpy as np

from edge.signals.grid import Doubles

_CROSSINGS = 16
"""Zero crossings of the sinc on each side; the window over them is Hann's."""


def resampled(values: Doubles, rate_hz: float, to_hz: float) -> Doubles:
    """Values (n,) or (n, axes) at ``to_hz``, from the time of the first one on; no delay.

    What lies above half of the slower rate is taken away; a faster rate gains no content. Both ends are continued by
    point reflection. ValueError for a rate that is none, or fewer than two values.
    """
    if not (rate_hz > 0 and to_hz > 0) or len(values) < 2:
        raise ValueError(f"two values and rates above 0 are needed, got {len(values)} from {rate_hz} to {to_hz} Hz")
    if rate_hz == to_hz:
        return values.copy()
    cut = min(1.0, to_hz / rate_hz)
    reach = int(np.ceil(_CROSSINGS / cut))
    moments = np.arange(max(1, round(len(values) * to_hz / rate_hz))) * (rate_hz / to_hz)
    nearest = np.minimum(moments.astype(np.int64), len(values) - 1)
    taps = np.arange(1 - reach, reach + 1)
    off = (moments - nearest)[:, None] - taps
    weights = np.sinc(cut * off) * (1 + np.cos(np.pi * np.clip(off / reach, -1, 1)))
    weights /= weights.sum(axis=1, keepdims=True)
    padded = _continued(values, reach)
    picked = padded[nearest[:, None] + taps + reach]
    return np.einsum("mt,mt...->m...", weights, picked)


def _continued(values: Doubles, reach: int) -> Doubles:
    """``reach`` more values on each side, turned about the end; a short signal is turned about as often as it takes."""
    inner = len(values) - 1
    if inner >= reach:
        left = 2 * values[:1] - values[reach:0:-1]
        right = 2 * values[-1:] - values[-2 : -reach - 2 : -1]
        return np.concatenate((left, values, right))
    pads = ((reach, reach), *((0, 0) for _ in values.shape[1:]))
    return np.pad(values, pads, mode="reflect", reflect_type="odd")

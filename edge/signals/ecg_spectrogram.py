"""Seconds of an electrocardiogram in; their spectrogram of 124 x 124, out (Kang et al. 2021, section 2.3)."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

import numpy as np

from edge.signals.grid import Doubles

SIDE = 124
_SEGMENT = 2 * (SIDE - 1)
Domain: TypeAlias = Literal["time", "frequency"]
LEAST: Mapping[Domain, int] = {"time": _SEGMENT, "frequency": 2 * (_SEGMENT - 1)}
"""Samples that one segment of it needs; a Fourier transform has half as many values as the signal."""


def spectrogram(millivolts: Doubles, domain: Domain) -> Doubles:
    """Power in dB (124, 124) of 124 Hann segments, of the signal or of the magnitude of its Fourier transform.

    ``millivolts`` has ``LEAST[domain]`` samples or more.
    """
    series = millivolts if domain == "time" else np.log(np.abs(np.fft.rfft(millivolts)) + 1e-3)
    starts = np.rint(np.linspace(0, len(series) - _SEGMENT, SIDE)).astype(np.int64)
    segments = series[starts[:, None] + np.arange(_SEGMENT)]
    power = np.square(np.abs(np.fft.rfft((segments - segments.mean(axis=1, keepdims=True)) * np.hanning(_SEGMENT))))
    return 10 * np.log10(power.T + 1e-6)

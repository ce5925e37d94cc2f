"""Twenty seconds of an electrocardiogram in; images of 124 x 124 x 3 for the networks of Kang et al. 2021, out.

Sections 2.2 and 2.3: R and S poles by thresholds, spectrograms of the signal or of its Fourier transform. What the
three planes hold is not said there; here they are the spectrogram, the R poles as heart rate, and the S poles as depth
under R, each told from the person's quiet minute.
"""

import numpy as np

from edge.flow import Floats
from edge.signals import ecg
from edge.signals.ecg_person import HZ, Quiet
from edge.signals.ecg_spectrogram import SIDE, Domain, spectrogram
from edge.signals.grid import Doubles, Indices

DEPTH = 3
_OCTAVE_ROWS = SIDE / 1.6
"""Rows of the pole planes to a factor of two: they reach 0.8 octaves up and down."""
_THICK = 3.0


def images(even_signal: Doubles, known: Quiet, domain: Domain, steps: int) -> Floats:
    """A stretch, as ``ecg_person.prepared``, in ``steps`` parts: (steps, 124, 124, 3), frequency down, time along."""
    parts = np.array_split(even_signal * known.unit, steps)
    return np.stack([_image(part, known, domain) for part in parts])


def _image(millivolts: Doubles, known: Quiet, domain: Domain) -> Floats:
    told = np.zeros((SIDE, SIDE, DEPTH), np.float32)
    told[..., 0] = np.clip((spectrogram(millivolts, domain) - known.spectra[domain]) / 10, -4, 4)
    r, s = ecg.poles(millivolts, HZ, known.interval_s)
    if len(r) > 1:
        _draw(told[..., 1], r[1:], np.log2(np.diff(r) / HZ / known.interval_s), len(millivolts))
    if len(r) and len(s):
        near = np.abs(s[:, None] - r[None, :]).argmin(axis=1)
        swing = np.maximum(millivolts[r[near]] - millivolts[s], 1e-3)
        _draw(told[..., 2], s, np.log2(swing / known.swing), len(millivolts))
    return told


def _draw(plane: Floats, at: Indices, octaves: Doubles, length: int) -> None:
    """A bright band at each pole's place in time and at the height of its value, until the next pole."""
    columns = np.append(at * SIDE // length, SIDE)
    rows = np.arange(SIDE)[:, None]
    for k, value in enumerate(np.clip(octaves, -0.8, 0.8).tolist()):
        centre = SIDE / 2 + value * _OCTAVE_ROWS
        plane[:, columns[k] : max(columns[k] + 1, columns[k + 1])] = np.exp(-0.5 * ((rows - centre) / _THICK) ** 2)

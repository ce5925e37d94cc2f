"""Sessions of ECG in; spectrogram images and features of every stretch, out.

Kang et al. 2021, sections 2.2 and 2.3: 360 Hz, low-pass at 150 Hz, R and S poles by thresholds, spectrograms of
124 x 124 x 3 of the signal and of its Fourier transform. What the three planes hold is not said there; here they are
the spectrogram, the R poles as heart rate, and the S poles as depth under R, each told from the person's quiet minute.
"""
# SciPy's types leave what it returns unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.signal import resample_poly

from edge.clock import SECOND, HostNs, StreamNs
from edge.flow import Channel, Floats, Signal, Window
from edge.signals import ecg
from edge.signals.grid import Doubles, Indices, low_pass
from models.datasets.eegmat import Session
from models.ecg import DEPTH, SIDE, STEPS
from models.metrics import Labels

Domain = Literal["time", "frequency"]
LABELS = ("rest", "arithmetic")
HZ, CUTOFF_HZ = 360.0, 150.0
"""The paper's. Recordings at 250 Hz hold nothing above 125 Hz, so that the filter has nothing left to do."""
REST_R_MV = 1.47
"""The paper's mean R pole at rest: the quiet minute is brought to it, since the recorder's unit is no common one."""
IMAGE_S, HOP_S = 10.0, 14.0
HEAD = ("heart_rate", "rmssd", "sdnn", "r_height")
"""What the compact head reads."""
_SEGMENT = 2 * (SIDE - 1)
_OCTAVE_ROWS = SIDE / 1.6
"""Rows of the pole planes to a factor of two: they reach 0.8 octaves up and down."""
_THICK = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Stretches:
    """Everybody's stretches of twenty seconds, rest and task."""

    images: Floats
    """(n, STEPS, 124, 124, 3)"""
    features: Floats
    """(n, len(HEAD)), told from the quiet minute; NaN is 0"""
    labels: Labels
    people: tuple[str, ...]
    ends_s: Doubles


@dataclass(frozen=True, slots=True, eq=False)
class _Quiet:
    """What a person is told from."""

    spectrum: Doubles
    """(124, 1) mean level of each frequency"""
    interval_s: float
    swing: float
    """Median R height plus S depth"""


def stretches(sessions: Sequence[Session], domain: Domain) -> Stretches:
    """Cut rest and task of everybody; a person's unit is set by the quiet minute."""
    images, features, labels, people, ends = list[Floats](), list[Floats](), list[int](), list[str](), list[float]()
    for session in sessions:
        unit = REST_R_MV / _r_height(session.quiet, session.rate_hz)
        quiet = prepared(session.quiet * unit, session.rate_hz)
        known = _known(quiet, domain)
        usual = _head(quiet)
        for label, part in enumerate((session.rest, session.task)):
            millivolts = prepared(part * unit, session.rate_hz)
            length = round(IMAGE_S * HZ)
            for start in range(0, len(millivolts) - STEPS * length + 1, round(HOP_S * HZ)):
                here = millivolts[start : start + STEPS * length]
                images.append(np.stack([image(one, known, domain) for one in np.split(here, STEPS)]))
                features.append(np.nan_to_num(_head(here) - usual))
                labels.append(label)
                people.append(session.subject)
                ends.append(label * len(part) / session.rate_hz + start / HZ + STEPS * IMAGE_S)
    return Stretches(
        np.stack(images), np.stack(features).astype(np.float32), np.array(labels, np.int64), tuple(people),
        np.array(ends),
    )  # fmt: skip


def prepared(values: Floats, rate_hz: float) -> Doubles:
    """The signal at 360 Hz, low-passed at 150 Hz, its median taken away."""
    up, down = round(HZ), round(rate_hz)
    even = np.asarray(resample_poly(values.astype(np.float64), up, down), np.float64)
    return low_pass(even - np.median(even), HZ, CUTOFF_HZ, order=4)


def image(millivolts: Doubles, quiet: _Quiet, domain: Domain) -> Floats:
    """One stretch as (124, 124, 3): frequency down, time along."""
    told = np.zeros((SIDE, SIDE, DEPTH), np.float32)
    told[..., 0] = np.clip((spectrogram(millivolts, domain) - quiet.spectrum) / 10, -4, 4)
    r, s = ecg.poles(millivolts, HZ, quiet.interval_s)
    if len(r) > 1:
        _draw(told[..., 1], r[1:], np.log2(np.diff(r) / HZ / quiet.interval_s), len(millivolts))
    if len(r) and len(s):
        near = np.abs(s[:, None] - r[None, :]).argmin(axis=1)
        swing = np.maximum(millivolts[r[near]] - millivolts[s], 1e-3)
        _draw(told[..., 2], s, np.log2(swing / quiet.swing), len(millivolts))
    return told


def spectrogram(millivolts: Doubles, domain: Domain) -> Doubles:
    """Power in dB (124, 124) of 124 Hann segments, of the signal or of the magnitude of its Fourier transform."""
    series = millivolts if domain == "time" else np.log(np.abs(np.fft.rfft(millivolts)) + 1e-3)
    starts = np.rint(np.linspace(0, len(series) - _SEGMENT, SIDE)).astype(np.int64)
    segments = series[starts[:, None] + np.arange(_SEGMENT)]
    power = np.square(np.abs(np.fft.rfft((segments - segments.mean(axis=1, keepdims=True)) * np.hanning(_SEGMENT))))
    return 10 * np.log10(power.T + 1e-6)


def _draw(plane: Floats, at: Indices, octaves: Doubles, length: int) -> None:
    """A bright band at each pole's place in time and at the height of its value, until the next pole."""
    columns = np.append(at * SIDE // length, SIDE)
    rows = np.arange(SIDE)[:, None]
    for k, value in enumerate(np.clip(octaves, -0.8, 0.8).tolist()):
        centre = SIDE / 2 + value * _OCTAVE_ROWS
        plane[:, columns[k] : max(columns[k] + 1, columns[k + 1])] = np.exp(-0.5 * ((rows - centre) / _THICK) ** 2)


def _known(quiet: Doubles, domain: Domain) -> _Quiet:
    """What the quiet minute says of the person; a heart of 75 beats a minute where it says nothing."""
    length = round(IMAGE_S * HZ)
    parts = [quiet[a : a + length] for a in range(0, len(quiet) - length + 1, length)]
    levels = np.concatenate([spectrogram(part, domain) for part in parts], axis=1)
    found = ecg.qrs(_signal(quiet), 0)
    interval_s = 0.8 if found is None else float(np.median(np.diff(found.at_s)))
    swing = REST_R_MV if found is None else float(np.median(found.r_height + found.s_depth))
    return _Quiet(levels.mean(axis=1, keepdims=True), interval_s, max(swing, 1e-3))


def _r_height(values: Floats, rate_hz: float) -> float:
    times = (np.arange(len(values)) * (SECOND / rate_hz)).astype(np.int64)
    found = ecg.qrs(Signal(times, values, rate_hz, 1.0), 0)
    return float(np.ptp(values)) if found is None else max(float(np.median(found.r_height)), 1e-6)


def _head(millivolts: Doubles) -> Floats:
    """HEAD of a stretch, by the device's own room; logarithms where ratios count."""
    signal = _signal(millivolts)
    window = Window(StreamNs(0), StreamNs(round(len(millivolts) / HZ * SECOND)), {Channel.ECG: signal}, HostNs(0))
    told = ecg.ecg(window).named()
    each = [np.log(max(told[name], 1e-3)) if name in ecg.LOGARITHMIC else told[name] for name in HEAD]
    return np.array(each, np.float32)


def _signal(millivolts: Doubles) -> Signal:
    times = (np.arange(len(millivolts)) * (SECOND / HZ)).astype(np.int64)
    return Signal(times, millivolts.astype(np.float32), HZ, 1.0)

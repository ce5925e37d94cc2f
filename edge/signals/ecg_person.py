"""An electrocardiogram in; the same told from the person's own quiet minute, out.

Training and the device run this on the same seconds of signal, so that a network eats live what it learned from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edge.clock import SECOND, HostNs, StreamNs
from edge.flow import Channel, Floats, Signal, Window
from edge.signals import ecg
from edge.signals.ecg_spectrogram import Domain, spectrogram
from edge.signals.grid import Doubles, even, low_pass
from edge.signals.resample import resampled

HZ, CUTOFF_HZ = 360.0, 150.0
"""Kang et al. 2021, section 2.2. Slower recorders hold nothing above half their rate, and gain nothing here."""
REST_R_MV = 1.47
"""The paper's mean R pole at rest: the quiet minute is brought to it, since recorders share no common unit."""
IMAGE_S = 10.0
HEAD = ("heart_rate", "rmssd", "sdnn", "r_height")
"""What the compact head reads."""
LEAST_COVER = 0.9
"""Share of the samples below which a stretch is not judged."""
_MOST_HZ = 1024.0
_USUAL_INTERVAL_S = 0.8
"""A heart of 75 beats a minute, where the quiet minute says nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Quiet:
    """What a person is told from."""

    unit: float
    """The recorder's unit times this is the paper's millivolt."""
    interval_s: float
    """Median beat interval."""
    swing: float
    """Median R height plus S depth, mV."""
    head: Floats
    """HEAD over the whole quiet stretch."""
    spectra: Mapping[Domain, Doubles]
    """(124, 1) mean level of each frequency, dB, in the domains that were asked for."""
    likeness: float
    """How like its complexes are, 0 to 1; 0 when no beats were found."""


def prepared(signal: Signal, start_ns: int) -> Doubles | None:
    """The signal at 360 Hz, its median taken away, low-passed at 150 Hz, in its own unit.

    None when it is shorter than two seconds, slower than 100 Hz, or lacks more than a tenth of its samples.
    """
    grid = even(signal, start_ns, _MOST_HZ)
    if grid is None or grid.rate_hz < ecg.LEAST_HZ or len(grid.values) < 2 * grid.rate_hz:
        return None
    if float(grid.real.mean()) < LEAST_COVER or signal.complete < LEAST_COVER:
        return None
    at_hz = resampled(grid.values, grid.rate_hz, HZ)
    return low_pass(at_hz - np.median(at_hz), HZ, CUTOFF_HZ, order=4)


def quiet(even_signal: Doubles, domains: Sequence[Domain] = ()) -> Quiet:
    """What a quiet stretch, as ``prepared``, says of the person; 75 beats a minute where it says nothing."""
    found = ecg.qrs(signal_of(even_signal), 0)
    tall = float(np.ptp(even_signal)) if found is None else float(np.median(found.r_height))
    unit = REST_R_MV / max(tall, 1e-6)
    millivolts = even_signal * unit
    return Quiet(
        unit=unit,
        interval_s=_USUAL_INTERVAL_S if found is None else float(np.median(np.diff(found.at_s))),
        swing=REST_R_MV if found is None else max(unit * float(np.median(found.r_height + found.s_depth)), 1e-3),
        head=_head(millivolts),
        spectra={domain: _level(millivolts, domain) for domain in domains},
        likeness=0.0 if found is None else found.likeness,
    )


def head(even_signal: Doubles, known: Quiet) -> Floats:
    """HEAD of a stretch, as ``prepared``, less the quiet minute's; logarithms where ratios count, NaN where unknown."""
    return (_head(even_signal * known.unit) - known.head).astype(np.float32)


def likeness(even_signal: Doubles) -> float:
    """How like the complexes of a stretch are to each other, 0 to 1; 0 when no beats are found."""
    found = ecg.qrs(signal_of(even_signal), 0)
    return 0.0 if found is None else found.likeness


def signal_of(even_signal: Doubles) -> Signal:
    """A whole signal out of even values at 360 Hz."""
    times = (np.arange(len(even_signal)) * (SECOND / HZ)).astype(np.int64)
    return Signal(times, even_signal.astype(np.float32), HZ, 1.0)


def _head(millivolts: Doubles) -> Floats:
    end = StreamNs(round(len(millivolts) / HZ * SECOND))
    told = ecg.ecg(Window(StreamNs(0), end, {Channel.ECG: signal_of(millivolts)}, HostNs(0))).named()
    each = [np.log(max(told[name], 1e-3)) if name in ecg.LOGARITHMIC else told[name] for name in HEAD]
    return np.array(each, np.float32)


def _level(millivolts: Doubles, domain: Domain) -> Doubles:
    length = round(IMAGE_S * HZ)
    parts = [millivolts[a : a + length] for a in range(0, max(len(millivolts) - length, 0) + 1, length)]
    return np.concatenate([spectrogram(part, domain) for part in parts], axis=1).mean(axis=1, keepdims=True)

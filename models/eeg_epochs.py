"""Sessions of EEG in; the features of every epoch, told from the person's own quiet minute, out."""
# scikit-learn's types leave parts of what it returns unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import FastICA
from sklearn.exceptions import ConvergenceWarning

from edge.clock import SECOND
from edge.flow import Floats, Signal
from edge.signals import eeg, eeg_person
from edge.signals.eeg_person import EPOCH_S, HOP_S
from edge.signals.grid import Doubles
from models.datasets.eegmat import Session

LABELS = ("rest", "arithmetic")
_FRONTAL = ("Fp1", "Fp2")
_BLINK = 0.7
"""A component that follows the frontal electrodes below 4 Hz this closely is the eyes'."""
_SPIKY = 15.0
"""A component of such a kurtosis is a jump of an electrode; a Gaussian has 3."""
_HISS = 0.5
"""A component with this share of its power in gamma is a muscle."""
_THIN = 4
"""ICA learns from every fourth sample."""


@dataclass(frozen=True, slots=True, eq=False)
class Epochs:
    """One person's epochs, rest then task."""

    subject: str
    features: Floats
    """(n, electrodes * statistics), in the person's own spread or as they are"""
    labels: npt.NDArray[np.int64]
    """(n,) of LABELS"""


def epochs(session: Session, electrodes: Sequence[str], *, clean: bool = True, own: bool = True) -> Epochs:
    """Every epoch of rest and task, 4 s long, 2 s apart, as edge/signals/eeg_person.py computes it for the device.

    ``clean`` removes artefacts by ICA, fitted on the three stretches of this one person together, which have no labels;
    without it, epochs that the device would leave out are the person's usual, as they are there.
    ``own`` tells each feature as the distance from its median in the quiet minute, in its spread there.
    """
    parts = [session.quiet, session.rest, session.task]
    if clean:
        parts = _without_artefacts(parts, session.rate_hz, electrodes)
    quiet, rest, task = (_rows(part, session.rate_hz, refuse=not clean) for part in parts)
    told, labels = np.concatenate([rest, task]), np.repeat([0, 1], [len(rest), len(task)])
    if own:
        known = eeg_person.quiet([row for row in quiet if np.isfinite(row).any()])
        told = np.stack([eeg_person.told(row, known) for row in told])
    return Epochs(session.subject, np.nan_to_num(told).astype(np.float32), labels.astype(np.int64))


def _rows(part: Doubles | Floats, rate_hz: float, *, refuse: bool) -> Doubles:
    """Every epoch of a stretch (n, electrodes), through the device's own room; NaN where it would be left out."""
    length, hop = round(EPOCH_S * rate_hz), round(HOP_S * rate_hz)
    times = (np.arange(length) * (SECOND / rate_hz)).astype(np.int64)
    rows: list[Doubles] = []
    for start in range(0, len(part) - length + 1, hop):
        signal = Signal(times, part[start : start + length].astype(np.float32), rate_hz, 1.0)
        epoch = eeg_person.prepared(signal, 0)
        if epoch is None:
            raise ValueError(f"epochs of {length} samples at {rate_hz} Hz cannot be judged")
        row = eeg_person.row(epoch)
        rows.append(np.full_like(row, np.nan) if refuse and eeg_person.spoilt(epoch) else row)
    return np.stack(rows)


def _without_artefacts(parts: Sequence[Floats], rate_hz: float, electrodes: Sequence[str]) -> list[Doubles]:
    """The stretches without the components that eyes, muscles and loose electrodes make (section 3.2)."""
    stretches = [eeg.filtered(part.astype(np.float64), rate_hz) for part in parts]
    whole = np.concatenate(stretches)
    ica = FastICA(whiten="unit-variance", max_iter=200, tol=1e-3, random_state=0)
    with warnings.catch_warnings():
        # components that go on turning are as good as those that stand still: they are only judged, then put back
        warnings.simplefilter("ignore", ConvergenceWarning)
        ica.fit(whole[::_THIN])
    sources = np.asarray(ica.transform(whole), np.float64)
    sources[:, _artefacts(sources, whole, rate_hz, electrodes)] = 0
    cleaned = np.asarray(ica.inverse_transform(sources), np.float64)
    return np.split(cleaned, np.cumsum([len(part) for part in stretches])[:-1])


def _artefacts(sources: Doubles, whole: Doubles, rate_hz: float, electrodes: Sequence[str]) -> npt.NDArray[np.bool_]:
    z = (sources - sources.mean(axis=0)) / np.maximum(sources.std(axis=0), 1e-9)
    frontal = whole[:, [electrodes.index(name) for name in _FRONTAL if name in electrodes]].mean(axis=1)
    frontal = (frontal - frontal.mean()) / max(float(frontal.std()), 1e-9)
    power = eeg.band_powers(z.T.astype(np.float64), rate_hz)
    share = power[:, list(eeg.BANDS_HZ).index("gamma")] / np.maximum(power.sum(axis=1), 1e-12)
    blinks = np.abs(z.T @ frontal) / len(z) > _BLINK
    return blinks | ((z**4).mean(axis=0) > _SPIKY) | (share > _HISS)

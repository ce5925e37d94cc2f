"""Sessions of ECG in; spectrogram images and features of every stretch, as the device computes them, out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.clock import SECOND
from edge.flow import Floats, Signal
from edge.signals.ecg_images import images
from edge.signals.ecg_person import IMAGE_S, head, prepared, quiet
from edge.signals.ecg_spectrogram import Domain
from edge.signals.grid import Doubles
from models.datasets.eegmat import Session
from models.ecg import STEPS
from models.metrics import Labels

LABELS = ("rest", "arithmetic")
HOP_S = 14.0


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


def stretches(sessions: Sequence[Session], domain: Domain) -> Stretches:
    """Cut rest and task of everybody, then prepare each stretch alone, as it comes live.

    ValueError when a stretch is slower or shorter than the device would judge.
    """
    planes, features, labels, people, ends = list[Floats](), list[Floats](), list[int](), list[str](), list[float]()
    for session in sessions:
        known = quiet(_prepared(session.quiet, session), (domain,))
        length, hop = round(STEPS * IMAGE_S * session.rate_hz), round(HOP_S * session.rate_hz)
        for label, part in enumerate((session.rest, session.task)):
            for start in range(0, len(part) - length + 1, hop):
                here = _prepared(part[start : start + length], session)
                planes.append(images(here, known, domain, STEPS))
                features.append(np.nan_to_num(head(here, known)))
                labels.append(label)
                people.append(session.subject)
                ends.append((label * len(part) + start + length) / session.rate_hz)
    return Stretches(
        np.stack(planes), np.stack(features).astype(np.float32), np.array(labels, np.int64), tuple(people),
        np.array(ends),
    )  # fmt: skip


def _prepared(values: Floats, session: Session) -> Doubles:
    times = (np.arange(len(values)) * (SECOND / session.rate_hz)).astype(np.int64)
    made = prepared(Signal(times, values, session.rate_hz, 1.0), 0)
    if made is None:
        raise ValueError(f"{session.subject}: {len(values)} samples at {session.rate_hz} Hz cannot be judged")
    return made

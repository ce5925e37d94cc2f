"""Stress-Predict: a wrist under Stroop, interview and hyperventilation, with rest between.

Iqbal T., Simpkin A.J., Roshan D., et al. (2022). Stress Monitoring Using Wearable Sensors: A Pilot Study and
Stress-Predict Dataset. Sensors 22(21), 8135. https://doi.org/10.3390/s22218135
Licence: MIT (repository italha-d/Stress-Predict-Dataset). Empatica E4 at the wrist, healthy adults.
The default wrist model is trained on it.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.flow import Floats
from models.datasets import DatasetError
from models.datasets.recordings import Labels, Recording, archive, e4_tracks

FILE = "stress_predict.npz"
_HEART_BEGINS_S = 10
"""The E4's own heart rate begins so long after its other channels."""


@dataclass(frozen=True, slots=True, eq=False)
class HeartRates:
    """The watch's own heart rate of one person, once a second."""

    subject: str
    bpm: Floats
    """(seconds,), NaN where there is none"""
    labels: Labels
    """(seconds,): 1 stress, 0 calm, -1 unlabelled"""


def load(directory: Path) -> list[Recording]:
    """All recordings of ``stress_predict.npz`` in a directory (or that file), in order of subject.

    Labels: 1 in the three tasks, 0 in rest, -1 before the protocol began; a recording without labels is all -1.
    Raises DatasetError when the file is not there or holds something else.
    """
    path = directory if directory.suffix == ".npz" else directory / FILE
    if not path.is_file():
        raise DatasetError(f"no Stress-Predict recordings at {path}: give the directory that holds {FILE}", path)
    with archive(path) as arrays:
        subjects = sorted({name.split("_", 1)[0] for name in arrays if name.endswith("_BVP")})
        if not subjects:
            raise ValueError("it holds nobody's recordings")
        return [
            Recording("stress_predict", s, e4_tracks(arrays, s), arrays[f"{s}_label1hz"].astype(np.int8))
            for s in subjects
        ]


def labelled(recordings: list[Recording]) -> list[Recording]:
    """Those with at least one labelled second."""
    return [r for r in recordings if bool((r.label_1hz >= 0).any())]


def heart_rates(directory: Path) -> list[HeartRates]:
    """Heart rates of everybody who has labels, in order of subject. Raises DatasetError as `load` does."""
    path = directory if directory.suffix == ".npz" else directory / FILE
    if not path.is_file():
        raise DatasetError(f"no Stress-Predict recordings at {path}: give the directory that holds {FILE}", path)
    people: list[HeartRates] = []
    with archive(path) as arrays:
        for subject in sorted({name.split("_", 1)[0] for name in arrays if name.endswith("_HR")}):
            labels = arrays[f"{subject}_label1hz"].astype(np.int8)[_HEART_BEGINS_S:]
            bpm = arrays[f"{subject}_HR"].astype(np.float32)
            count = min(len(labels), len(bpm))
            if (labels[:count] >= 0).any():
                people.append(HeartRates(subject, bpm[:count], labels[:count]))
    return people

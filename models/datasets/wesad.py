"""WESAD: a wrist in baseline, amusement, meditation and the Trier social stress test.

Schmidt P., Reiss A., Duerichen R., Marberger C., Van Laerhoven K. (2018). Introducing WESAD, a Multimodal Dataset for
Wearable Stress and Affect Detection. ICMI 2018, 400-408. https://doi.org/10.1145/3242969.3242985
Licence: for scientific, non-commercial use by its authors' terms (UCI lists CC BY 4.0). A benchmark here: nothing that
ships is trained on it. Wrist Empatica E4.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import MappingProxyType

import numpy as np

from edge.flow import Channel
from models.datasets import DatasetError
from models.datasets.recordings import Labels, Recording, archive, e4_tracks

FILE, PHASES = "wesad_wrist.npz", "wesad_phases.csv"


class Calm(Enum):
    """Which label each phase gets; other phases are left out. Stress is always 1."""

    BASELINE = MappingProxyType({1: 0, 2: 1})
    """Stress versus baseline: the usual binary task."""
    ALL = MappingProxyType({1: 0, 2: 1, 3: 0, 4: 0})
    """Stress versus baseline, amusement and meditation."""
    AMUSEMENT_APART = MappingProxyType({1: 0, 2: 1, 3: 2})
    """Baseline, stress, amusement: the usual task of three classes."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A labelled stretch, in seconds of the recording."""

    label: int
    """1 baseline, 2 stress, 3 amusement, 4 meditation, 0 reading"""
    start_s: float
    end_s: float


def load(directory: Path, calm: Calm = Calm.BASELINE, trim_s: float = 10.0) -> list[Recording]:
    """All recordings of a directory with ``wesad_wrist.npz`` and ``wesad_phases.csv``, in order of subject.

    ``trim_s`` at both ends of a phase is unlabelled: the clocks of the two devices were matched afterwards.
    Raises DatasetError when a file is not there or holds something else.
    """
    for name in (FILE, PHASES):
        if not (directory / name).is_file():
            raise DatasetError(f"no {name} in {directory}: WESAD needs {FILE} and {PHASES} in one directory", directory)
    phases = _phases(directory / PHASES)
    return list(_read(directory / FILE, phases, calm, trim_s))


def _read(path: Path, phases: dict[str, list[Phase]], calm: Calm, trim_s: float) -> Iterator[Recording]:
    with archive(path) as arrays:
        for subject in sorted({n.split("_", 1)[0] for n in arrays if n.endswith("_BVP")}):
            tracks = e4_tracks(arrays, subject)
            seconds = int(len(tracks[Channel.SKIN_CONDUCTANCE].values) / 4)
            yield Recording("wesad", subject, tracks, label_track(phases.get(subject, []), seconds, calm, trim_s))


def label_track(phases: list[Phase], seconds: int, calm: Calm, trim_s: float) -> Labels:
    """One label a second, as ``calm`` has it: 1 stress, 0 calm, 2 amusement where it stands apart, -1 all else."""
    label = np.full(seconds, -1, np.int8)
    for phase in phases:
        a, b = max(0, int(np.ceil(phase.start_s + trim_s))), max(0, int(phase.end_s - trim_s))
        if phase.label in calm.value:
            label[a:b] = calm.value[phase.label]
    return label


def _phases(path: Path) -> dict[str, list[Phase]]:
    phases: dict[str, list[Phase]] = {}
    try:
        with path.open(newline="") as lines:
            for row in csv.DictReader(lines):
                phase = Phase(int(row["label"]), float(row["e4_start_s"]), float(row["e4_end_s"]))
                phases.setdefault(row["subject"], []).append(phase)
    except (KeyError, ValueError, TypeError) as error:
        raise DatasetError(
            f"{path} cannot be read ({error}); it needs the columns subject, label, e4_start_s and e4_end_s", path
        ) from error
    return phases

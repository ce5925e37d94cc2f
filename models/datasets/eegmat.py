"""EEG and ECG of people at rest, then subtracting in their heads (PhysioNet eegmat).

Zyma I., Tukaev S., Seleznov I., Kiyono K., Popov A., Chernykh M., Shpenkov O. (2019). Electroencephalograms during
Mental Arithmetic Task Performance. Data 4(1), 14. https://doi.org/10.3390/data4010014
Licence: ODC-BY 1.0. The EEG was cleaned of eye, muscle and heart artefacts by its authors; the amplitude of the ECG has
no common scale. Rest comes first for everybody: a drift over the session looks like the task, and nothing in the
recordings can tell them apart.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from edge.flow import Floats
from models.datasets import DatasetError
from models.datasets.recordings import archive

EEG_FILE, ECG_FILE = "eegmat_eeg128.npz", "eegmat_ecg250.npz"
EEG_HZ, ECG_HZ = 128.0, 250.0
JUDGED_S = 62.0
"""The task's length: as much rest is judged, so that both labels are equally frequent and a coin scores .5."""
QUIET_S = 60.0
"""Rest before the judged part, at most: the person's quiet minute."""
REFERENCE = "A2-A1"
"""The twentieth column is the difference of the ears, no electrode on the scalp."""
Kind = Literal["eeg", "ecg"]


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """One person: a quiet minute to know the person by, then as much rest as task."""

    subject: str
    rate_hz: float
    quiet: Floats
    """(n,) or (n, electrodes); microvolts for EEG, the recorder's unit for ECG. 18 s for one person, 60 s for others"""
    rest: Floats
    """The last 62 s of rest, right after `quiet`"""
    task: Floats
    """62 s of serial subtraction"""


@dataclass(frozen=True, slots=True, eq=False)
class Sessions:
    """Everybody."""

    people: tuple[Session, ...]
    electrodes: tuple[str, ...]
    """Of the EEG's columns; empty for ECG"""


def load(directory: Path, kind: Kind) -> Sessions:
    """All people of `eegmat_eeg128.npz` or `eegmat_ecg250.npz` in a directory, in order of subject.

    Raises DatasetError when the file is not there, holds something else, or a recording is too short.
    """
    path = directory / (EEG_FILE if kind == "eeg" else ECG_FILE)
    if not path.is_file():
        raise DatasetError(
            f"no {path.name} in {directory}: give the directory that holds {EEG_FILE} and {ECG_FILE}", path
        )
    with archive(path) as arrays:
        subjects = sorted({name.split("_", 1)[0] for name in arrays if name.endswith("_1")})
        if not subjects:
            raise ValueError("it holds nobody's recordings")
        if kind == "ecg":
            return Sessions(tuple(_session(s, ECG_HZ, arrays, _as_is, path) for s in subjects), ())
        columns = [str(name).removeprefix("EEG ") for name in arrays["channels"]]
        kept = [k for k, name in enumerate(columns) if name != REFERENCE]

        def microvolts(stored: npt.NDArray[np.generic]) -> Floats:
            return (stored[kept].T.astype(np.float32) / 10).astype(np.float32)

        people = tuple(_session(s, EEG_HZ, arrays, microvolts, path) for s in subjects)
        return Sessions(people, tuple(columns[k] for k in kept))


def _as_is(stored: npt.NDArray[np.generic]) -> Floats:
    return stored.astype(np.float32)


def _session(
    subject: str,
    rate_hz: float,
    arrays: Mapping[str, Floats],
    read: Callable[[npt.NDArray[np.generic]], Floats],
    path: Path,
) -> Session:
    rest, task = read(arrays[f"{subject}_1"]), read(arrays[f"{subject}_2"])
    judged, quiet = round(JUDGED_S * rate_hz), round(QUIET_S * rate_hz)
    if len(rest) <= judged or len(task) < judged:
        raise DatasetError(
            f"{path}: {subject} has {len(rest) / rate_hz:.0f} s of rest and {len(task) / rate_hz:.0f} s of task; more "
            f"than {JUDGED_S:.0f} s of rest and at least {JUDGED_S:.0f} s of task would work",
            path,
        )
    before = max(0, len(rest) - judged - quiet)
    return Session(subject, rate_hz, rest[before : len(rest) - judged], rest[-judged:], task[:judged])

"""A wearer read from a real recording of an Empatica E4 (Stress-Predict or WESAD as `.npz`), second by second."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, Self, cast
from zipfile import BadZipFile

import numpy as np

from firmware_bridge.errors import LinkError
from firmware_bridge.virtual.second import MOTION_HZ, PULSE_HZ, SKIN_HZ, Readings, Second

_ACC_UNITS_PER_G = 64


class Archive(Protocol):
    """An opened `.npz`."""

    files: list[str]

    def __getitem__(self, name: str) -> Readings: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


def wear(file: Path, subject: str, start_s: float = 0.0) -> Iterator[Second]:
    """One subject's recording from ``start_s`` to its end.

    The file holds ``S02_BVP`` (64 Hz), ``S02_EDA`` (4 Hz, microsiemens), ``S02_TEMP`` (4 Hz, degC), ``S02_ACC``
    (32 Hz, int8, 1/64 g) and, in some, ``S02_HR`` (1 Hz, NaN where unknown); E4 files have no beat intervals.
    Raises LinkError at once if the file cannot be read, knows no such subject, or ends before ``start_s``.
    """
    pulse, conductance, temperature, motion, heart = _load(file, subject)
    first = int(start_s)
    end = min(
        len(pulse) // PULSE_HZ, len(conductance) // SKIN_HZ, len(temperature) // SKIN_HZ, len(motion) // MOTION_HZ
    )
    if first >= end:
        raise LinkError(f"the recording of {subject} in {file} is {end} s long; it cannot start at {start_s:g} s")

    def seconds() -> Iterator[Second]:
        for s in range(first, end):
            bpm = float(heart[s]) if s < len(heart) else math.nan
            yield Second(
                pulse=pulse[s * PULSE_HZ : (s + 1) * PULSE_HZ].astype(np.float64),
                skin_conductance_us=conductance[s * SKIN_HZ : (s + 1) * SKIN_HZ].astype(np.float64),
                skin_temperature_c=temperature[s * SKIN_HZ : (s + 1) * SKIN_HZ].astype(np.float64),
                motion_g=motion[s * MOTION_HZ : (s + 1) * MOTION_HZ].astype(np.float64) / _ACC_UNITS_PER_G,
                heart_bpm=None if math.isnan(bpm) else bpm,
            )

    return seconds()


def subjects(file: Path) -> tuple[str, ...]:
    """Who is in a recording; raise LinkError if it cannot be read."""
    with open_archive(file) as archive:
        return _subjects(archive)


def _load(file: Path, subject: str) -> tuple[Readings, ...]:
    with open_archive(file) as archive:
        present = _subjects(archive)
        if subject not in present:
            raise LinkError(f"{file} has no subject {subject!r}; there are {', '.join(present) or 'none'}")
        heart = archive[f"{subject}_HR"] if f"{subject}_HR" in archive.files else np.empty(0)
        return (*(archive[f"{subject}_{name}"] for name in ("BVP", "EDA", "TEMP", "ACC")), heart)


def open_archive(file: Path) -> Archive:
    """The file's arrays by name; LinkError when it is no `.npz`."""
    try:
        archive: object = np.load(file, allow_pickle=False)
    except (OSError, ValueError, BadZipFile) as error:
        raise LinkError(
            f"cannot read the recording {file}: {error}; it must be an .npz such as stress_predict.npz"
        ) from error
    if isinstance(archive, np.ndarray):
        raise LinkError(f"{file} holds a single array; a recording is an .npz such as stress_predict.npz")
    return cast(Archive, archive)


def _subjects(archive: Archive) -> tuple[str, ...]:
    return tuple(sorted(name.removesuffix("_BVP") for name in archive.files if name.endswith("_BVP")))

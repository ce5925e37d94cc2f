"""Files in the format of the recordings, a few minutes of made-up E4 signals."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[Any]]


def e4(subject: str, seconds: int, seed: int = 0) -> Arrays:
    """The arrays of one person: a beating pulse, a level of conductance, warm skin, a little movement."""
    rng = np.random.default_rng(seed)
    t = np.arange(seconds * 64) / 64
    phase = np.cumsum(np.full(len(t), 70 / 60 / 64) * (1 + 0.05 * np.sin(2 * np.pi * 0.25 * t)))
    pulse = 60 * np.exp(-0.5 * (((phase % 1) - 0.3) / 0.1) ** 2) + rng.normal(0, 0.5, len(t))
    return {
        f"{subject}_BVP": np.round(pulse, 2).astype(np.float32),
        f"{subject}_EDA": (1.5 + 0.01 * rng.normal(size=seconds * 4)).astype(np.float32),
        f"{subject}_TEMP": (33 + 0.01 * rng.normal(size=seconds * 4)).astype(np.float32),
        f"{subject}_ACC": np.tile(np.array([0, 38, 51], np.int8), (seconds * 32, 1))
        + rng.integers(-1, 2, (seconds * 32, 3)).astype(np.int8),
    }


def stress_predict(directory: Path, subjects: int, seconds: int) -> Path:
    """A file with that many people, stressed in the second third; S00 has no labels."""
    arrays: Arrays = {}
    for k in range(subjects):
        name = f"S{k:02d}"
        label = np.zeros(seconds, np.int8)
        label[seconds // 3 : 2 * seconds // 3] = 1
        label[:9] = -1
        arrays |= e4(name, seconds, k)
        arrays[f"{name}_label1hz"] = label if k else np.full(seconds, -1, np.int8)
    path = directory / "stress_predict.npz"
    np.savez(path, allow_pickle=False, **arrays)
    return path


def wesad(directory: Path, seconds: int = 200, subjects: tuple[str, ...] = ("S4",)) -> None:
    """Those people: baseline, stress, amusement, and a reading between."""
    arrays: Arrays = {}
    for k, name in enumerate(subjects):
        arrays |= e4(name, seconds, k)
    np.savez(directory / "wesad_wrist.npz", allow_pickle=False, **arrays)
    rows = ["subject,phase,label,e4_start_s,e4_end_s,offset_s,offset_spread_s"]
    phases = (("Base", 1, 10.5, 60), ("bRead", 0, 60, 80), ("TSST", 2, 80, 130), ("Fun", 3, 140, 190))
    rows += [
        f"{name},{phase},{label},{start},{end},3.0,1.0" for name in subjects for phase, label, start, end in phases
    ]
    (directory / "wesad_phases.csv").write_text("\n".join(rows) + "\n")

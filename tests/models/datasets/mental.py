"""Files in the format of eegmat, of people whose heart and alpha give the task away."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.edge.signals.bodies import beats
from tests.edge.signals.test_ecg import heartbeat

ELECTRODES = ("EEG Fp1", "EEG Fp2", "EEG Cz", "EEG A2-A1")
Arrays = dict[str, npt.NDArray[Any]]


def eegmat(directory: Path, people: int, rest_s: int = 84) -> None:
    """Both files; rest with strong alpha and a slow heart, the task without and with a fast one."""
    eeg: Arrays = {"channels": np.array(ELECTRODES)}
    ecg: Arrays = {}
    for k in range(people):
        rng = np.random.default_rng(k)
        for part, (seconds, alpha, bpm) in enumerate(((rest_s, 30.0, 62 + k), (62, 8.0, 80 + k)), start=1):
            t = np.arange(seconds * 128) / 128
            waves = alpha * np.sin(2 * np.pi * 10 * t) + rng.normal(0, 8, (len(ELECTRODES), len(t)))
            eeg[f"S{k:02d}_{part}"] = np.rint(10 * waves).astype(np.int16)
            ecg[f"S{k:02d}_{part}"] = heartbeat(beats(seconds, bpm, 20), seconds, 250.0, noise=0.02)
    np.savez(directory / "eegmat_eeg128.npz", allow_pickle=False, **eeg)
    np.savez(directory / "eegmat_ecg250.npz", allow_pickle=False, **ecg)

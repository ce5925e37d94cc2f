"""Recordings and bundles of ECG and EEG: people whose heart and alpha give the task away, networks that look for it."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.bundle import Bundle
from edge.bundle_canary import CANARY
from edge.bundle_contract import Contract, LeadModel, Models
from edge.signals import eeg
from edge.signals.ecg_person import HEAD
from edge.signals.features import FEATURE_VERSION
from export.pack import describe, write_bundle
from firmware_bridge.virtual.montage import HEADBAND
from tests.edge.signals.bodies import beats
from tests.edge.signals.test_ecg import heartbeat
from tests.fakes.bundles import KEY, canary
from tests.fakes.networks import dense_int8

CAP = ("Fp1", "Fp2", "F7", "F8", "T3", "T4", "T5", "T6")
QUIET_S = 30.0
LABELS = ("rest", "arithmetic")
_STEPS = 4


def ecg_file(path: Path, seconds: int = 50, *, load: bool = True) -> Path:
    """`S00` of an `eegmat_ecg250.npz`: 62 beats a minute, then with ``load`` 90, in a recorder's own unit."""
    parts = {
        f"S00_{k}": (0.3 * heartbeat(beats(seconds, bpm, 20), seconds, 250.0, noise=0.02)).astype(np.float32)
        for k, bpm in ((1, 62), (2, 90 if load else 62))
    }
    np.savez(path, allow_pickle=False, **parts)
    return path


def eeg_file(path: Path, seconds: int = 50, *, load: bool = True) -> Path:
    """`S00` of an `eegmat_eeg128.npz`: strong alpha at the temples, then with ``load`` weak."""
    rng = np.random.default_rng(4)
    t = np.arange(seconds * 128) / 128
    told: dict[str, npt.NDArray[Any]] = {"channels": np.array([f"EEG {name}" for name in CAP])}
    behind = np.array([name.startswith("T") for name in CAP])[:, None]
    for k, alpha in ((1, 20.0), (2, 4.0 if load else 20.0)):
        waves = behind * alpha * np.sin(2 * np.pi * 10 * t) + rng.normal(0, 6, (len(CAP), len(t)))
        told[f"S00_{k}"] = np.rint(10 * waves).astype(np.int16)
    np.savez(path, allow_pickle=False, **told)
    return path


def leads_bundle(out: Path, *, cap: bool = False) -> Bundle:
    """A bundle of an ECG and an EEG network in int8 and nothing else; with ``cap`` the EEG's is one of a whole cap."""
    electrodes = CAP if cap else tuple(HEADBAND)
    features = tuple(name for name in eeg.names(electrodes) if name.endswith(("_alpha", "_beta")))
    pulse = np.array([[0, 0, 0, 0], [127, 0, 0, 0]], np.int8)
    alpha = np.zeros((2, _STEPS, len(features)), np.int8)
    alpha[1, :, [k for k, name in enumerate(features) if name.endswith("_alpha")]] = -20
    files = {
        "ecg.tflite": dense_int8(pulse, into="features", out="logits", scales=(0.04, 1 / 127, 0.1)),
        "eeg.tflite": dense_int8(
            alpha.reshape(2, -1), into="epochs", out="logits", shape=(1, _STEPS, len(features), 1),
            scales=(8 / 127, 1 / 127, 0.2),
        ),
    }  # fmt: skip
    models = Models(
        ecg=LeadModel(
            describe("ecg.tflite", files["ecg.tflite"], "int8"), "ecg", "pulse", 20.0, 5.0, LABELS, "arithmetic",
            features=HEAD, scale=(10.0, 1.0, 1.0, 1.0), quiet_s=QUIET_S,
        ),
        eeg=LeadModel(
            describe("eeg.tflite", files["eeg.tflite"], "int8"), "eeg", "epochs", 4.0, 2.0, LABELS, "arithmetic",
            features=features, electrodes=electrodes, steps=_STEPS, quiet_s=QUIET_S,
        ),
    )  # fmt: skip
    made = Contract(1, "leads", "0.1.0", "0.0.0", FEATURE_VERSION, models, "pytest")
    whole = {**files, CANARY: canary(files, made), "report.json": b"{}"}
    return write_bundle(out, made, whole, KEY)

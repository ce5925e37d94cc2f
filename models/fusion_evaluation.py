"""Held label-matched pairs through a bundle's fusion: its int8 head and the float twin, or two experts."""

from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from edge.bundle import Bundle, BundleError
from edge.bundle_contract import FusionModel
from edge.flow import Floats
from models import metrics
from models.datasets import DatasetError

_WIDTHS = {"face": 7, "wrist": 1, "present": 2}


def score_pairs(bundle: Bundle, path: Path, _split: str | None) -> dict[str, object]:
    """Figures of the head on the held.npz that its training left (face, wrist, present, labels), by who is present."""
    model = bundle.contract.models.fusion
    if model is None:
        raise BundleError(f"{bundle.path} has no fusion head, so it cannot be scored on pairs; give one that has")
    feeds, labels = _read(path)
    said, twin = (_logits(bundle, model, feeds, twin=twin) for twin in (False, True))
    chance = 1 / (1 + np.exp(-said.astype(np.float64)))
    chances = np.stack([1 - chance, chance], axis=1).astype(np.float32)
    guesses = (chance >= 0.5).astype(np.int64)
    counts = metrics.confusion(labels, guesses, 2)
    shown = feeds["present"] > 0
    return {
        "n": len(labels),
        "labels": ["calm", "stress"],
        "accuracy": metrics.accuracy(counts),
        "balanced_accuracy": metrics.balanced_accuracy(counts),
        "macro_f1": metrics.macro_f1(counts),
        "mcc": metrics.mcc(counts),
        "auc": metrics.auc(labels == 1, chance),
        "calibration_error": metrics.calibration_error(chances, labels),
        "majority_baseline": float(np.bincount(labels).max() / len(labels)),
        "confusion": counts.tolist(),
        "float_agreement": metrics.agreement(guesses, (twin > 0).astype(np.int64)),
        "auc_by_presence": {
            name: metrics.auc(labels[rows] == 1, chance[rows])
            for name, rows in (
                ("both", shown.all(axis=1)),
                ("face", shown[:, 0] & ~shown[:, 1]),
                ("wrist", ~shown[:, 0] & shown[:, 1]),
            )
        },
        "reliability": metrics.reliability(chances, labels),
        "bytes": 0 if model.network is None else len(bundle.read(model.network.file)),
    }


def _read(path: Path) -> tuple[dict[str, Floats], npt.NDArray[np.int64]]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            feeds = {name: arrays[name].astype(np.float32) for name in _WIDTHS}
            labels = arrays["labels"].astype(np.int64)
    except (OSError, ValueError, KeyError, BadZipFile, EOFError) as error:
        raise DatasetError(f"cannot read {path} as pairs ({error}); give runs/fusion/held.npz", path) from error
    for name, width in _WIDTHS.items():
        if feeds[name].shape != (len(labels), width):
            raise DatasetError(f"{path} has {name} {feeds[name].shape}; ({len(labels)}, {width}) would work", path)
    if not len(labels) or not np.isin(labels, (0, 1)).all() or not all(np.isfinite(f).all() for f in feeds.values()):
        raise DatasetError(f"{path} holds no rows, labels other than 0 and 1, or NaN; give runs/fusion/held.npz", path)
    return feeds, labels


def _logits(bundle: Bundle, model: FusionModel, feeds: dict[str, Floats], *, twin: bool) -> Floats:
    """Calibrated; two experts have no twin but themselves."""
    if model.late is not None:
        return model.late.logits(feeds["face"], feeds["wrist"], feeds["present"]) / model.temperature + model.bias
    network = bundle.network("fusion", twin=twin)
    rows = range(len(feeds["present"]))
    said = [
        network.run({name: values[row : row + 1] for name, values in feeds.items()})["logits"][0, 0] for row in rows
    ]
    return np.array(said, np.float32) / model.temperature + model.bias

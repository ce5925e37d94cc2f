"""Faces through a bundle's int8 network as the daemon would run it, and through its float twin for comparison."""

from math import inf
from pathlib import Path

import numpy as np

from edge.bundle import Bundle, BundleError
from edge.clock import HostNs, SystemClock
from edge.flow import EMOTIONS, Crop, Floats
from edge.inference.arrays import softmax
from edge.inference.classifier import Classifier
from models import metrics
from models.datasets import DatasetError, fer2013
from models.datasets.fer2013 import TRAINING, Faces, Labels
from models.float_twin import twin

_ONE_LOOK = 1e-6
"""Milliseconds in which no network looks more than once."""
_NO_LANDMARKS = np.zeros((5, 2), np.float32)


def score_faces(bundle: Bundle, path: Path, split: str | None) -> dict[str, object]:
    """Figures on the test parts of a FER-2013 file, against the contest's labels, and the FER+ majority beside them."""
    model = bundle.contract.models.face
    if model is None:
        raise BundleError(f"{bundle.path} has no face model, so it cannot be scored on faces; give one that has")
    faces, usages = _chosen(fer2013.load(path), split, path)
    # all the looks that the network is worth: a slow device takes fewer, and is right a little less often
    said, emotions, times_ms = _judged(Classifier(bundle, face_ms=inf), faces)
    chances = softmax(said, model.temperature)
    guesses: Labels = chances.argmax(axis=1)
    lifted: Labels = _judged(Classifier(twin(bundle), face_ms=inf), faces)[0].argmax(axis=1)
    told = figures(chances, faces.labels)
    clear, majority = faces.majority
    if clear.any():
        told["ferplus_majority"] = figures(emotions[clear], majority[clear])
    if model.glances > 1:
        once, believed, _ = _judged(Classifier(bundle, face_ms=_ONE_LOOK), faces)
        told["one_look_accuracy"] = metrics.agreement(once.argmax(axis=1).astype(np.int64), faces.labels)
        if clear.any():
            seen = believed[clear].argmax(axis=1).astype(np.int64)
            told["one_look_accuracy_ferplus"] = metrics.agreement(seen, majority[clear])
    return told | {
        "labels": list(EMOTIONS),
        "usages": usages,
        "float_agreement": metrics.agreement(guesses, lifted),
        "float_accuracy": metrics.agreement(lifted, faces.labels),
        "file": model.network.file,
        "bytes": len(bundle.read(model.network.file)),
        "latency_ms": {f"p{q}": round(float(np.percentile(times_ms, q)), 3) for q in (50, 99)},
        "reliability": metrics.reliability(chances, faces.labels),
    }


def figures(chances: Floats, labels: Labels, shown: Labels | None = None) -> dict[str, object]:
    """What is told of probabilities (n, 7) against labels (n,).

    `shown` tells which face each row shows (n,), where faces repeat: the interval then draws whole faces, since rows
    of one face are right or wrong together.
    """
    guesses = chances.argmax(axis=1).astype(np.int64)
    counts = metrics.confusion(labels, guesses, len(EMOTIONS))
    right = guesses == labels
    recalls = metrics.recalls(counts)
    there = np.flatnonzero(counts.sum(axis=1) > 0)
    areas = [metrics.auc(labels == c, chances[:, c]) for c in there]
    return {
        "n": len(labels),
        "accuracy": metrics.accuracy(counts),
        "accuracy_95": metrics.bootstrap(lambda rows: float(right[rows].mean()), len(labels), groups=shown),
        "balanced_accuracy": metrics.balanced_accuracy(counts),
        "macro_f1": metrics.macro_f1(counts),
        "macro_precision": metrics.macro_precision(counts),
        "g_mean": metrics.g_mean(counts),
        "mcc": metrics.mcc(counts),
        "auc": float(np.nanmean(areas)) if len(there) > 1 else None,
        "calibration_error": metrics.calibration_error(chances, labels),
        "majority_baseline": float(counts.sum(axis=1).max() / counts.sum()),
        "recall": {EMOTIONS[c]: round(float(recalls[c]), 4) for c in there},
        "confusion": counts.tolist(),
    }


def _chosen(faces: Faces, split: str | None, path: Path) -> tuple[Faces, list[int]]:
    """The rows to score: by default every test part, or all rows of a file with one part only."""
    present = [int(usage) for usage in np.unique(faces.usage)]
    if split is None:
        wanted = [usage for usage in present if usage != TRAINING] if len(present) > 1 else present
    elif split == "all":
        wanted = present
    else:
        try:
            wanted = [int(usage) for usage in split.split(",")]
        except ValueError:
            raise DatasetError(f"--split {split} names no usages; numbers such as 1 or 1,2 would work", path) from None
    if absent := [usage for usage in wanted if usage not in present]:
        raise DatasetError(
            f"{path} has no rows of usage {absent[0]}; it has {', '.join(str(usage) for usage in present)}", path
        )
    return faces.take(np.isin(faces.usage, wanted)), wanted


def _judged(classifier: Classifier, faces: Faces) -> tuple[Floats, Floats, list[float]]:
    """Logits (n, 7) as the daemon's classifier gives them, emotions (n, 7) as it believes them, milliseconds a face."""
    clock = SystemClock()
    said, believed = (np.empty((len(faces), len(EMOTIONS)), np.float32) for _ in range(2))
    times_ms: list[float] = []
    for row, image in enumerate(faces.images):
        crop = Crop(image, (0.0, 0.0, 48.0, 48.0), _NO_LANDMARKS, 1.0, False, HostNs(0))
        start = clock.now()
        estimate = classifier.face(crop)
        times_ms.append((clock.now() - start) / 1e6)
        said[row], believed[row] = estimate.logits, estimate.emotion
    return said, believed, times_ms

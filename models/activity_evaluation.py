"""Bouts of activity through a bundle's prototypes, as the device votes."""

from pathlib import Path

import numpy as np

from edge.bundle import Bundle, BundleError
from edge.signals.activity import LEVELS, NAMES
from models import metrics
from models.activity_figures import figures
from models.activity_windows import windows
from models.datasets import hmp


def score_hmp(bundle: Bundle, path: Path, split: str | None) -> dict[str, object]:
    """Figures on every volunteer of a file in HMP's form.

    Those that the prototypes were learned from do not show what the bundle is worth: their card's own figures, each
    volunteer judged by the others, do. Raises BundleError when the bundle has no activity, or knows other features.
    """
    del split
    model = bundle.contract.models.tensors.get("activity")
    if model is None or set(model.features) - set(NAMES) or model.labels != LEVELS:
        raise BundleError(f"{bundle.path} holds no activity judge for these features; give a bundle that does")
    bouts = windows(hmp.load(path))
    network = bundle.network("activity")
    columns = [NAMES.index(name) for name in model.features]
    said = [next(iter(network.run({"features": row[np.newaxis, columns]}).values())) for row in bouts.rows]
    guesses = np.concatenate(said).argmax(axis=1).astype(np.int64)
    most = np.full(len(guesses), np.bincount(bouts.levels).argmax())
    commonest = metrics.accuracy(metrics.confusion(bouts.levels, most, len(LEVELS)))
    told = figures(bouts, guesses)
    return told | {"majority_baseline": commonest, "bytes": len(bundle.read(model.network.file))}

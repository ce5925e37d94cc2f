"""A bundle and a data set in; figures of its int8 models on people they never learned, out. No TensorFlow here."""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import cast
from zipfile import BadZipFile

import msgspec
import numpy as np

from edge.bundle import Bundle
from edge.signals.features import FEATURE_VERSION
from models.datasets import DatasetError

Scored = dict[str, object]

DATASETS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "fer2013": ("face", "models.face_evaluation:score_faces"),
        "stress_predict": ("wrist", "models.wrist_evaluation:score_stress_predict"),
        "wesad": ("wrist", "models.wrist_evaluation:score_wesad"),
        "hmp": ("activity", "models.activity_evaluation:score_hmp"),
        "pairs": ("fusion", "models.fusion_evaluation:score_pairs"),
    }
)
"""The register: a data set's name, the network that it judges, and what scores it, imported when it is wanted."""


def evaluate_bundle(directory: Path, dataset: str, path: Path, *, split: str | None = None) -> Scored:
    """Score the bundle in `directory` on `dataset` at `path`.

    Raises BundleError for a bundle that must not run or lacks the network, DatasetError for a data set that is
    unknown or a file that cannot be used.
    """
    if dataset not in DATASETS:
        raise DatasetError(f"no data set is called {dataset}; there are {', '.join(DATASETS)}", path)
    if split is not None and dataset != "fer2013":
        raise DatasetError(f"--split chooses usages of fer2013 and means nothing for {dataset}; leave it out", path)
    if not path.exists():
        raise DatasetError(f"there is nothing at {path}; give the path of the {dataset} recordings", path)
    _check_archives(path)
    bundle = Bundle.open(directory, feature_version=FEATURE_VERSION)
    told = _scorer(dataset)(bundle, path, split)
    if isinstance(told.get("majority"), dict):
        told["majority_baseline"] = cast(dict[str, float], told["majority"])["accuracy"]
    return {"dataset": dataset, "bundle": bundle.label} | told


def _scorer(dataset: str) -> Callable[[Bundle, Path, str | None], Scored]:
    module, name = DATASETS[dataset][1].split(":")
    return cast(Callable[[Bundle, Path, str | None], Scored], getattr(importlib.import_module(module), name))


def _check_archives(path: Path) -> None:
    """A file that is no archive of arrays is refused here, once for all data sets."""
    for file in sorted(path.glob("*.npz")) if path.is_dir() else [path]:
        try:
            with np.load(file, allow_pickle=False) as arrays:
                names = list(arrays.files)
        except (OSError, ValueError, AttributeError, TypeError, BadZipFile, EOFError) as error:
            raise DatasetError(
                f"{file} is no archive of arrays that NumPy reads; give a whole .npz file", path
            ) from error
        if not names:
            raise DatasetError(f"{file} holds no arrays; give a .npz file with recordings", path)


def network_of(dataset: str) -> str:
    """The network that a data set judges."""
    return DATASETS[dataset][0]


def as_json(figures: Mapping[str, object]) -> bytes:
    """Figures as JSON, in which what could not be computed (NaN) is null."""
    content = msgspec.json.encode(figures, enc_hook=lambda number: number.item())  # NumPy's numbers
    return msgspec.json.format(content, indent=1) + b"\n"

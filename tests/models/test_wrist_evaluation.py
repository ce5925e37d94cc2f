"""A bundle scored on wrists: through the daemon's own rooms, and refused where it cannot be."""

from pathlib import Path

import msgspec
import pytest

from edge.bundle import Bundle, BundleError
from edge.signals.features import FEATURE_VERSION
from models.datasets import DatasetError
from models.wrist_evaluation import score_stress_predict, score_wesad
from tests.fakes.bundles import FEATURES, contract, networks, tiny_bundle
from tests.models.datasets import e4


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    """The small bundle, with a normaliser for its wrist and our features' version."""
    models = contract(networks()).models
    assert models.wrist is not None
    constants: dict[str, tuple[float, ...] | float] = {"centre": (70.0, 0.4, -4.0), "scale": (5.0, 0.5, 1.0)}
    wrist = msgspec.structs.replace(
        models.wrist, normalise=constants, mean=(0.0,) * len(FEATURES), scale=(1.0,) * len(FEATURES)
    )
    changed = msgspec.structs.replace(models, wrist=wrist)
    return tiny_bundle(tmp_path / "bundle", feature_version=FEATURE_VERSION, models=changed)


def test_stress_predict_is_scored_by_person(bundle: Bundle, tmp_path: Path) -> None:
    path = e4.stress_predict(tmp_path, 3, 150)
    told = score_stress_predict(bundle, path, None)
    assert (told["people"], told["n"], told["unjudged"]) == (2, 38, 0)
    assert told["float_agreement"] == 1
    assert told["threshold"] == 0.6
    assert {"accuracy", "balanced_accuracy", "macro_f1", "confusion"} <= told.keys()


def test_wesad_is_scored_against_baseline_and_all_calm(bundle: Bundle, tmp_path: Path) -> None:
    e4.wesad(tmp_path)
    told = score_wesad(bundle, tmp_path, None)
    every = told["stress_vs_all_calm"]
    assert isinstance(every, dict)
    assert isinstance(told["n"], int)
    assert every["n"] > told["n"]


def test_recordings_without_labels_are_refused(bundle: Bundle, tmp_path: Path) -> None:
    path = e4.stress_predict(tmp_path, 1, 80)
    with pytest.raises(DatasetError, match="nothing can be scored"):
        score_stress_predict(bundle, path, None)


def test_a_bundle_for_other_features_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="made for features of version 7"):
        score_stress_predict(tiny_bundle(tmp_path / "bundle"), tmp_path, None)

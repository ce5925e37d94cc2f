"""A whole run of the wrist on made-up people: what it leaves is what the exporter and the fusion head read."""

import json

# Keras ships no types: what its objects return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
from pathlib import Path
from typing import Any, cast

import keras
import msgspec
import numpy as np
import pytest

from edge.signals.features import FEATURE_VERSION
from edge.signals.normalise import Usual
from models.datasets import DatasetError
from models.wrist import FEATURES
from models.wrist_run import train_wrist
from models.wrist_training import Recipe
from tests.models.datasets import e4

TINY = Recipe(window_s=30, hop_s=10, steps=6, batches=2, batch=4, late_starts=(0, 3), late_watch=3, folds=2)

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
"""Keras under NumPy 2."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data, out = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("runs") / "wrist"
    e4.stress_predict(data, 5, 240)
    e4.wesad(data)
    shares: list[float] = []
    train_wrist(data, out, 0, recipe=TINY, seen=lambda done, note: shares.append(done), command="as typed")
    assert shares == sorted(shares)
    assert shares[-1] == 1
    return out


def test_the_network_takes_what_calibration_and_held_hold(run: Path) -> None:
    model = cast(Any, keras.models.load_model(run / "model.keras"))
    for file, people in (("calibration", 2), ("held", 2)):
        with np.load(run / f"{file}.npz", allow_pickle=False) as arrays:
            assert set(arrays.files) == {"features", "labels", "subjects"}
            assert arrays["features"].shape[1:] == (TINY.steps, FEATURES)
            assert arrays["features"].dtype == np.float32
            assert len(set(arrays["subjects"].tolist())) == people
            assert model(arrays["features"][:3]).shape == (3, 2)


def test_nobody_of_held_is_in_calibration(run: Path) -> None:
    people = [set(np.load(run / f"{file}.npz")["subjects"].tolist()) for file in ("calibration", "held")]
    assert not people[0] & people[1]


def test_everybody_with_labels_was_judged_while_left_out(run: Path) -> None:
    with np.load(run / "oof.npz", allow_pickle=False) as oof:
        assert set(oof["subject"].tolist()) == {"S01", "S02", "S03", "S04"}
        assert set(oof["label"].tolist()) == {0, 1}
        assert ((oof["probability"] > 0) & (oof["probability"] < 1)).all()
        assert len(oof["time_s"]) == len(oof["label"]) == len(oof["probability"])


def test_the_contract_makes_the_devices_normaliser(run: Path) -> None:
    piece = json.loads((run / "contract.json").read_text())
    usual = msgspec.convert({"names": piece["features"], **piece["normalise"]}, Usual)
    assert usual.names == TINY.names
    assert piece["feature_version"] == FEATURE_VERSION
    assert (piece["window_s"], piece["step_s"], piece["steps"]) == (30, 10, 6)
    assert piece["labels"] == ["calm", "stress"]
    assert 0.3 <= piece["threshold"] <= 0.7


def test_the_card_has_every_baseline(run: Path) -> None:
    card = json.loads((run / "card.json").read_text())
    assert card["command"] == "as typed"
    for judge in ("wrist", "motion_only", "clock_only", "late_watch"):
        assert {"balanced_accuracy", "macro_f1", "balanced_accuracy_95", "auc_same_minute"} <= card[judge].keys()
    assert card["majority"]["balanced_accuracy"] == 0.5
    assert card["wesad"]["stress_vs_baseline"]["people"] == 1


def test_recordings_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no Stress-Predict recordings"):
        train_wrist(tmp_path, tmp_path / "out", 0)

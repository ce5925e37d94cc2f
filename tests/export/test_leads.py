"""Networks of ECG and EEG come along when they are asked for, and only in a form that can be fed live."""

import json
from pathlib import Path

import numpy as np
import pytest

from edge.bundle import Bundle
from edge.clock import HostNs, StreamNs
from edge.flow import Modality
from edge.inference.classifier import Classifier
from export.apart import apart
from export.errors import ExportError
from export.release import Order, release_bundle
from models.ecg_images import LABELS
from tests.fakes.bundles import KEY


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """`runs/ecg` of the register's network, untrained, on made-up rows."""
    folder = tmp_path / "runs" / "ecg"
    folder.mkdir(parents=True)
    apart("tests.fakes.keras_networks", "save_registered", "ecg", folder / "model.keras")
    rng = np.random.default_rng(0)
    for name in ("calibration", "held"):
        rows = rng.normal(0, 1, (64, 4)).astype(np.float32)
        np.savez(folder / f"{name}.npz", features=rows)
    piece = {
        "channel": "ecg", "recipe": "pulse", "labels": LABELS, "stress": "arithmetic", "window_s": 20.0, "step_s": 5.0,
        "features": ["heart_rate", "rmssd", "sdnn", "r_height"],
    }  # fmt: skip
    (folder / "contract.json").write_text(json.dumps(piece))
    return folder


def test_a_lead_comes_along_in_integers(run: Path, tmp_path: Path) -> None:
    order = Order(run.parent, tmp_path / "bundle", "export --quantize --lead ecg", leads=("ecg",))
    made, choices = release_bundle(order, KEY)
    assert "ecg" in choices
    bundle = Bundle.open(made.path, [KEY.public_key()])
    model = bundle.contract.models.ecg
    assert model is not None
    # an untrained network says too little for eight bits to agree on
    assert (model.network.lowering, model.network.inputs[0].dtype) in {("int8", "int8"), ("16x8", "int16")}
    said = Classifier(bundle).lead(Modality.ECG, np.ones(4, np.float32), StreamNs(1), HostNs(1))
    assert said.label in LABELS


def test_what_learned_from_cleaned_signals_is_refused(run: Path, tmp_path: Path) -> None:
    piece = json.loads((run / "contract.json").read_text())
    del piece["recipe"]
    (run / "contract.json").write_text(json.dumps(piece))
    with pytest.raises(ExportError, match="ecg cannot be fed live"):
        release_bundle(Order(run.parent, tmp_path / "bundle", "export", leads=("ecg",)), KEY)


def test_nothing_comes_along_unasked(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="holds none of"):
        release_bundle(Order(run.parent, tmp_path / "bundle", "export"), KEY)

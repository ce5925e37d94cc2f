"""The bundle that ships opens with the keys that ship, and is what the README says of it."""

import json
from pathlib import Path

import numpy as np
import pytest

import edge
from edge.bundle import Bundle
from edge.bundle_keys import SHIPPED, read_keys
from edge.flow import Modality
from edge.inference.classifier import Classifier
from edge.inference.runtime import load_network
from edge.signals.features import FEATURE_VERSION

PLACE = Path(edge.__file__).parent / "bundles" / "default"


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.open(PLACE, read_keys(SHIPPED), feature_version=FEATURE_VERSION)


def test_it_judges_by_face_and_wrist(bundle: Bundle) -> None:
    classifier = Classifier(bundle)
    assert classifier.modalities == {Modality.FACE, Modality.WRIST}
    assert set(classifier.detector_networks()) == {"pnet", "rnet", "onet"}
    judge = bundle.contract.models.fusion
    assert judge is not None
    assert 0 < judge.threshold < 1


def test_it_is_small_and_carries_licences(bundle: Bundle) -> None:
    # the float twins, which no device loads, are more than half of it
    assert sum(entry.bytes for entry in bundle.manifest.files.values()) < 16_000_000
    assert bundle.manifest.files["face.tflite"].bytes < 2_000_000
    assert "LICENSES/mtcnn.txt" in bundle.manifest.files


def test_every_network_kept_its_parents_word(bundle: Bundle) -> None:
    report = json.loads(bundle.read("report.json"))
    for name in ("face", "wrist", "fusion"):
        measured = report["networks"][name]["measured"]
        assert measured["agreement"] >= 0.97
        assert measured["loss_points"] <= 0.5
    assert report["networks"]["face"]["fully_integer"]
    assert report["command"].startswith("export --quantize --runs runs --out edge/bundles/default --sign KEY")


def test_both_runtimes_say_the_same_of_every_network(bundle: Bundle) -> None:
    pytest.importorskip("onnxruntime")
    bundle.check_twins()
    rng, compared = np.random.default_rng(0), set[str]()
    for name, piece in bundle.contract.networks():
        if piece.onnx is None:
            continue
        lite, twin = bundle.network(name), load_network(bundle.read(piece.onnx.file), name=piece.onnx.file)
        feeds = {key: rng.uniform(0, 1, port.shape).astype(np.float32) for key, port in lite.inputs.items()}
        if name == "fusion":
            feeds["face"] /= feeds["face"].sum()  # the head's integers were scaled for probabilities
        said, told = lite.run(feeds), twin.run(feeds)
        for key, values in said.items():
            assert np.abs(values - told[key]).max() < 0.1 * max(1.0, float(np.abs(values).max())), (name, key)
        compared.add(name)
    assert compared == {"face", "wrist", "fusion"}

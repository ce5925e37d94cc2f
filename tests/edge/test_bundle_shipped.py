"""The bundle that ships opens with the keys that ship, and is what the README says of it."""

import json
from pathlib import Path

import pytest

import edge
from edge.bundle import Bundle
from edge.bundle_keys import SHIPPED, read_keys
from edge.flow import Modality
from edge.inference.classifier import Classifier
from edge.signals.features import FEATURE_VERSION

PLACE = Path(edge.__file__).parent / "bundles" / "default"


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.open(PLACE, read_keys(SHIPPED), feature_version=FEATURE_VERSION)


def test_it_judges_by_face_and_wrist(bundle: Bundle) -> None:
    classifier = Classifier(bundle)
    assert classifier.modalities == {Modality.FACE, Modality.WRIST}
    assert set(classifier.detector_networks()) == {"pnet", "rnet", "onet"}
    assert 0 < bundle.threshold < 1


def test_it_is_small_and_carries_licences(bundle: Bundle) -> None:
    assert sum(entry.bytes for entry in bundle.manifest.files.values()) < 12_000_000
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

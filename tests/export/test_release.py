"""Runs become one bundle that the device opens, or nothing is written."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from edge.bundle import Bundle, BundleError
from edge.clock import HostNs, StreamNs
from edge.flow import Crop, Features, Modality
from edge.inference.classifier import Classifier, FaceEstimate
from edge.signals.features import FEATURE_VERSION
from export.apart import apart
from export.choose import Choice
from export.errors import BarError, ExportError
from export.inspection import kept_bytes
from export.pack import PackError
from export.release import Order, release_bundle
from tests.export.test_judges import nearest_run
from tests.fakes.bundles import KEY
from tests.fakes.networks import dense

TRUSTED = [KEY.public_key()]


@pytest.fixture(scope="module")
def released(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("released") / "bundle"
    words: list[str] = []
    bundle, choices = release_bundle(Order(runs, out, "export --quantize"), KEY, words.append)
    assert set(choices) == {"face", "wrist", "fusion", "onnx/face", "onnx/wrist", "onnx/fusion"}
    assert "face: int8" in words
    assert bundle.label == "vagus 0.1.0"
    return out


@pytest.fixture
def copied(runs: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(runs, tmp_path / "runs"))


def test_the_bundle_runs_where_tensorflow_is_not(released: Path) -> None:
    bundle = Bundle.open(released, TRUSTED, feature_version=FEATURE_VERSION)
    classifier = Classifier(bundle)
    assert classifier.modalities == {Modality.WRIST}, "to judge by a face takes a detector, which is given beside"
    crop = Crop(np.zeros((48, 48), np.uint8), (0, 0, 9, 9), np.zeros((5, 2), np.float32), 1, False, HostNs(1))
    wrist = bundle.contract.models.wrist
    assert wrist is not None
    stressed = np.full(3, 1.5, np.float32)
    estimates = [classifier.wrist(Features(StreamNs(1), wrist.features, stressed, 1.0, HostNs(1))) for _ in range(6)]
    estimate = estimates[-1]
    assert estimate is not None
    assert estimate.stress > 0.9
    both = classifier.fuse(StreamNs(1), estimate, classifier.face(crop), lambda: HostNs(2))
    assert both.modalities == {Modality.FACE, Modality.WRIST}


def test_forms_and_contract_are_what_the_device_wants(released: Path) -> None:
    models = Bundle.open(released, TRUSTED).contract.models
    assert models.face is not None
    assert models.wrist is not None
    assert models.fusion is not None
    assert models.fusion.network is not None
    assert models.face.network.lowering == "int8"
    assert models.face.network.inputs[0].dtype == "int8"
    assert models.face.temperature == 1.5
    assert models.wrist.network.lowering in ("stepwise-dynamic", "stepwise-16x8")
    assert models.wrist.steps == 6
    assert [(state.input, state.clip) for state in models.wrist.states if state.input.endswith("_c")] == [
        ("first_c", 9.0),
        ("memory_c", 9.0),
    ]
    assert models.wrist.normalise["memory"] == 720
    assert models.fusion.network.float_file == "float/fusion.tflite"


def test_a_fusion_of_two_experts_is_packed_without_a_network(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "face", tmp_path / "runs" / "face")
    shutil.copytree(runs / "fusion", tmp_path / "runs" / "fusion")
    piece = {
        "threshold": 0.5,
        "kind": "late",
        "late": {"tense": ["angry", "fear"], "tense_prior": 0.4, "agreement": 0.6, "prior": 0.5},
    }
    (tmp_path / "runs" / "fusion" / "contract.json").write_text(json.dumps(piece))
    bundle, choices = release_bundle(Order(tmp_path / "runs", tmp_path / "bundle", "pytest"), KEY)
    fusion = bundle.contract.models.fusion
    assert set(choices) == {"face", "onnx/face"}
    assert fusion is not None
    assert (fusion.kind, fusion.network) == ("late", None)
    assert not any(name.startswith("fusion") for name in bundle.manifest.files)
    face = FaceEstimate(np.full(7, 1 / 7, np.float32), np.zeros(7, np.float32), HostNs(0))
    assert 0 < Classifier(bundle).fuse(StreamNs(0), None, face, lambda: HostNs(1)).stress < 1


def test_the_report_shows_every_form_that_was_tried(released: Path) -> None:
    bundle = Bundle.open(released, TRUSTED)
    report = json.loads(bundle.read("report.json"))
    assert report["command"] == "export --quantize"
    assert report["tools"]["tensorflow"][0].isdigit()
    assert report["cards"]["face"] == {"network": "face"}
    forms = {candidate["form"]: candidate for candidate in report["networks"]["wrist"]["candidates"]}
    assert len(forms) == 15
    assert sum(candidate["chosen"] for candidate in forms.values()) == 1
    assert forms["int8"]["refused"].startswith("the converter")
    assert forms["stepwise-dynamic"]["measured"]["agreement"] >= 0.97
    assert forms["fused-dynamic"]["measured"]["agreement"] >= 0.97
    assert "UNIDIRECTIONAL_SEQUENCE_LSTM" in forms["fused-16x8"]["refused"]
    face = report["networks"]["face"]
    assert face["fully_integer"]
    assert face["measured"]["n"] == 140
    assert face["bytes"] < face["float_bytes"]
    assert kept_bytes(bundle) == sum(entry.bytes for entry in bundle.manifest.files.values())


def test_a_second_release_is_one_more_and_an_older_one_is_refused(tmp_path: Path) -> None:
    out, runs = tmp_path / "bundle", nearest_run(tmp_path / "runs" / "activity")
    first, _ = release_bundle(Order(runs, out, "x"), KEY)
    assert first.label == "vagus 0.1.0"
    bundle, _ = release_bundle(Order(runs, out, "again", min_version="0.1.1"), KEY)
    assert bundle.label == "vagus 0.1.1"
    assert bundle.contract.min_version == "0.1.1"
    before = (out / "MANIFEST.json").read_bytes()
    with pytest.raises(PackError, match=r"holds version 0\.1\.1, newer than 0\.0\.9; raise the version"):
        release_bundle(Order(runs, out, "older", release="0.0.9"), KEY)
    assert (out / "MANIFEST.json").read_bytes() == before


def test_a_benchmark_without_a_graph_goes_along_by_name_alone(tmp_path: Path) -> None:
    runs = nearest_run(tmp_path / "runs" / "activity")
    shutil.copytree(runs / "activity", runs / "mouthami_svm")
    unasked, _ = release_bundle(Order(runs, tmp_path / "unasked", "x"), KEY)
    assert set(unasked.contract.models.tensors) == {"activity"}
    named, _ = release_bundle(Order(runs, tmp_path / "named", "x", network="mouthami_svm"), KEY)
    assert set(named.contract.models.tensors) == {"mouthami_svm"}


def test_the_detector_comes_along_with_its_licence(tmp_path: Path) -> None:
    runs = nearest_run(tmp_path / "runs" / "activity")
    folder = runs / "detector"
    (folder / "LICENSES").mkdir(parents=True)
    (folder / "LICENSES" / "tiny.txt").write_text("MIT")
    (folder / "detector").mkdir()
    (folder / "detector" / "pnet.tflite").write_bytes(
        dense(np.ones((2, 12), np.float32), into="pixels", out="heads", shape=(1, 2, 2, 3))
    )
    piece = {
        "kind": "mtcnn",
        "networks": {
            "pnet": {
                "file": "detector/pnet.tflite",
                "inputs": [{"name": "pixels", "shape": [1, 2, 2, 3], "dtype": "float32"}],
                "outputs": [{"name": "heads", "shape": [1, 2], "dtype": "float32"}],
                "lowering": "float",
                "tolerance": 1e-3,
            }
        },
        "input": {"channels": "BGR"},
        "canvas": [320, 240],
        "sheet": [2, 2],
        "levels": [[0, 0, 2, 2]],
        "thresholds": {"pnet": 0.6},
        "most": {"pnet": 16},
        "source": "by hand",
        "license": "LICENSES/tiny.txt",
    }
    (folder / "contract.json").write_text(json.dumps(piece))
    release_bundle(Order(runs, tmp_path / "bundle", "x"), KEY)
    bundle = Bundle.open(tmp_path / "bundle", TRUSTED)
    assert bundle.read("LICENSES/tiny.txt") == b"MIT"
    assert list(bundle.network("detector/pnet").outputs) == ["heads"]
    (folder / "detector" / "pnet.tflite").unlink()
    with pytest.raises(ExportError, match="holds no detector"):
        release_bundle(Order(runs, tmp_path / "bundle", "x"), KEY)


def test_a_network_that_int8_cannot_tell_is_refused_by_the_bar(tmp_path: Path) -> None:
    apart("tests.fakes.keras_networks", "save_unsure", tmp_path / "runs" / "face")
    with pytest.raises(BarError, match=r"face: no form of the network is sound \(int8: .* agrees with .* at least 97%"):
        release_bundle(Order(tmp_path / "runs", tmp_path / "bundle", "x"), KEY)
    assert not (tmp_path / "bundle").exists()


def test_a_face_network_with_memory_stays_in_integers(tmp_path: Path) -> None:
    apart("tests.fakes.keras_networks", "save_face", tmp_path / "runs" / "paper", "cnn_lstm")
    order = Order(tmp_path / "runs", tmp_path / "bundle", "x", network="paper", full_int8=True)
    bundle, choices = release_bundle(order, KEY)
    face = choices["face"]
    assert isinstance(face, Choice)
    assert face.lowered.form.name == "unrolled-int8"
    assert bundle.contract.models.face is not None


def test_a_parent_of_ones_own_is_taken_with_the_data_beside_it(copied: Path, tmp_path: Path) -> None:
    (copied / "face" / "model.keras").rename(copied / "face" / "mine.keras")
    order = Order(copied, tmp_path / "bundle", "x", parent=copied / "face" / "mine.keras")
    bundle, _ = release_bundle(order, KEY)
    assert bundle.contract.models.wrist is None


def broken(run: Path, how: str) -> None:
    """Spoil a run in one way."""
    if how == "no runs":
        shutil.rmtree(run.parent)
    elif how == "no model":
        (run / "model.keras").unlink()
    elif how == "unknown field":
        (run / "contract.json").write_text('{"colour": "red"}')
    elif how == "no object":
        (run / "contract.json").write_text("[]")
    elif how == "old features":
        (run / "contract.json").write_text('{"feature_version": 99}')
    elif how == "too few":
        np.savez(run / "calibration.npz", face=np.zeros((9, 48, 48, 1), np.float32))
    elif how == "shape":
        np.savez(run / "calibration.npz", face=np.zeros((40, 24, 24, 1), np.float32))
    elif how == "names":
        np.savez(run / "calibration.npz", photo=np.zeros((40, 48, 48, 1), np.float32))
    elif how == "nan":
        np.savez(run / "calibration.npz", face=np.full((40, 48, 48, 1), np.nan, np.float32))
    elif how == "lengths":
        np.savez(run / "held.npz", face=np.zeros((90, 48, 48, 1), np.float32), labels=np.zeros(80, np.int64))
    elif how == "no archive":
        (run / "held.npz").write_bytes(b"PK\x03\x04" + bytes(30))
    else:
        (run / "held.npz").unlink()


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("no runs", "holds none of face, wrist, fusion; train first"),
        ("no model", r"model\.keras is missing; train the network first"),
        ("unknown field", r"contract\.json: Object contains unknown field `colour`"),
        ("no object", r"contract\.json is no JSON object"),
        ("old features", "trained on features of version 99"),
        ("too few", "holds 9 rows, at least 32 are needed"),
        ("shape", r"face is \(24, 24, 1\) in calibration\.npz and \(48, 48, 1\) in held\.npz"),
        ("names", r"calibration\.npz has inputs \['photo'\], held\.npz \['face'\]"),
        ("nan", r"calibration\.npz: face holds NaN or infinity"),
        ("lengths", r"held\.npz holds arrays of \[80, 90\] rows"),
        ("no archive", r"held\.npz cannot be read"),
        ("no held", r"held\.npz is missing"),
    ],
)
def test_input_that_cannot_become_a_bundle_is_refused(copied: Path, tmp_path: Path, how: str, sentence: str) -> None:
    for name in ("wrist", "fusion"):
        shutil.rmtree(copied / name)
    broken(copied / "face", how)
    with pytest.raises(ExportError, match=sentence):
        release_bundle(Order(copied, tmp_path / "bundle", "x"), KEY)
    assert not (tmp_path / "bundle").exists()
    assert not list(tmp_path.glob(".bundle*"))


def test_a_bundle_signed_with_another_key_is_not_the_devices(released: Path) -> None:
    with pytest.raises(BundleError, match="by a trusted key"):
        Bundle.open(released, [])

"""A network that came as ONNX, and the twins of those that came as Keras: both runtimes say the same."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from edge.bundle import CONTRACT, Bundle, BundleError
from edge.bundle_canary import CANARY, read_canary, write_canary
from edge.bundle_contract import FaceModel
from edge.bundle_keys import key_line
from edge.flow import Floats
from edge.inference.choice import Runtime
from edge.inference.runtime import load_network
from export.apart import apart
from export.cli import app
from export.errors import ExportError
from export.inspection import network_rows
from export.onnx_road import foreign
from export.pack import write_bundle
from export.release import Order, release_bundle
from export.verify import compare, logits_of
from tests.export.test_inspection import unchecked
from tests.fakes.bundles import KEY

TRUSTED = [KEY.public_key()]


@pytest.fixture(scope="module")
def came(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("onnx") / "came"
    apart("tests.fakes.onnx_networks", "save_cnn_lstm", run)
    return run


@pytest.fixture(scope="module")
def released(came: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("onnx") / "bundle"
    release_bundle(Order(came, out, "x", onnx=came / "face.onnx"), KEY)
    return out


def face_of(bundle: Bundle) -> FaceModel:
    face = bundle.contract.models.face
    assert face is not None
    return face


def test_it_goes_the_way_of_the_keras_files(released: Path, came: Path) -> None:
    bundle = Bundle.open(released, TRUSTED)
    network = face_of(bundle).network
    assert network.file == "face.tflite"
    assert network.lowering == "unrolled-int8"
    assert network.inputs[0].name == "face"
    assert network.inputs[0].shape == (1, 48, 48, 1)
    assert network.onnx is not None
    twin = (released / network.onnx.file).read_bytes()
    assert (network.onnx.bytes, network.onnx.sha256) == (len(twin), hashlib.sha256(twin).hexdigest())
    told = json.loads(bundle.read("report.json"))["networks"]
    assert {"int8", "unrolled-int8", "float"} <= {candidate["form"] for candidate in told["face"]["candidates"]}
    assert sum(candidate["chosen"] for candidate in told["onnx/face"]["candidates"]) == 1
    assert not list(came.glob("*.keras"))


def test_both_runtimes_say_the_same(released: Path, came: Path) -> None:
    held = {"face": np.load(came / "held.npz")["x"][:40].transpose(0, 2, 3, 1)}
    said: dict[str, Floats] = {}
    libraries: dict[Runtime, str] = {"litert": "litert", "onnx": "onnxruntime"}
    for runtime, library in libraries.items():
        bundle = Bundle.open(released, TRUSTED, runtime=runtime)  # its canary passes in that form
        network = bundle.network("face")
        assert network.runtime.startswith(library)
        said[runtime] = logits_of(network, held)
    measured = compare(said["litert"], said["onnx"], None)
    assert measured.agreement == 1
    assert measured.drift < 0.1


def without_onnx(package: str) -> bool:
    """What is installed on a machine without ONNX Runtime."""
    return package != "onnxruntime"


def test_the_twin_is_shown_timed_and_proven_like_any_network(
    released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trusted.pub").write_text(key_line(KEY.public_key(), "tests"))

    def told(verb: str, place: Path, code: int = 0) -> tuple[dict[str, Any], str]:
        result = CliRunner().invoke(app, [verb, str(place), "--trusted", str(tmp_path / "trusted.pub"), "--json", "-"])
        assert result.exit_code == code, result.stderr
        return json.loads(result.stdout), result.stderr

    bundle = Bundle.open(released, TRUSTED, canary=False)
    twin = face_of(bundle).network.onnx
    assert twin is not None
    assert [row[:2] for row in network_rows(bundle)] == [("face", "unrolled-int8"), ("onnx/face", twin.lowering)]
    assert [row["network"] for row in told("bench", released)[0]["networks"]] == ["face", "onnx/face"]
    verdict, said = told("verify", released)
    assert verdict["twins_passed"] == 1
    assert "canary passed, by 1 ONNX twins too" in said
    with monkeypatch.context() as patched:
        patched.setattr("export.inspection.installed", without_onnx)
        verdict, said = told("verify", released)
        assert verdict["twins_passed"] is None
        assert "were not run: install onnxruntime" in said
    files = {file: bundle.read(file) for file in bundle.manifest.files if file != CONTRACT}
    vectors = read_canary(files[CANARY])
    vectors["onnx/face"][0].outputs["logits"] += 5
    with monkeypatch.context() as patched:  # a maker whose own check was skipped
        patched.setattr("edge.bundle.check_canary", unchecked)
        write_bundle(tmp_path / "b", bundle.contract, {**files, CANARY: write_canary(vectors)}, KEY)
    assert "network onnx/face, canary 0, first run" in told("verify", tmp_path / "b", 1)[0]["refused"]


def test_an_operator_without_a_layer_sends_it_to_onnx_runtime(tmp_path: Path) -> None:
    apart("tests.fakes.onnx_networks", "save_cnn_lstm", tmp_path / "odd", "odd")
    release_bundle(Order(tmp_path, tmp_path / "bundle", "x", onnx=tmp_path / "odd" / "face.onnx"), KEY)
    bundle = Bundle.open(tmp_path / "bundle", TRUSTED)
    assert face_of(bundle).network.file == "face.onnx"
    assert bundle.network("face").runtime.startswith("onnxruntime")
    told = json.loads(bundle.read("report.json"))["networks"]["face"]
    assert told["litert_refused"].startswith("operator Erf")
    with pytest.raises(BundleError, match=r"face has no \.tflite file, which models\.runtime = 'litert' asks for"):
        Bundle.open(tmp_path / "bundle", TRUSTED, runtime="litert")


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("none", r"face\.onnx is missing; name the \.onnx file"),
        ("cut", r"face\.onnx cannot be read as an ONNX model"),
        ("nan", r"face\.onnx: weight head holds NaN or infinity"),
        ("names", r"the contract's inputs are \{'x': 5\}"),
        ("shape", r"input face has shape .* but its data \(24, 24, 1\); make the windows anew"),
        ("contract", r"contract\.json is missing"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path: Path, came: Path, how: str, sentence: str) -> None:
    run = Path(shutil.copytree(came, tmp_path / "run"))
    file = run / "face.onnx"
    if how == "none":
        file.unlink()
    elif how == "cut":
        file.write_bytes(file.read_bytes()[:300])
    elif how == "nan":
        shutil.rmtree(run)
        apart("tests.fakes.onnx_networks", "save_cnn_lstm", run, "broken")
    elif how == "names":
        (run / "face.json").write_text('{"inputs": {"x": 5}}')
    elif how == "shape":
        for name in ("calibration", "held"):
            np.savez(run / f"{name}.npz", x=np.zeros((60, 1, 24, 24), np.float32))
    else:
        (run / "face.json").unlink()
    with pytest.raises(ExportError, match=sentence), foreign(file, None):
        pass


def test_pytorch_users_are_served(tmp_path: Path, came: Path) -> None:
    pytest.importorskip("torch", reason="PyTorch is no part of vagus; the fixture above has the same operators")
    run = Path(shutil.copytree(came, tmp_path / "run"))
    apart("tests.fakes.torch_networks", "save_cnn_lstm", run / "face.onnx")
    with foreign(run / "face.onnx", None) as made:
        assert made.refused is None
        assert load_network(made.source.content, name="face.onnx").outputs["logits"].shape == (1, 7)

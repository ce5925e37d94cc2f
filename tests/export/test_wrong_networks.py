"""Networks whose answers a device would misread are refused by what is wrong with them; a Sequential is not."""

from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import numpy as np
import pytest

from edge.bundle_contract import Network, Tensor
from edge.inference.runtime import load_network
from export.apart import apart, examine
from export.errors import ExportError, LoweringError
from export.gathered import model_of
from export.onnx_parent import prepared
from export.onnx_road import foreign
from export.trained import Trained


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("odd") / "networks"
    apart("tests.fakes.odd_networks", "save_all", place)
    return place


ROWS = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)


def test_a_sequential_network_is_read_like_any_other(odd: Path) -> None:
    parent = examine(odd / "sequential.keras", {"numbers": ROWS})
    assert parent.answers["logits"].shape == (60, 3)
    assert parent.parameters == 15


@pytest.mark.parametrize("name", ["softmax", "softmax_apart", "activation"])
def test_a_softmax_at_the_end_is_left_out(odd: Path, name: str) -> None:
    said = examine(odd / f"{name}.keras", {"numbers": ROWS}).answers["logits"]
    assert said.shape == (60, 3)
    assert said.min() < 0
    assert abs(said.sum(axis=1) - 1).max() > 0.1


@pytest.mark.parametrize("name", ["sigmoid", "sigmoid_apart"])
def test_the_sigmoid_of_a_lone_answer_is_left_out(odd: Path, name: str) -> None:
    said = examine(odd / f"{name}.keras", {"numbers": ROWS}).answers["logits"]
    assert said.shape == (60, 1)
    assert said.min() < 0


def test_the_sigmoid_of_an_onnx_file_is_left_out() -> None:
    content = cast(bytes, apart("tests.fakes.odd_networks", "onnx_of", "lone"))
    network = load_network(prepared("m.onnx", content, {}, {"x": ROWS}), name="m.onnx")
    said = [float(network.run({"x": row[np.newaxis]})["logits"].item()) for row in ROWS]
    assert np.allclose(said, ROWS.mean(axis=1), atol=1e-6)


def test_a_yes_or_no_to_each_class_is_refused(odd: Path) -> None:
    with pytest.raises(ExportError, match="yes or no to each of its 3 answers by a sigmoid"):
        examine(odd / "each.keras", {"numbers": ROWS})


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("hidden", "numbers", "answers probabilities, expected logits; leave the softmax at its end out"),
        ("two", "numbers", r"answers a \(3,\), b \(2,\); expected `logits` of one axis"),
        ("sequence", "numbers", r"answers logits \(2, 2\); expected `logits` of one axis"),
        ("spaces", "my numbers", "'my numbers' cannot be a name in a file; rename it"),
        ("umlaut", "numbers", "cannot be a name in a file; rename it"),
    ],
)
def test_answers_and_names_that_no_device_reads(odd: Path, name: str, data: str, sentence: str) -> None:
    with pytest.raises(LoweringError, match=sentence):
        examine(odd / f"{name}.keras", {data: ROWS})


def trained(piece: dict[str, Any], inputs: str) -> Trained:
    rows = {inputs: np.zeros((60, 6, 3), np.float32)}
    return Trained("mine", Path("model.keras"), MappingProxyType(piece), rows, (), rows, None, {}, Path("mine.json"))


def test_a_contract_that_counts_otherwise_than_its_network() -> None:
    logits = (Tensor("logits", (1, 7), "float32"),)
    entry = Network("face.tflite", (Tensor("face", (1, 46, 46, 1), "float32"),), logits, "int8")
    with pytest.raises(ExportError, match=r"mine\.json names 2 labels, the network says 7; train it again"):
        model_of("face", trained({"labels": ["a", "b"]}, "face"), entry, ())
    piece = {"labels": ["calm", "stress"], "features": ["enmo"], "window_s": 60.0, "step_s": 5.0}
    entry = Network(
        "w.tflite", (Tensor("features", (1, 6, 3), "float32"),), (Tensor("logits", (1, 2), "float32"),), "x"
    )
    with pytest.raises(ExportError, match=r"mine\.json names 1 features, the network eats 3; train it again"):
        model_of("wrist", trained(piece, "features"), entry, ())


def test_a_wrong_field_is_told_of_the_contract_that_was_read() -> None:
    entry = Network("f.tflite", (Tensor("face", (1, 7), "float32"),), (Tensor("logits", (1, 1), "float32"),), "x")
    with pytest.raises(ExportError, match=r"^mine\.json: .*threshold"):
        model_of("fusion", trained({"threshold": "high"}, "face"), entry, ())


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("classes", r"m\.onnx: .*logits is tensor\(int64\)"),
        ("flat", r"answers \(\) to a row, expected logits"),
        ("straight", "has an output that no operator gives"),
        ("each", "yes or no to each of its answers by a sigmoid"),
    ],
)
def test_an_onnx_file_that_answers_no_logits(kind: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(cast(bytes, apart("tests.fakes.odd_networks", "onnx_of", kind)))
    (tmp_path / "m.json").write_text("{}")
    for name in ("calibration", "held"):
        np.savez(tmp_path / f"{name}.npz", face=ROWS)
    with pytest.raises(ExportError, match=sentence), foreign(tmp_path / "m.onnx", None):
        pass

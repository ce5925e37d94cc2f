"""Every form of a network says what its parent says, or is refused with the layer's name."""

from pathlib import Path
from typing import cast

import numpy as np
import pytest

from edge.flow import Floats
from edge.inference.runtime import load_network
from export.apart import apart, examine, lower
from export.errors import ExportError, LoweringError
from export.forms import Form, Shape, Weights
from export.operators import fully_integer, operators
from export.trained import read_run
from export.verify import compare, logits_of


def parent_logits(path: Path, rows: dict[str, Floats]) -> Floats:
    return examine(path, rows).answers["logits"]


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_stepwise_says_at_the_end_what_the_whole_window_says(tmp_path: Path, kind: str) -> None:
    apart("tests.fakes.keras_networks", "save_wrist", tmp_path / "wrist", kind)
    run = read_run(tmp_path / "wrist")
    said = apart("tests.fakes.keras_networks", "walk_of", run.parent, run.held["features"])
    whole, stepped = cast(tuple[Floats, Floats], said)
    np.testing.assert_allclose(whole, stepped, atol=1e-5)
    lowered = lower(run.parent, Form("stepwise", "float"), run.calibration)
    letters = {"lstm": ["first_h", "first_c", "memory_h", "memory_c"], "gru": ["memory_h"]}[kind]
    assert [state.input for state in lowered.states] == letters
    network = load_network(lowered.content, name="step.tflite")
    for _ in range(2):  # what one pass leaves behind must not reach the next
        np.testing.assert_allclose(logits_of(network, dict(run.held), lowered.states), whole, atol=1e-4)


@pytest.mark.parametrize(
    ("shape", "weights"),
    [
        ("stepwise", "dynamic"),
        ("stepwise", "16x8"),
        ("stepwise", "int8"),
        ("unrolled", "int8"),
        ("whole", "float"),
        ("fused", "dynamic"),
    ],
)
def test_a_recurrent_network_keeps_its_word_in_every_form(runs: Path, shape: Shape, weights: Weights) -> None:
    run = read_run(runs / "wrist")
    held = {name: values[:40] for name, values in run.held.items()}
    lowered = lower(run.parent, Form(shape, weights), run.calibration)
    network = load_network(lowered.content, name="n.tflite", carries_state=lowered.carries_state)
    measured = compare(logits_of(network, held, lowered.states), parent_logits(run.parent, held), None)
    assert measured.agreement >= 0.97
    assert measured.drift < 0.2
    assert operators(lowered.content)
    if weights == "int8":
        ports = (*network.inputs.values(), *network.outputs.values())
        assert {port.dtype.name for port in ports} == {"int8"}
        # A gate that meets the empty cell of the first moment has no reader: the converter leaves its SPLIT in float.
        assert operators(lowered.content).get("DEQUANTIZE", 0) <= 2


def test_a_fused_memory_is_one_operator_that_must_be_reset(runs: Path) -> None:
    run = read_run(runs / "wrist")
    lowered = lower(run.parent, Form("fused", "float"), run.calibration)
    assert operators(lowered.content)["UNIDIRECTIONAL_SEQUENCE_LSTM"] == 2
    rows = {name: values[:5] for name, values in run.held.items()}
    whole = parent_logits(run.parent, rows)
    network = load_network(lowered.content, name="f.tflite", carries_state=True)
    for _ in range(2):
        np.testing.assert_allclose(logits_of(network, rows), whole, atol=1e-4)
    # The trap: without the reset, a second run begins where the first ended.
    forgetful = load_network(lowered.content, name="f.tflite")
    np.testing.assert_allclose(logits_of(forgetful, {"features": rows["features"][:1]}), whole[:1], atol=1e-4)
    assert np.abs(logits_of(forgetful, rows) - whole).max() > 0.1


def test_the_fused_form_says_why_it_is_not_to_be_had(tmp_path: Path, runs: Path) -> None:
    apart("tests.fakes.keras_networks", "save_wrist", tmp_path / "wrist", "gru")
    run = read_run(tmp_path / "wrist")
    with pytest.raises(LoweringError, match=r"layer memory \(GRU\) has no fused operator; use another form"):
        lower(run.parent, Form("fused", "dynamic"), run.calibration)
    with pytest.raises(LoweringError, match=r"converter refuses \(.*UNIDIRECTIONAL_SEQUENCE_LSTM"):
        lower(runs / "wrist" / "model.keras", Form("fused", "16x8"), run.calibration)


def test_a_convolution_in_bfloat16_with_open_sides_becomes_int8(tmp_path: Path) -> None:
    apart("tests.fakes.keras_networks", "save_face", tmp_path / "face", "bfloat16")
    run = read_run(tmp_path / "face")
    lowered = lower(run.parent, Form("whole", "int8"), run.calibration)
    assert fully_integer(lowered.content)
    assert load_network(lowered.content, name="f.tflite").inputs["face"].shape == (1, 48, 48, 1)


def test_what_is_impossible_takes_no_steps_from_what_is_likely(tmp_path: Path) -> None:
    apart("tests.fakes.keras_networks", "save_sure", tmp_path / "face")
    run = read_run(tmp_path / "face")
    lowered = lower(run.parent, Form("whole", "int8"), run.calibration)
    assert fully_integer(lowered.content)
    network = load_network(lowered.content, name="f.tflite")
    said, wanted = logits_of(network, dict(run.held)), parent_logits(run.parent, dict(run.held))
    assert wanted.min() < -59
    assert said.min() > -30  # as impossible, at half the step
    assert compare(said, wanted, None).drift_mean < 0.01


def test_what_rounding_adds_to_every_answer_is_taken_off(runs: Path) -> None:
    run = read_run(runs / "wrist")
    lowered = lower(run.parent, Form("unrolled", "int8"), run.calibration)
    few = {name: values[:100] for name, values in run.held.items()}
    said = logits_of(load_network(lowered.content, name="n.tflite"), few)
    step = np.diff(np.unique(said)).min()
    rows = [{name: values[row : row + 1] for name, values in few.items()} for row in range(100)]
    for lean in (0.0, 5 * step):
        content = cast(bytes, apart("export.unbiased", "unbiased", lowered.content, rows, {"logits": said - lean}))
        again = logits_of(load_network(content, name="n.tflite"), few)
        inside = (said > said.min() + lean) & (said < said.max())
        np.testing.assert_allclose((said - again)[inside], lean, atol=1.01 * step)
    unknown = apart("export.unbiased", "unbiased", lowered.content, rows[:10], {"logits": said[:10] - 5 * step})
    assert np.array_equal(logits_of(load_network(cast(bytes, unknown), name="n.tflite"), few), said)


def test_calibrating_a_loop_ends_the_child_and_not_us(runs: Path) -> None:
    run = read_run(runs / "wrist")
    with pytest.raises(LoweringError, match=r"the converter (crashed with signal 11|failed|refuses)"):
        lower(run.parent, Form("whole", "int8"), run.calibration)


@pytest.mark.parametrize(("kind", "layer"), [("bidirectional", "both_ways"), ("pooled", "pooled")])
def test_a_layer_that_needs_other_moments_is_named(tmp_path: Path, kind: str, layer: str) -> None:
    apart("tests.fakes.keras_networks", "save_wrist", tmp_path / "wrist", kind)
    run = read_run(tmp_path / "wrist")
    with pytest.raises(LoweringError, match=f"layer {layer} .* looks at several moments"):
        lower(run.parent, Form("stepwise", "dynamic"), run.calibration)


def test_a_network_without_memory_has_no_recurrent_form(runs: Path) -> None:
    run = read_run(runs / "face")
    with pytest.raises(LoweringError, match="has no recurrent layer"):
        lower(run.parent, Form("unrolled", "int8"), run.calibration)


def test_weights_that_are_not_numbers_are_refused(tmp_path: Path, runs: Path) -> None:
    path = tmp_path / "model.keras"
    apart("tests.fakes.keras_networks", "save_broken", path)
    with pytest.raises(ExportError, match="weight conv/kernel holds NaN or infinity"):
        examine(path, read_run(runs / "face").held)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04" + bytes(40)])
def test_a_corrupt_model_is_refused(tmp_path: Path, runs: Path, content: bytes) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(content)
    with pytest.raises(ExportError, match=r"model\.keras cannot be read as a Keras model"):
        examine(path, read_run(runs / "face").held)


def test_an_operator_outside_of_the_runtime_is_refused(tmp_path: Path, runs: Path) -> None:
    path = tmp_path / "odd.keras"
    apart("tests.fakes.keras_networks", "save_odd", path)
    with pytest.raises(LoweringError, match=r"odd as int8: the converter refuses \(.*Erfinv"):
        lower(path, Form("whole", "int8"), read_run(runs / "face").calibration)


def test_data_of_another_shape_or_name_is_refused(runs: Path) -> None:
    run = read_run(runs / "wrist")
    with pytest.raises(LoweringError, match=r"has inputs \['features'\], but its data has \['face'\]"):
        examine(run.parent, {"face": run.held["features"]})
    with pytest.raises(LoweringError, match=r"input features has shape \(6, 3\), but its data \(6, 2\)"):
        examine(run.parent, {"features": run.held["features"][:, :, :2]})


def test_a_saved_model_is_as_good_as_a_keras_file(tmp_path: Path) -> None:
    apart("tests.fakes.keras_networks", "save_saved_models", tmp_path)
    run = read_run(tmp_path / "face", parent=tmp_path / "face" / "graph")
    parent = examine(run.parent, {"face": run.held["face"][:20]})
    assert (parent.recurrent, parent.convolutional) == ((), True)
    lowered = lower(run.parent, Form("whole", "int8"), run.calibration)
    assert fully_integer(lowered.content)
    assert list(load_network(lowered.content, name="f.tflite").inputs) == ["face"]
    np.testing.assert_allclose(
        parent.answers["logits"], parent_logits(tmp_path / "face" / "model.keras", {"face": run.held["face"][:20]}),
        atol=1e-4,
    )  # fmt: skip
    # Keras 2 leaves its layers beside the graph, so that every form can be had.
    layers = tmp_path / "wrist" / "layers"
    held = {"features": read_run(tmp_path / "wrist", parent=layers).held["features"][:20]}
    assert examine(layers, held).recurrent == ("memory",)
    stepped = lower(layers, Form("stepwise", "dynamic"), held)
    assert [state.input for state in stepped.states] == ["memory_h", "memory_c"]
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ExportError, match="empty cannot be read as a SavedModel"):
        examine(empty, held)

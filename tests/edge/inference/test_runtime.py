"""The runtime seam: names, shapes, scales, two runs in a row, and refusals."""

import numpy as np
import pytest

from edge.flow import Floats
from edge.inference.ports import NetworkError, Port
from edge.inference.runtime import TfliteNetwork, load_network
from tests.fakes.networks import dense, dense_int8, leaky_step, looking_up, remembering

WEIGHTS = np.array([[1.0, 2.0, 3.0], [0.5, 0.0, -0.5]], np.float32)
INPUT = np.array([[1.0, -1.0, 2.0]], np.float32)


def test_a_float_network_is_called_by_name() -> None:
    network = load_network(dense(WEIGHTS, into="features", out="logits"), name="wrist.tflite")
    assert list(network.inputs) == ["features"]
    assert network.outputs["logits"].shape == (1, 2)
    np.testing.assert_allclose(network.run({"features": INPUT})["logits"], INPUT @ WEIGHTS.T)
    assert network.runtime.startswith("litert")


def test_a_network_without_signature_is_called_by_tensor_name() -> None:
    network = load_network(dense(WEIGHTS, into="features", out="logits", signature=False), name="wrist.tflite")
    np.testing.assert_allclose(network.run({"features": INPUT})["logits"], INPUT @ WEIGHTS.T)


def test_integers_are_scaled_on_the_way_in_and_out() -> None:
    weights = np.array([[127, 0, -127], [64, 64, 64]], np.int8)
    network = load_network(dense_int8(weights, into="x", out="y"), name="face.tflite")
    values = np.array([[0.5, 0.25, -0.5]], np.float32)
    expected = values @ (weights / np.float32(127)).T
    np.testing.assert_allclose(network.run({"x": values})["y"], expected, atol=0.05)
    raw = network.run_raw({"x": network.inputs["x"].quantise(values)})["y"]
    assert raw.dtype == np.int8
    np.testing.assert_allclose(network.outputs["y"].dequantise(raw), expected, atol=0.05)


@pytest.mark.parametrize("make", [dense_int8, dense])
def test_the_short_way_answers_as_the_long_one_and_twice_in_a_row(make: object) -> None:
    weights = np.array([[100, -20, 7]], np.int8)
    content = (
        dense_int8(weights, into="x", out="y")
        if make is dense_int8
        else dense(weights.astype(np.float32), into="x", out="y")
    )
    network = load_network(content, name="n.tflite")
    quick = network.quick()
    half: Floats = np.multiply(INPUT, np.float32(0.5))
    for values in (half, -INPUT, half):
        np.testing.assert_array_equal(quick(values), network.run({"x": values})["y"])
    assert quick(INPUT) is quick(INPUT)


def test_values_beyond_the_range_are_held_at_its_ends() -> None:
    port = Port("x", (1,), np.dtype(np.int8), 0.5, 10)
    assert port.quantise(np.array([1e9, -1e9, 0.0], np.float32)).tolist() == [127, -128, 10]
    assert port.dequantise(np.array([127, 10], np.int8)).tolist() == [58.5, 0.0]


def test_two_inputs_and_outputs_go_by_name() -> None:
    network = load_network(leaky_step(3), name="step.tflite")
    answer = network.run({"features": INPUT, "state": np.full((1, 3), 2.0, np.float32)})
    np.testing.assert_allclose(answer["state_out"], INPUT + 1.0)
    np.testing.assert_allclose(answer["logits"], [[5.0]])
    with pytest.raises(NetworkError, match="needs one input and one output"):
        network.quick()


def test_variables_that_stay_are_reset_before_each_run() -> None:
    forgetting = load_network(remembering(3), name="n.tflite", carries_state=True)
    first = forgetting.run({"features": INPUT})["logits"]
    np.testing.assert_array_equal(forgetting.run({"features": INPUT})["logits"], first)
    keeping = load_network(remembering(3), name="n.tflite")
    keeping.run({"features": INPUT})
    assert not np.array_equal(keeping.run({"features": INPUT})["logits"], first)
    keeping.reset()
    np.testing.assert_array_equal(keeping.run({"features": INPUT})["logits"], first)


def test_wrong_feeds_are_refused_by_name() -> None:
    network = load_network(leaky_step(3), name="step.tflite")
    with pytest.raises(NetworkError, match="input state was not given"):
        network.run({"features": INPUT})
    with pytest.raises(NetworkError, match="no input is called pixels; it has features, state"):
        network.run({"pixels": INPUT})
    with pytest.raises(NetworkError, match=r"input features is float32 \(1, 2\), expected float32 \(1, 3\)"):
        network.run({"features": INPUT[:, :2], "state": INPUT})


def test_files_that_cannot_be_loaded_are_refused_in_a_sentence() -> None:
    whole = dense(WEIGHTS, into="x", out="y")
    with pytest.raises(NetworkError, match=r"cut\.tflite: litert .* cannot load it"):
        load_network(whole[: len(whole) // 3], name="cut.tflite")
    with pytest.raises(NetworkError, match="operators that this runtime lacks; install ai-edge-litert"):
        load_network(dense(WEIGHTS, into="x", out="y", version=99), name="new.tflite")
    with pytest.raises(NetworkError, match="is no network file"):
        load_network(whole, name="face.bin")
    with pytest.raises(NetworkError, match="threads must be at least 1, got 0"):
        TfliteNetwork(whole, name="face.tflite", threads=0)


def test_an_operator_that_fails_is_a_fault_of_the_network_and_the_next_run_is_right() -> None:
    network = load_network(looking_up(4), name="wrist.tflite")
    ask, beyond, there = network.quick(), np.array([99.0], np.float32), np.array([3.0], np.float32)
    with pytest.raises(NetworkError, match=r"wrist\.tflite: litert .* cannot run it \(gather index"):
        ask(beyond)
    with pytest.raises(NetworkError, match="cannot run it"):
        network.run({"features": beyond})
    assert ask(there) == network.run({"features": there})["logits"] == [1.0]

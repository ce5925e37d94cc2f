"""ONNX Runtime behind the same seam: the same answers, the same refusals."""

import importlib

import numpy as np
import pytest

from edge.flow import Floats
from edge.inference.ports import NetworkError
from edge.inference.runtime import load_network
from tests.fakes.networks import dense

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

from tests.fakes.onnx_networks import dense_onnx, lstm_step_onnx

WEIGHTS = np.array([[1.0, 2.0, 3.0], [0.5, 0.0, -0.5]], np.float32)
INPUT = np.array([[1.0, -1.0, 2.0]], np.float32)


def test_it_says_what_litert_says() -> None:
    ours = load_network(dense_onnx(WEIGHTS, into="features", out="logits", batch="n"), name="wrist.onnx")
    litert = load_network(dense(WEIGHTS, into="features", out="logits"), name="wrist.tflite")
    assert {name: port.shape for name, port in ours.inputs.items()} == {"features": (1, 3)}
    assert ours.runtime.startswith("onnxruntime")
    for values in (INPUT, -INPUT, INPUT):
        np.testing.assert_allclose(ours.run({"features": values})["logits"], litert.run({"features": values})["logits"])
        np.testing.assert_array_equal(ours.quick()(values), ours.run({"features": values})["logits"])
    quick = ours.quick()
    assert quick(INPUT) is quick(INPUT)
    ours.reset()


def test_an_lstm_with_its_state_in_the_callers_hands() -> None:
    rng = np.random.default_rng(0)
    weights, recurrent, bias = (rng.normal(0, 0.5, shape).astype(np.float32) for shape in ((16, 3), (16, 4), (16,)))
    network = load_network(lstm_step_onnx(weights, recurrent, bias), name="step.onnx")
    h: Floats = np.zeros((1, 4), np.float32)
    c: Floats = np.zeros((1, 4), np.float32)
    wanted_h, wanted_c = h.astype(np.float64), c.astype(np.float64)
    for moment in range(5):
        x = INPUT * np.float32(moment - 2)
        said = network.run({"features": x, "h": h, "c": c})
        h, c = said["h_out"], said["c_out"]
        i, o, f, g = np.split(x @ weights.T + wanted_h @ recurrent.T + bias, 4, axis=1)
        wanted_c = wanted_c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
        wanted_h = np.tanh(wanted_c) / (1 + np.exp(-o))
        np.testing.assert_allclose(h, wanted_h, atol=1e-5)
    with pytest.raises(NetworkError, match="needs one input and one output"):
        network.quick()


def test_wrong_feeds_and_files_are_refused() -> None:
    content = dense_onnx(WEIGHTS, into="x", out="y")
    network = load_network(content, name="n.onnx")
    with pytest.raises(NetworkError, match="input x was not given"):
        network.run({})
    with pytest.raises(NetworkError, match="no input is called z; it has x"):
        network.run({"z": INPUT})
    with pytest.raises(NetworkError, match=r"n\.onnx: ONNX Runtime cannot run it \("):
        network.quick()(INPUT[:, :2])
    with pytest.raises(NetworkError, match=r"input x is float32 \(1, 2\), expected float32 \(1, 3\)"):
        network.run({"x": INPUT[:, :2]})
    with pytest.raises(NetworkError, match=r"cut\.onnx: ONNX Runtime cannot load it"):
        load_network(content[:40], name="cut.onnx")
    with pytest.raises(NetworkError, match=r"x is tensor\(float\) \(1, 'n'\); export it with fixed sizes"):
        load_network(dense_onnx(WEIGHTS, into="x", out="y", columns="n"), name="n.onnx")
    with pytest.raises(NetworkError, match="threads must be at least 1, got 0"):
        load_network(content, name="n.onnx", threads=0)


def test_a_machine_without_onnx_runtime_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def absent(name: str, package: str | None = None) -> object:
        if name == "onnxruntime":
            raise ModuleNotFoundError(name=name)
        return real(name, package)

    content = dense_onnx(WEIGHTS, into="x", out="y")
    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(NetworkError, match="which is not installed; pip install onnxruntime"):
        load_network(content, name="n.onnx")

"""Small `.onnx` files made with the `onnx` package, twins of the `.tflite` files of networks.py."""
# The onnx package's helpers take and return untyped protobufs. The functions' own signatures are typed.
# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from edge.flow import EMOTIONS, Floats
from edge.inference.runtime import load_network

_OPSET = 17

Node: TypeAlias = tuple[str, list[str], list[str], dict[str, Any]]
"""Operator, inputs, outputs, options."""


def dense_onnx(weights: Floats, *, into: str, out: str, batch: int | str = 1, columns: int | str = 0) -> bytes:
    """out = weights @ input; ``batch`` and ``columns`` may be free, by a name."""
    rows, known = weights.shape
    node: Node = ("Gemm", [into, "weights"], [out], {"transB": 1})
    return _file([node], [(into, (batch, columns or known))], [(out, (batch, rows))], {"weights": weights})


def lstm_step_onnx(weights: Floats, recurrent: Floats, bias: Floats) -> bytes:
    """One moment of an LSTM as PyTorch exports it: `features` (1, k), `h` and `c` (1, u) in; `h_out`, `c_out` out.

    Weights (4u, k), recurrent (4u, u) and bias (4u,) in ONNX's order of gates: input, output, forget, candidate.
    """
    units = recurrent.shape[1]
    axes = {"first": np.array([0], np.int64), "second": np.array([1], np.int64)}
    numbers: dict[str, npt.NDArray[Any]] = {
        "W": weights[None], "R": recurrent[None], "B": np.concatenate([bias, 0 * bias])[None], **axes,
    }  # fmt: skip
    nodes: list[Node] = [
        ("Unsqueeze", ["features", "first"], ["sequence"], {}),
        ("Unsqueeze", ["h", "first"], ["h0"], {}),
        ("Unsqueeze", ["c", "first"], ["c0"], {}),
        ("LSTM", ["sequence", "W", "R", "B", "", "h0", "c0"], ["", "h1", "c1"], {"hidden_size": units}),
        ("Squeeze", ["h1", "first"], ["h_out"], {}),
        ("Squeeze", ["c1", "first"], ["c_out"], {}),
    ]
    inputs = [("features", (1, weights.shape[1])), ("h", (1, units)), ("c", (1, units))]
    return _file(nodes, inputs, [("h_out", (1, units)), ("c_out", (1, units))], numbers)


def save_cnn_lstm(run: Path, kind: str = "plain") -> None:
    """A run as someone with PyTorch has it: `face.onnx`, face.json, and data with the colours first, named `x`.

    Conv, Relu, MaxPool, LSTM over rows, Gemm, Softmax; random but for its last layer, which is solved for the labels.
    `odd` holds an operator that has no layer in Keras, `broken` a weight that is NaN.
    """
    from tests.fakes.keras_networks import faces

    run.mkdir(parents=True)
    learned, labels = faces(210)
    body = load_network(_cnn_lstm(None, None, kind, ends="seen"), name="body.onnx")
    seen = np.concatenate([body.run({"x": face[None].transpose(0, 3, 1, 2)})["seen"] for face in learned])
    whole = np.concatenate([seen, np.ones((len(seen), 1))], axis=1).astype(np.float64)
    solved = np.linalg.solve(whole.T @ whole + 1e-2 * np.eye(25), whole.T @ (6 * np.eye(7)[labels] - 3))
    head = solved.astype(np.float32)
    if kind == "broken":
        head[0, 0] = np.nan
    (run / "face.onnx").write_bytes(_cnn_lstm(head[:-1].T, head[-1], kind, ends="probabilities"))
    (run / "face.json").write_text(json.dumps({"labels": list(EMOTIONS), "inputs": {"x": "face"}}))
    np.savez(run / "calibration.npz", x=faces(70, 1)[0].transpose(0, 3, 1, 2))
    held, truth = faces(140, 2)
    np.savez(run / "held.npz", x=held.transpose(0, 3, 1, 2), labels=truth)


def _cnn_lstm(head: Floats | None, offset: Floats | None, kind: str, *, ends: str) -> bytes:
    """(n, 1, 48, 48) as `x` to `seen` (n, 24) or `probabilities` (n, 7)."""
    rng = np.random.default_rng(5)
    numbers: dict[str, npt.NDArray[Any]] = {
        "k1": rng.normal(0, 0.5, (8, 1, 3, 3)), "k2": rng.normal(0, 0.15, (16, 8, 3, 3)),
        "W": rng.normal(0, 0.15, (1, 96, 96)), "R": rng.normal(0, 0.2, (1, 96, 24)), "B": np.zeros((1, 192)),
    }  # fmt: skip
    if head is not None and offset is not None:
        numbers |= {"head": head, "offset": offset}
    numbers = {name: values.astype(np.float32) for name, values in numbers.items()}
    numbers |= {"rows": np.array([0, 6, 96], np.int64), "ways": np.array([1], np.int64), "last": np.array(-1, np.int64)}
    odd: list[Node] = [("Erf", ["c1"], ["o1"], {})] if kind == "odd" else [("Relu", ["c1"], ["o1"], {})]
    nodes: list[Node] = [
        ("Conv", ["x", "k1"], ["c1"], {"strides": [4, 4], "pads": [1, 1, 1, 1]}),
        *odd,
        ("MaxPool", ["o1"], ["p1"], {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("Conv", ["p1", "k2"], ["c2"], {"pads": [1, 1, 1, 1]}),
        ("Relu", ["c2"], ["r2"], {}),
        ("Transpose", ["r2"], ["t2"], {"perm": [0, 2, 1, 3]}),
        ("Reshape", ["t2", "rows"], ["batched"], {}),
        ("Transpose", ["batched"], ["moments"], {"perm": [1, 0, 2]}),
        ("LSTM", ["moments", "W", "R", "B"], ["Y", "", ""], {"hidden_size": 24}),
        ("Squeeze", ["Y", "ways"], ["sequence"], {}),
        ("Gather", ["sequence", "last"], ["seen"], {"axis": 0}),
    ]
    if ends == "seen":
        return _file(nodes, [("x", ("n", 1, 48, 48))], [("seen", ("n", 24))], numbers)
    nodes += [("Gemm", ["seen", "head", "offset"], ["logits"], {"transB": 1}), ("Softmax", ["logits"], [ends], {})]
    return _file(nodes, [("x", ("n", 1, 48, 48))], [(ends, ("n", 7))], numbers)


def _file(
    nodes: Sequence[Node],
    inputs: Sequence[tuple[str, tuple[int | str, ...]]],
    outputs: Sequence[tuple[str, tuple[int | str, ...]]],
    numbers: dict[str, npt.NDArray[Any]],
) -> bytes:
    onnx: Any = import_module("onnx")
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(kind, given, made, **options) for kind, given, made, options in nodes],
        "tiny",
        [value(name, onnx.TensorProto.FLOAT, shape) for name, shape in inputs],
        [value(name, onnx.TensorProto.FLOAT, shape) for name, shape in outputs],
        [onnx.numpy_helper.from_array(array, name) for name, array in numbers.items()],
    )
    opset = [onnx.helper.make_opsetid("", _OPSET)]
    model = onnx.helper.make_model(graph, opset_imports=opset, ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())

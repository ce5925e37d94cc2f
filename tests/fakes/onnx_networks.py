"""Small `.onnx` files made with the `onnx` package, twins of the `.tflite` files of networks.py."""
# The onnx package's helpers take and return untyped protobufs. The functions' own signatures are typed.
# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false

from collections.abc import Sequence
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from edge.flow import Floats

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

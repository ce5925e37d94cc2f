"""A prepared `.onnx` file to a `.keras` file, layer for layer, so that every lowering applies to it."""
# Keras and onnx ship no types: what they return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from pathlib import Path
from typing import Any

import keras
import onnx

from export.errors import LoweringError
from export.onnx_layers import OPERATORS
from export.onnx_view import Node, Reading, View


def read(content: bytes, place: Path) -> None:
    """Write the network of an `.onnx` file (batch of one, constants folded) as ``place``, a `.keras` file.

    Inputs and output keep their names and their shapes. Raises LoweringError naming the operator that has no layer.
    """
    model: Any = onnx.shape_inference.infer_shapes(onnx.load_from_string(content), strict_mode=True, data_prop=True)
    graph = model.graph
    reading = Reading(
        constants={tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer},
        shapes={
            port.name: tuple(int(side.dim_value) for side in port.type.tensor_type.shape.dim)
            for port in (*graph.input, *graph.value_info, *graph.output)
        },
        wanted={name for node in graph.node for name in node.input} | {port.name for port in graph.output},
    )
    if any(side < 1 for shape in reading.shapes.values() for side in shape):
        raise LoweringError("the network has sizes that are known only when it runs; export it with fixed sizes")
    inputs: dict[str, Any] = {}
    for port in graph.input:
        shape = reading.shapes[port.name]
        inputs[port.name] = keras.Input(shape[1:], name=port.name)
        reading.views[port.name] = View(inputs[port.name], shape, (None, *range(1, len(shape))))
    for node in (_node(proto, k) for k, proto in enumerate(graph.node)):
        if node.kind == "Constant":
            reading.constants[node.outputs[0]] = onnx.numpy_helper.to_array(node.options["value"])
            continue
        if node.kind not in OPERATORS:
            raise node.refuse(f"is none of {', '.join(sorted(OPERATORS))}")
        OPERATORS[node.kind](reading, node)
    outputs = [_output(reading, port.name, alone=len(graph.output) == 1) for port in graph.output]
    keras.Model(list(inputs.values()), outputs[0] if len(outputs) == 1 else outputs, name=_plain(graph.name)).save(
        place
    )


def _node(proto: Any, number: int) -> Node:
    options = {option.name: _option(onnx.helper.get_attribute_value(option)) for option in proto.attribute}
    name = proto.name or f"number {number}"
    return Node(proto.op_type, name, tuple(proto.input), tuple(proto.output), options)


def _option(value: Any) -> Any:
    """An option in plain types; ONNX keeps its words as bytes."""
    if isinstance(value, bytes):
        return value.decode()
    return [_option(part) for part in value] if isinstance(value, (list, tuple)) else value


def _output(reading: Reading, name: str, *, alone: bool) -> Any:
    """An output in ONNX's own order; among several, the layer that gives it has its name."""
    view = reading.views[name]
    tensor = view.laid(range(1, len(view.shape)), reading.name)
    return tensor if alone else keras.layers.Identity(name=name)(tensor)


def _plain(name: str) -> str:
    """A graph's name as Keras takes it."""
    kept = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name)
    return kept if kept[:1].isalpha() else f"network_{kept}"

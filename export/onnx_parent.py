"""An `.onnx` file of anyone's making, prepared: vagus's names, shapes and logits, a batch of one."""
# The onnx package's helpers take and return untyped protobufs. The functions' own signatures are typed.
# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np

from edge.flow import Floats
from export.errors import ExportError

LOGITS = "logits"
_ENDINGS = ("Softmax", "LogSoftmax", "Sigmoid")
_COLOURS = (1, 3)


def prepared(name: str, content: bytes, names: Mapping[str, str], held: Mapping[str, Floats]) -> bytes:
    """The same network with inputs as ``held`` has them, (batch, ...), its answer called `logits`.

    ``names`` gives vagus's names for the file's own where they differ. Pictures come as (height, width, colours). A
    last softmax goes, or the sigmoid of a lone answer: the device takes its own, with the temperature. Raises
    ExportError naming what is wrong.
    """
    onnx: Any = import_module("onnx")
    try:
        model = onnx.load_model_from_string(content)
        onnx.checker.check_model(model)
    except Exception as error:
        # onnx raises its own, protobuf's and Python's errors, which share no parent but Exception.
        cause = " ".join(str(error).split())[:200]
        raise ExportError(f"{name} cannot be read as an ONNX model ({cause}); export it again") from error
    graph = model.graph
    for tensor in graph.initializer:
        if tensor.external_data:
            raise ExportError(f"{name} keeps its weights in another file; export it with external_data=False")
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype.kind == "f" and not bool(np.all(np.isfinite(values))):
            raise ExportError(f"{name}: weight {tensor.name} holds NaN or infinity; train it again")
    stored = {tensor.name for tensor in graph.initializer}
    inputs = [port for port in graph.input if port.name not in stored]
    alone = {inputs[0].name: next(iter(held))} if len(inputs) == len(held) == 1 else {}
    wanted = {str(port.name): {**alone, **names}.get(str(port.name), str(port.name)) for port in inputs}
    if set(wanted.values()) != set(held):
        raise ExportError(
            f"{name} has inputs {sorted(wanted)}, but its data has {sorted(held)}; "
            'say which is which in the contract: "inputs": {"theirs": "ours"}'
        )
    if len(graph.output) != 1:
        raise ExportError(f"{name} has {len(graph.output)} outputs, expected one, the logits; export it with one")
    if not any(graph.output[0].name in node.output for node in graph.node):
        raise ExportError(f"{name} has an output that no operator gives; export the network whole")
    _ending(name, graph)
    _renamed(graph, graph.output[0].name, LOGITS)
    for port in inputs:
        _renamed(graph, port.name, wanted[port.name])
        _shaped(onnx, name, graph, port, held[port.name].shape[1:])
    del graph.value_info[:]
    for side in graph.output[0].type.tensor_type.shape.dim[:1]:
        side.Clear()
    return bytes(model.SerializeToString())


def _ending(name: str, graph: Any) -> None:
    last = next(node for node in graph.node if graph.output[0].name in node.output)
    sides = graph.output[0].type.tensor_type.shape.dim
    if last.op_type == "Sigmoid" and (not sides or sides[-1].dim_value != 1):
        raise ExportError(
            f"{name} says yes or no to each of its answers by a sigmoid, and a device chooses one of them; "
            "train it with a softmax, or with one answer, and export it with that shape"
        )
    if last.op_type in _ENDINGS:
        graph.output[0].name = last.input[0]
        graph.node.remove(last)


def _renamed(graph: Any, old: str, new: str) -> None:
    """A tensor's name, everywhere; another that has the new one gives way."""
    if old == new:
        return
    changes = {new: f"{new}_inner", old: new}
    for node in graph.node:
        for side in (node.input, node.output):
            for place, tensor in enumerate(side):
                side[place] = changes.get(tensor, tensor)
    for thing in (*graph.initializer, *graph.input, *graph.output):
        thing.name = changes.get(thing.name, thing.name)


def _shaped(onnx: Any, name: str, graph: Any, port: Any, shape: tuple[int, ...]) -> None:
    """Give an input the data's own shape, a batch of one; a picture with its colours first is turned on the way in."""
    if port.type.tensor_type.elem_type != onnx.TensorProto.FLOAT:
        raise ExportError(f"{name}: input {port.name} is no float32; export it in float32")
    told = [side.dim_value for side in port.type.tensor_type.shape.dim]
    turned = len(told) == 4 and told[1] in _COLOURS and shape[-1] == told[1]
    sides = [1, shape[2], shape[0], shape[1]] if turned else [1, *shape]
    if len(told) != len(sides) or any(there not in (0, side) for there, side in zip(told[1:], sides[1:], strict=True)):
        raise ExportError(f"{name}: input {port.name} has shape {told}, but its data {shape}; make the windows anew")
    if turned:
        inner = f"{port.name}_turned"
        for node in graph.node:
            for place, tensor in enumerate(node.input):
                node.input[place] = inner if tensor == port.name else tensor
        turn = onnx.helper.make_node("Transpose", [port.name], [inner], name=inner, perm=[0, 3, 1, 2])
        graph.node.insert(0, turn)
    del port.type.tensor_type.shape.dim[:]
    for side in (1, *shape):
        port.type.tensor_type.shape.dim.add().dim_value = side

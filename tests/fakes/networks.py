"""Tiny `.tflite` files made by hand, so that tests of the device side need no TensorFlow."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

import numpy as np
import numpy.typing as npt

_KINDS = {"float32": 0, "int32": 2, "int16": 7, "int8": 9, "uint8": 3}


@dataclass(frozen=True)
class Slot:
    """A tensor of a file: its name, shape, dtype, quantisation, and constant values if it has any."""

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    scale: float = 0.0
    zero: int = 0
    values: npt.NDArray[Any] | None = None
    variable: bool = False


@dataclass(frozen=True)
class Step:
    """An operator: `FULLY_CONNECTED`, `ADD` ..., by tensor numbers."""

    operator: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    version: int = 1


def flatbuffer(
    slots: Sequence[Slot],
    steps: Sequence[Step],
    inputs: Sequence[int],
    outputs: Sequence[int],
    *,
    signature: bool = True,
) -> bytes:
    """One subgraph as a `.tflite` file."""
    schema: Any = import_module("ai_edge_litert.schema_py_generated")
    builder: Any = import_module("flatbuffers").Builder(1024)
    model = schema.ModelT()
    model.version = 3
    model.buffers = [schema.BufferT()]
    graph = schema.SubGraphT()
    graph.name = "main"
    graph.inputs, graph.outputs = list(inputs), list(outputs)
    graph.tensors = [_tensor(schema, model, slot) for slot in slots]
    model.operatorCodes = []
    graph.operators = [_operator(schema, model, step) for step in steps]
    model.subgraphs = [graph]
    if signature:
        entry = schema.SignatureDefT()
        entry.signatureKey, entry.subgraphIndex = "serving_default", 0
        entry.inputs = [_map(schema, slots[index].name, index) for index in inputs]
        entry.outputs = [_map(schema, slots[index].name, index) for index in outputs]
        model.signatureDefs = [entry]
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def dense(
    weights: npt.NDArray[np.float32], *, into: str, out: str, shape: tuple[int, ...] | None = None, **options: Any
) -> bytes:
    """out = weights @ flattened input, in float; ``shape`` is the input's."""
    rows, columns = weights.shape
    version = int(options.pop("version", 1))
    slots = [
        Slot(into, shape or (1, columns)),
        Slot("weights", (rows, columns), values=weights.astype(np.float32)),
        Slot(out, (1, rows)),
    ]
    return flatbuffer(slots, [Step("FULLY_CONNECTED", (0, 1, -1), (2,), version)], [0], [2], **options)


def dense_int8(
    weights: npt.NDArray[np.int8],
    *,
    into: str,
    out: str,
    shape: tuple[int, ...] | None = None,
    scales: tuple[float, float, float] = (1 / 127, 1 / 127, 0.05),
) -> bytes:
    """The same with int8 in and out; ``scales`` of input, weights and output, all zero points 0."""
    rows, columns = weights.shape
    slots = [
        Slot(into, shape or (1, columns), "int8", scales[0]),
        Slot("weights", (rows, columns), "int8", scales[1], values=weights),
        Slot("bias", (rows,), "int32", scales[0] * scales[1], values=cast(npt.NDArray[Any], np.zeros(rows, np.int32))),
        Slot(out, (1, rows), "int8", scales[2]),
    ]
    return flatbuffer(slots, [Step("FULLY_CONNECTED", (0, 1, 2), (3,), 4)], [0], [3])


def leaky_step(width: int, *, keep: float = 0.5) -> bytes:
    """A stepwise network: state_out = keep * state + features, logits = the sum of state_out."""
    sum_weights: npt.NDArray[np.float32] = np.ones((1, width), np.float32)
    slots = [
        Slot("features", (1, width)),
        Slot("state", (1, width)),
        Slot("keep", (1, width), values=np.full((1, width), keep, np.float32)),
        Slot("kept", (1, width)),
        Slot("state_out", (1, width)),
        Slot("sum", (1, width), values=sum_weights),
        Slot("logits", (1, 1)),
    ]
    steps = [Step("MUL", (1, 2), (3,)), Step("ADD", (0, 3), (4,)), Step("FULLY_CONNECTED", (4, 5, -1), (6,))]
    return flatbuffer(slots, steps, [0, 1], [4, 6])


def remembering(width: int) -> bytes:
    """A network with a variable inside: each run also adds what the run before was given, as a fused LSTM's memory."""
    slots = [
        Slot("features", (1, width)),
        Slot("feature_weights", (1, width), values=np.ones((1, width), np.float32)),
        Slot("time_weights", (1, 2), values=np.ones((1, 2), np.float32)),
        Slot("memory", (1, 2), variable=True),
        Slot("logits", (1, 1)),
    ]
    return flatbuffer(slots, [Step("SVDF", (0, 1, 2, -1, 3), (4,))], [0], [4])


def looking_up(rows: int) -> bytes:
    """A network that fails while it runs: it looks up a row by number, and there are only so many."""
    slots = [
        Slot("features", (1,), dtype="int32"),
        Slot("table", (rows,), values=np.ones(rows, np.float32)),
        Slot("logits", (1,)),
    ]
    return flatbuffer(slots, [Step("GATHER", (1, 0), (2,))], [0], [2])


def _tensor(schema: Any, model: Any, slot: Slot) -> Any:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type = slot.name, list(slot.shape), _KINDS[slot.dtype]
    tensor.isVariable = slot.variable
    tensor.buffer = 0
    if slot.values is not None:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(slot.values.tobytes(), np.uint8)
        model.buffers.append(buffer)
        tensor.buffer = len(model.buffers) - 1
    if slot.scale:
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale, tensor.quantization.zeroPoint = [slot.scale], [slot.zero]
    return tensor


def _operator(schema: Any, model: Any, step: Step) -> Any:
    code = schema.OperatorCodeT()
    code.builtinCode = getattr(schema.BuiltinOperator, step.operator)
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    code.version = step.version
    model.operatorCodes.append(code)
    operator = schema.OperatorT()
    operator.opcodeIndex = len(model.operatorCodes) - 1
    operator.inputs, operator.outputs = list(step.inputs), list(step.outputs)
    if step.operator == "CUSTOM":
        code.customCode = "Flexible"
        return operator
    camel = {"FULLY_CONNECTED": "FullyConnected", "SVDF": "SVDF"}.get(step.operator, step.operator.capitalize())
    operator.builtinOptionsType = getattr(schema.BuiltinOptions, f"{camel}Options")
    operator.builtinOptions = getattr(schema, f"{camel}OptionsT")()
    if step.operator == "SVDF":
        operator.builtinOptions.rank = 1
    return operator


def _map(schema: Any, name: str, index: int) -> Any:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name, index
    return entry

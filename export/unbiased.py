"""An int8 network and what its parent says, in; the same network without the lean that rounding gave it, out.

Rounded weights and activations move what a network says of every input the same way, and a recurrent layer adds that up
over time. So the mean difference on the calibration rows is taken off the last layer's bias (Nagel et al. 2019,
"Data-free quantization through weight equalization and bias correction", section 4.2).
"""
# TensorFlow's reader of files ships no types: what it returns is unknown to the checker. Own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from edge.flow import Floats
from edge.inference.runtime import load_network

_FEWEST = 32
"""Rows that tell a mean; of a class whose answers are nearly all cut off at an end of the range nothing is known."""


def unbiased(content: bytes, rows: Sequence[Mapping[str, Floats]], wanted: Mapping[str, Floats]) -> bytes:
    """The file with other biases in the layers that make these outputs.

    ``wanted`` is what the parent says of the rows, (n, k) by output. An output that no layer with a bias makes is left
    as it is.
    """
    network = load_network(content, name="calibrated.tflite", carries_state=True)
    said = [network.run(row) for row in rows]
    model = cast(Any, flatbuffer_utils.convert_bytearray_to_object(bytearray(content)))
    for name, parent in wanted.items():
        lean = _lean(np.concatenate([each[name] for each in said]), parent)
        for graph, maker in _makers(model, name):
            _take_off(model, graph.tensors[maker.inputs[2]], lean)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _lean(ours: Floats, parent: Floats) -> Floats:
    """Mean difference (k,) where neither is cut off."""
    inside = (ours > ours.min()) & (ours < ours.max()) & (parent > ours.min()) & (parent < ours.max())
    count = inside.sum(axis=0)
    total = np.where(inside, ours - parent, 0).sum(axis=0)
    return np.where(count >= _FEWEST, total / np.maximum(count, 1), 0).astype(np.float32)


def _makers(model: Any, output: str) -> Iterator[tuple[Any, Any]]:
    """The fully connected layers with a bias that make this output, with their graphs."""
    dense = schema.BuiltinOperator.FULLY_CONNECTED
    for signature in model.signatureDefs:
        graph = model.subgraphs[signature.subgraphIndex]
        places = {each.tensorIndex for each in signature.outputs if each.name.decode() == output}
        for operator in graph.operators:
            code = model.operatorCodes[operator.opcodeIndex]
            biased = len(operator.inputs) == 3 and operator.inputs[2] >= 0  # -1 where the bias was all zeros
            if code.builtinCode == dense and operator.outputs[0] in places and biased:
                yield graph, operator


def _take_off(model: Any, bias: Any, lean: Floats) -> None:
    """Change a bias, which is int32 by a scale for each class or one for all."""
    held = model.buffers[bias.buffer]
    steps = np.rint(lean / np.asarray(bias.quantization.scale)).astype(np.int32)
    held.data = np.frombuffer((np.frombuffer(bytes(held.data), np.int32) - steps).tobytes(), np.uint8)

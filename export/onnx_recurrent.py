"""ONNX's LSTM and GRU as Keras layers: gates in Keras's order, the last moment alone where only it is used."""
# Keras ships no types: what its layers return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from functools import partial
from typing import Any, cast

import numpy as np
from keras import layers

from export.onnx_view import Node, Numbers, Reading, View

_ORDER = {"LSTM": (0, 2, 3, 1), "GRU": (0, 1, 2)}
"""ONNX has input, output, forget, cell (LSTM) and update, reset, hidden (GRU); Keras i, f, c, o and z, r, h."""
_USUAL = {"LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"]}


def recurrent(reading: Reading, node: Node) -> None:
    """LSTM or GRU, forward or both ways, from zero states (ONNX operators LSTM and GRU, opset 14)."""
    _check(reading, node)
    kernel, recurrence = (cast(Numbers, reading.constant(node, k)) for k in (1, 2))
    ways, units = recurrence.shape[0], recurrence.shape[2]
    bias = reading.constant(node, 3)
    both = np.zeros((ways, 2 * kernel.shape[1]), np.float32) if bias is None else bias
    after = bool(node.options.get("linear_before_reset", 0))
    weights = [
        numbers for way in range(ways) for numbers in _gates(node.kind, kernel[way], recurrence[way], both[way], after)
    ]
    given = reading.view(node).laid((0, 2), reading.name)
    make = partial(_layer, node, given, weights, units, after, reading.name(node.kind.lower()))
    for index, output in enumerate(node.outputs):
        if not output or not reading.used(output):
            continue
        if index == 2:
            raise node.refuse("hands out its cell")
        shape = reading.shapes[output]
        tensor = make(whole=index == 0)
        if ways == 2:
            # Keras lays both ways side by side.
            tensor = layers.Reshape((*tensor.shape[1:-1], 2, units), name=reading.name("ways"))(tensor)
        if index == 0:
            last = partial(make, whole=False) if ways == 1 else None
            reading.views[output] = View(tensor, shape, (1, None, None, 2) if ways == 1 else (1, 2, None, 3), last)
        else:
            reading.views[output] = View(tensor, shape, (None, None, 1) if ways == 1 else (1, None, 2))


def _check(reading: Reading, node: Node) -> None:
    options = node.options
    usual = _USUAL[node.kind] * (2 if options.get("direction") == "bidirectional" else 1)
    if options.get("direction", "forward") == "reverse":
        raise node.refuse("runs backwards alone")
    if list(options.get("activations", usual)) != usual or options.get("clip") or options.get("input_forget"):
        raise node.refuse("has activations or limits of its own")
    if options.get("layout", 0) or len(node.inputs) > 7:
        raise node.refuse("has another layout, or peepholes")
    for index in (1, 2, 3):
        if index < len(node.inputs) and node.inputs[index] and reading.constant(node, index) is None:
            raise node.refuse("has weights that are computed")
    for index in (5, 6):
        if index < len(node.inputs) and node.inputs[index]:
            start = reading.constant(node, index)
            if start is None or bool(np.any(start)):
                raise node.refuse("does not start from zeros")


def _gates(kind: str, kernel: Numbers, recurrence: Numbers, bias: Numbers, after: bool) -> list[Numbers]:
    """One way's weights as Keras has them: kernel (k, g*u), recurrence (u, g*u), bias."""
    order = _ORDER[kind]
    ordered = [np.concatenate([np.split(part, len(order))[g] for g in order]) for part in (kernel, recurrence)]
    given, carried = (
        np.concatenate([np.split(part, len(order))[g] for g in order]) for part in np.split(bias, 2)
    )  # fmt: skip
    bias = np.stack([given, carried]) if kind == "GRU" and after else given + carried
    return [ordered[0].T, ordered[1].T, bias]


def _layer(node: Node, given: Any, weights: list[Numbers], units: int, after: bool, name: str, *, whole: bool) -> Any:
    """The layer called on its input: the whole sequence, or its last moment."""
    name = name if whole else f"{name}_last"
    if node.kind == "LSTM":
        cell: Any = layers.LSTM(units, return_sequences=whole, name=name)
    else:
        cell = layers.GRU(units, return_sequences=whole, reset_after=after, name=name)
    layer = layers.Bidirectional(cell, name=f"{name}_both") if len(weights) == 6 else cell
    answer = layer(given)
    layer.set_weights(weights)
    return answer

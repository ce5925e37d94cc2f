"""How an ONNX tensor lies in a Keras tensor: reading needs no transposition until a layer asks for another order."""
# Keras ships no types: what its layers return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from keras import layers

from export.errors import LoweringError

Numbers = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """An ONNX tensor of a batch of one, and the Keras tensor (batch, ...) that holds it.

    With a batch of one, the batch is an axis of size one like others: `axes` names the Keras axis of each ONNX axis,
    None for one of size one that Keras has not. A Keras axis that is not named has size one.
    """

    tensor: Any
    shape: tuple[int, ...]
    axes: tuple[int | None, ...]
    last: Callable[[], Any] | None = None
    """Of a recurrent layer's sequence: the last moment alone, (batch, units)."""

    def permuted(self, order: Sequence[int]) -> "View":
        """The same Keras tensor, ONNX axes in another order."""
        shape, axes = tuple(self.shape[k] for k in order), tuple(self.axes[k] for k in order)
        return View(self.tensor, shape, axes, self.last)

    def reshaped(self, shape: tuple[int, ...], name: Callable[[str], str]) -> "View":
        """In another shape; axes of size one come and go for nothing."""
        if [side for side in self.shape if side != 1] == [side for side in shape if side != 1]:
            sizes = (axis for axis, side in zip(self.axes, self.shape, strict=True) if side != 1)
            return View(self.tensor, shape, tuple(None if side == 1 else next(sizes) for side in shape), self.last)
        flat = self.laid(range(len(self.shape)), name)
        rest = shape[1:] if shape and shape[0] == 1 else shape
        tensor = layers.Reshape(rest, name=name("reshape"))(flat)
        first = (None,) if len(rest) < len(shape) else ()
        return View(tensor, shape, (*first, *range(1, len(rest) + 1)))

    def laid(self, order: Sequence[int], name: Callable[[str], str]) -> Any:
        """The Keras tensor (batch, ...) with these ONNX axes in this order; those left out have size one."""
        tensor = self.tensor
        sides = tuple(int(side) for side in list(tensor.shape)[1:])
        wanted = [axis for axis in (self.axes[k] for k in order) if axis is not None]
        others = [axis for axis in range(1, len(sides) + 1) if axis not in wanted]
        if prod(sides[axis - 1] for axis in others) != 1:
            raise LoweringError(f"a tensor {self.shape} would lose numbers; export the network with plain layers")
        if [*wanted, *others] != list(range(1, len(sides) + 1)):
            tensor = layers.Permute((*wanted, *others), name=name("permute"))(tensor)
        shape = tuple(self.shape[k] for k in order)
        return tensor if tuple(tensor.shape[1:]) == shape else layers.Reshape(shape, name=name("reshape"))(tensor)


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One ONNX node: operator, inputs and outputs by name, options."""

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    options: dict[str, Any]

    def refuse(self, why: str) -> LoweringError:
        """The sentence that says why this node cannot become a layer."""
        return LoweringError(f"operator {self.kind} ({self.name}) {why}, so the network cannot be lowered for LiteRT")


@dataclass(slots=True, eq=False)
class Reading:
    """A graph as it becomes layers."""

    constants: dict[str, Numbers]
    shapes: dict[str, tuple[int, ...]]
    wanted: set[str]
    """Tensors that a node or the caller reads."""
    views: dict[str, View] = field(default_factory=dict[str, View])
    taken: dict[str, int] = field(default_factory=dict[str, int])
    """Layers by the first part of their names."""

    def name(self, kind: str) -> str:
        """A layer's name that no other has."""
        self.taken[kind] = self.taken.get(kind, 0) + 1
        return kind if self.taken[kind] == 1 else f"{kind}_{self.taken[kind]}"

    def used(self, name: str) -> bool:
        return name in self.wanted

    def view(self, node: Node, index: int = 0) -> View:
        """A node's input that is computed."""
        name = node.inputs[index]
        if name in self.constants:
            raise node.refuse(f"works on the constant {name}")
        return self.views[name]

    def constant(self, node: Node, index: int) -> Numbers | None:
        """A node's input that is given in the file; None where it is left out or computed."""
        return self.constants.get(node.inputs[index]) if index < len(node.inputs) else None

    def keep(self, node: Node, tensor: Any, axes: Sequence[int | None], output: int = 0) -> None:
        """A node's output, once its Keras tensor is seen to have the shape that ONNX says."""
        name = node.outputs[output]
        shape = self.shapes[name]
        sides = tuple(1 if axis is None else int(tensor.shape[axis]) for axis in axes)
        if sides != shape:
            raise node.refuse(f"gives {shape}, as a layer {sides}")
        self.views[name] = View(tensor, shape, tuple(axes))

    def spread(self, values: Sequence[View]) -> tuple[list[Any], tuple[int | None, ...]]:
        """Several tensors in one order of axes, as layers that put them together want them, with that order."""
        widest = max(values, key=lambda view: (prod(view.shape), len(view.shape)))
        if all(view.axes == widest.axes and len(view.tensor.shape) == len(widest.tensor.shape) for view in values):
            return [view.tensor for view in values], widest.axes
        order = sorted(
            (k for k, axis in enumerate(widest.axes) if axis is not None), key=lambda k: cast(int, widest.axes[k])
        )
        rank = len(widest.shape)
        full = [view.reshaped((1,) * (rank - len(view.shape)) + view.shape, self.name) for view in values]
        axes: list[int | None] = [None] * rank
        for place, k in enumerate(order, start=1):
            axes[k] = place
        return [view.laid(order, self.name) for view in full], tuple(axes)


def along(values: Numbers, view: View) -> Numbers | None:
    """A constant that differs along the last Keras axis only, as numbers (n,) of it; None when it differs elsewhere."""
    full = values.reshape((1,) * (len(view.shape) - values.ndim) + values.shape)
    width = int(view.tensor.shape[-1])
    if full.size == 1:
        return np.full(width, full.item(), np.float32)
    last = next((k for k, axis in enumerate(view.axes) if axis == len(view.tensor.shape) - 1), None)
    if last is None or full.size != full.shape[last] or full.size != width:
        return None
    return full.reshape(-1).astype(np.float32)


def pairs(flat: Sequence[int]) -> Iterator[tuple[int, int]]:
    """ONNX's pads, all beginnings then all ends, axis by axis."""
    half = len(flat) // 2
    yield from zip(flat[:half], flat[half:], strict=True)

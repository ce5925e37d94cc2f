"""ONNX operators as Keras layers: what networks of convolutions, recurrent and dense layers are made of."""
# Keras ships no types: what its layers return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast

import numpy as np
from keras import layers

from export.onnx_recurrent import recurrent
from export.onnx_view import Node, Numbers, Reading, View, along, pairs

Operator: TypeAlias = Callable[[Reading, Node], None]


def _convolution(reading: Reading, node: Node) -> None:
    kernel = reading.constant(node, 1)
    if kernel is None or kernel.ndim not in (3, 4):
        raise node.refuse("is no convolution over one or two axes with a constant kernel")
    axes = kernel.ndim - 2
    groups, wide = int(node.options.get("group", 1)), reading.view(node).shape[1]
    x = reading.view(node).laid((*range(2, axes + 2), 1), reading.name)
    x, padding = _padded(reading, node, x, kernel.shape[2:])
    options: dict[str, Any] = {
        "strides": tuple(node.options.get("strides", [1] * axes)),
        "dilation_rate": tuple(node.options.get("dilations", [1] * axes)),
        "padding": padding,
        "name": reading.name("conv"),
    }
    bias = reading.constant(node, 2)
    numbers = np.moveaxis(kernel, (0, 1), (-1, -2))
    if groups == wide > 1 and axes == 2:
        layer: Any = layers.DepthwiseConv2D(
            kernel.shape[2:], depth_multiplier=kernel.shape[0] // wide, use_bias=bias is not None, **options
        )
        numbers = numbers.reshape(*kernel.shape[2:], wide, -1)
    else:
        kind = layers.Conv1D if axes == 1 else layers.Conv2D
        layer = kind(kernel.shape[0], kernel.shape[2:], groups=groups, use_bias=bias is not None, **options)
    answer = layer(x)
    layer.set_weights([numbers] if bias is None else [numbers, bias])
    reading.keep(node, answer, (None, axes + 1, *range(1, axes + 1)))


def _padded(reading: Reading, node: Node, x: Any, window: tuple[int, ...]) -> tuple[Any, str]:
    """The input with its padding, and what the layer itself is to pad."""
    auto = node.options.get("auto_pad", "NOTSET")
    pads = list(pairs(node.options.get("pads", [0] * 2 * len(window))))
    if auto == "SAME_UPPER":
        return x, "same"
    if auto == "SAME_LOWER":
        raise node.refuse("pads more at the beginning")
    if not any(side for pair in pads for side in pair):
        return x, "valid"
    ones = all(step == 1 for step in (*node.options.get("strides", [1]), *node.options.get("dilations", [1])))
    if ones and all(first == last and 2 * first == side - 1 for (first, last), side in zip(pads, window, strict=True)):
        return x, "same"
    if node.kind != "Conv":
        raise node.refuse("pads its borders")
    kind: Any = layers.ZeroPadding1D if len(pads) == 1 else layers.ZeroPadding2D
    pad = kind(pads[0] if len(pads) == 1 else pads, name=reading.name("pad"))
    return pad(x), "valid"


def _pool(reading: Reading, node: Node) -> None:
    view, window = reading.view(node), tuple(node.options["kernel_shape"])
    axes = len(window)
    if axes not in (1, 2) or any(step != 1 for step in node.options.get("dilations", [1])):
        raise node.refuse("is no plain pooling over one or two axes")
    x = view.laid((*range(2, axes + 2), 1), reading.name)
    x, padding = _padded(reading, node, x, window)
    if padding == "same" and node.kind == "AveragePool" and node.options.get("count_include_pad", 0):
        raise node.refuse("counts its padding")
    kinds: dict[tuple[str, int], Any] = {
        ("MaxPool", 1): layers.MaxPooling1D,
        ("MaxPool", 2): layers.MaxPooling2D,
        ("AveragePool", 1): layers.AveragePooling1D,
        ("AveragePool", 2): layers.AveragePooling2D,
    }
    strides = tuple(node.options.get("strides", [1] * axes))
    layer = kinds[node.kind, axes](window, strides, padding, name=reading.name("pool"))
    reading.keep(node, layer(x), (None, axes + 1, *range(1, axes + 1)))


def _gathered_up(reading: Reading, node: Node) -> None:
    """Mean or maximum over one or two whole axes: GlobalAveragePool, GlobalMaxPool, ReduceMean, ReduceMax."""
    view = reading.view(node)
    told = node.options.get("axes")
    if told is None and node.kind.startswith("Reduce"):
        given = reading.constant(node, 1)
        told = range(len(view.shape)) if given is None else given.tolist()
    axes = [k % len(view.shape) for k in cast(Any, range(2, len(view.shape)) if told is None else told)]
    over = [k for k in axes if view.shape[k] != 1]
    others = [k for k in range(len(view.shape)) if k not in axes and view.shape[k] != 1]
    if len(over) not in (1, 2) or len(others) != 1:
        raise node.refuse("takes a mean or maximum over other axes than whole pictures or sequences")
    mean = node.kind in ("GlobalAveragePool", "ReduceMean")
    kinds: dict[tuple[bool, int], Any] = {
        (True, 1): layers.GlobalAveragePooling1D,
        (True, 2): layers.GlobalAveragePooling2D,
        (False, 1): layers.GlobalMaxPooling1D,
        (False, 2): layers.GlobalMaxPooling2D,
    }
    tensor = kinds[mean, len(over)](name=reading.name("over_all"))(view.laid([*over, *others], reading.name))
    shape = reading.shapes[node.outputs[0]]
    reading.views[node.outputs[0]] = View(tensor, shape, tuple(None if side == 1 else 1 for side in shape))


def _dense(reading: Reading, node: Node) -> None:
    """Gemm, and MatMul with constant weights."""
    view, weights = reading.view(node), reading.constant(node, 1)
    if weights is None or weights.ndim != 2 or node.options.get("transA", 0):
        raise node.refuse("multiplies two computed tensors")
    weights = weights.T if node.options.get("transB", 0) else weights
    weights = weights * np.float32(node.options.get("alpha", 1.0))
    last = len(view.shape) - 1
    kept = sorted((k for k in range(last) if view.axes[k] is not None), key=lambda k: cast(int, view.axes[k]))
    bias = reading.constant(node, 2)
    if len(node.inputs) > 2 and node.inputs[2] and bias is None:
        raise node.refuse("has a bias that is computed")
    layer = layers.Dense(weights.shape[1], use_bias=bias is not None, name=reading.name("dense"))
    answer = layer(view.laid([*kept, last], reading.name))
    scale = np.float32(node.options.get("beta", 1.0))
    layer.set_weights(
        [weights] if bias is None else [weights, scale * np.broadcast_to(bias.reshape(-1), weights.shape[1])]
    )
    places = {k: place for place, k in enumerate(kept, start=1)}
    reading.keep(node, answer, [*(places.get(k) for k in range(last)), len(kept) + 1])


def _normalised(reading: Reading, node: Node) -> None:
    view = reading.view(node)
    x = view.laid((*range(2, len(view.shape)), 1), reading.name)
    numbers = [reading.constant(node, k) for k in (1, 2, 3, 4)]
    if any(part is None for part in numbers):
        raise node.refuse("has statistics that are computed")
    layer = layers.BatchNormalization(epsilon=float(node.options.get("epsilon", 1e-5)), name=reading.name("norm"))
    answer = layer(x)
    layer.set_weights(numbers)
    rank = len(view.shape) - 1
    reading.keep(node, answer, (None, rank, *range(1, rank)))


def _together(reading: Reading, node: Node) -> None:
    """Add, Sub, Mul, Div, Max, Min: of two computed tensors, or of one and numbers along its channels."""
    constants = [reading.constant(node, k) for k in range(len(node.inputs))]
    known = [k for k, numbers in enumerate(constants) if numbers is not None]
    if not known:
        kinds: dict[str, Any] = {
            "Add": layers.Add, "Sub": layers.Subtract, "Mul": layers.Multiply,
            "Max": layers.Maximum, "Min": layers.Minimum,
        }  # fmt: skip
        if node.kind not in kinds:
            raise node.refuse("divides two computed tensors")
        tensors, axes = reading.spread([reading.view(node, k) for k in range(len(node.inputs))])
        reading.keep(node, kinds[node.kind](name=reading.name(node.kind.lower()))(tensors), axes)
        return
    view = reading.view(node, 1 - known[0])
    numbers = along(cast(Numbers, constants[known[0]]), view)
    if numbers is None or node.kind in ("Max", "Min") or (node.kind == "Div" and known[0] == 0):
        raise node.refuse("takes constants that differ along other axes than the channels")
    ones, zeros = np.ones_like(numbers), np.zeros_like(numbers)
    scale, offset = {
        "Add": (ones, numbers),
        "Mul": (numbers, zeros),
        "Div": (ones / numbers, zeros),
        "Sub": (ones, -numbers) if known[0] == 1 else (-ones, numbers),
    }[node.kind]
    # A normalisation is a factor and a sum for each channel, and every converter knows how to fold it.
    layer = layers.BatchNormalization(epsilon=1e-7, name=reading.name("affine"))
    answer = layer(view.tensor)
    layer.set_weights([scale, offset, zeros, ones - np.float32(1e-7)])
    reading.views[node.outputs[0]] = View(answer, view.shape, view.axes)


def _alike(make: Callable[[Reading, Node], Any]) -> Operator:
    """An operator that treats every number alike, whatever its axes."""

    def apply(reading: Reading, node: Node) -> None:
        view = reading.view(node)
        reading.views[node.outputs[0]] = View(make(reading, node)(view.tensor), view.shape, view.axes)

    return apply


def _activation(word: str) -> Operator:
    return _alike(lambda reading, _: layers.Activation(word, name=reading.name(word)))


def _clipped(reading: Reading, node: Node) -> Any:
    low, high = (reading.constant(node, k) for k in (1, 2))
    if low is None or float(low) != 0 or high is None:
        raise node.refuse("limits to other than 0 to a number")
    return layers.ReLU(max_value=float(high), name=reading.name("relu"))


def _leaky(reading: Reading, node: Node) -> Any:
    return layers.LeakyReLU(negative_slope=float(node.options.get("alpha", 0.01)), name=reading.name("leaky"))


def _softmax(reading: Reading, node: Node) -> None:
    view = reading.view(node)
    axis = view.axes[int(node.options.get("axis", -1)) % len(view.shape)]
    if axis is None:
        raise node.refuse("runs over an axis of one")
    answer = layers.Softmax(axis=axis, name=reading.name("softmax"))(view.tensor)
    reading.views[node.outputs[0]] = View(answer, view.shape, view.axes)


def _transposed(reading: Reading, node: Node) -> None:
    view = reading.view(node)
    reading.views[node.outputs[0]] = view.permuted(node.options.get("perm", list(range(len(view.shape)))[::-1]))


def _reshaped(reading: Reading, node: Node) -> None:
    """Reshape, Flatten, Squeeze, Unsqueeze: ONNX's own inference says to what."""
    reading.views[node.outputs[0]] = reading.view(node).reshaped(reading.shapes[node.outputs[0]], reading.name)


def _concatenated(reading: Reading, node: Node) -> None:
    views = [reading.view(node, k) for k in range(len(node.inputs))]
    rank = len(views[0].shape)
    order = sorted(range(rank), key=lambda k: views[0].axes[k] or 0)
    order = [k for k in order if views[0].axes[k] is not None or k == int(node.options["axis"]) % rank]
    tensors = [view.laid(order, reading.name) for view in views]
    place = order.index(int(node.options["axis"]) % rank) + 1
    answer = layers.Concatenate(axis=place, name=reading.name("join"))(tensors)
    places = {k: number for number, k in enumerate(order, start=1)}
    reading.keep(node, answer, [places.get(k) for k in range(rank)])


def _picked(reading: Reading, node: Node) -> None:
    """Gather of one place, or Slice of a run, along a sequence: the last moment of a recurrent layer above all."""
    view = reading.view(node)
    axis, first, count = _places(reading, node, view.shape)
    others = [k for k in range(len(view.shape)) if k != axis and view.shape[k] != 1]
    if len(others) > 1:
        raise node.refuse("picks places of a tensor that is no sequence")
    length, shape = view.shape[axis], reading.shapes[node.outputs[0]]
    if view.last is not None and first + count == length and count == 1 and view.axes[axis] == 1:
        tensor = view.last()
    else:
        crop = layers.Cropping1D((first, length - first - count), name=reading.name("moment"))
        tensor = crop(view.laid([axis, *(others or [len(view.shape) - 1])], reading.name))
        if count == 1:
            tensor = layers.Reshape((tensor.shape[2],), name=reading.name("reshape"))(tensor)
    places = {others[0]: len(tensor.shape) - 1} if others else {}
    places |= {axis: 1} if count > 1 else {}
    kept = [k for k in range(len(view.shape)) if node.kind == "Slice" or k != axis]
    reading.views[node.outputs[0]] = View(tensor, shape, tuple(places.get(k) for k in kept))


def _places(reading: Reading, node: Node, shape: tuple[int, ...]) -> tuple[int, int, int]:
    """The axis, the first place and how many."""
    numbers = [reading.constant(node, k) for k in range(1, len(node.inputs))]
    if any(part is None or part.size != 1 for part in numbers):
        raise node.refuse("picks places along several axes, or computed ones")
    told = [int(cast(Numbers, part).item()) for part in numbers]
    if node.kind == "Gather":
        axis = int(node.options.get("axis", 0)) % len(shape)
        return axis, told[0] % shape[axis], 1
    axis = (told[2] if len(told) > 2 else 0) % len(shape)
    if len(told) > 3 and told[3] != 1:
        raise node.refuse("skips places")
    first, last, _ = slice(told[0], told[1]).indices(shape[axis])
    return axis, first, last - first


def _same(reading: Reading, node: Node) -> None:
    reading.views[node.outputs[0]] = reading.view(node)


OPERATORS: Mapping[str, Operator] = {
    "Conv": _convolution,
    **dict.fromkeys(("MaxPool", "AveragePool"), _pool),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "ReduceMax"), _gathered_up),
    **dict.fromkeys(("Gemm", "MatMul"), _dense),
    **dict.fromkeys(("LSTM", "GRU"), recurrent),
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "Max", "Min"), _together),
    **dict.fromkeys(("Reshape", "Flatten", "Squeeze", "Unsqueeze"), _reshaped),
    **dict.fromkeys(("Gather", "Slice"), _picked),
    **dict.fromkeys(("Identity", "Dropout", "Cast"), _same),
    "BatchNormalization": _normalised,
    "Concat": _concatenated,
    "Softmax": _softmax,
    "Transpose": _transposed,
    "Relu": _alike(lambda reading, _: layers.ReLU(name=reading.name("relu"))),
    "LeakyRelu": _alike(_leaky),
    "Clip": _alike(_clipped),
    "Sigmoid": _activation("sigmoid"),
    "Tanh": _activation("tanh"),
    "Softplus": _activation("softplus"),
    "Elu": _activation("elu"),
}

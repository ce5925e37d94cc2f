"""Keras networks that people bring and no device can read as they are. Made in a child process: it has TensorFlow."""
# Keras ships no types: what its layers return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from importlib import import_module
from pathlib import Path
from typing import Any

import keras
from keras import layers


def save_all(place: Path) -> None:
    """`NAME.keras` for each; every one takes `numbers` (4,), but for `spaces`, which takes `my numbers`."""
    place.mkdir()
    numbers = keras.Input((4,), name="numbers")
    spaces = keras.Input((4,), name="my numbers")
    made: dict[str, Any] = {
        "sequential": keras.Sequential([layers.Input((4,), name="numbers"), layers.Dense(3)]),
        "softmax": keras.Model(numbers, layers.Dense(3, activation="softmax")(numbers)),
        "softmax_apart": keras.Model(numbers, layers.Softmax()(layers.Dense(3)(numbers))),
        "activation": keras.Model(numbers, layers.Activation("softmax")(layers.Dense(3)(numbers))),
        "sigmoid": keras.Model(numbers, layers.Dense(1, activation="sigmoid")(numbers)),
        "sigmoid_apart": keras.Model(numbers, layers.Activation("sigmoid")(layers.Dense(1)(numbers))),
        "each": keras.Model(numbers, layers.Dense(3, activation="sigmoid")(numbers)),
        "hidden": keras.Model(numbers, layers.Rescaling(1.0)(layers.Softmax()(layers.Dense(3)(numbers)))),
        "two": keras.Model(numbers, [layers.Dense(3, name="a")(numbers), layers.Dense(2, name="b")(numbers)]),
        "sequence": keras.Model(numbers, layers.Reshape((2, 2))(layers.Dense(4)(numbers))),
        "spaces": keras.Model(spaces, layers.Dense(3)(spaces)),
        "umlaut": keras.Model(numbers, layers.Dense(3, name="gr\u00f6\u00dfe")(numbers)),
    }
    for name, model in made.items():
        model.save(place / f"{name}.keras")


def onnx_of(kind: str) -> bytes:
    """An `.onnx` file of one input (4,). It says `classes` as integers, one number a row `flat`, its input `straight`,
    and yes or no to `each` class or to a `lone` one."""
    onnx: Any = import_module("onnx")
    make, kinds = onnx.helper, onnx.TensorProto
    nodes = {
        "classes": [make.make_node("ArgMax", ["x"], ["z"], axis=1)],
        "flat": [make.make_node("ReduceMean", ["x"], ["z"], axes=[1], keepdims=0)],
        "straight": [],
        "each": [make.make_node("Sigmoid", ["x"], ["z"])],
        "lone": [
            make.make_node("ReduceMean", ["x"], ["y"], axes=[1], keepdims=1),
            make.make_node("Sigmoid", ["y"], ["z"]),
        ],
    }[kind]
    shapes = {"classes": ("z", kinds.INT64, ["b", 1]), "flat": ("z", kinds.FLOAT, ["b"])}
    shapes |= {"each": ("z", kinds.FLOAT, ["b", 4]), "lone": ("z", kinds.FLOAT, ["b", 1])}
    ends = make.make_tensor_value_info(*shapes.get(kind, ("x", kinds.FLOAT, ["b", 4])))
    graph = make.make_graph(nodes, "odd", [make.make_tensor_value_info("x", kinds.FLOAT, ["b", 4])], [ends])
    return make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8).SerializeToString()

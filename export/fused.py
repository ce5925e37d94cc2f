"""A network's twin in Keras 2, whose LSTM layers the converter keeps as one operator each, with a state of its own.

UNIDIRECTIONAL_SEQUENCE_LSTM holds its state in variables of the file: they must be reset before each run.
"""
# Keras ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import inspect
import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

import keras
import numpy as np

from edge.flow import Floats
from export.errors import LoweringError
from export.parents import answers, calls, inputs_of, outputs_of

OPERATOR = "UNIDIRECTIONAL_SEQUENCE_LSTM"
_DRIFT = 1e-3
"""The twin is the parent but for the order of additions; a larger difference means that a layer differs."""
_WRAPPERS = ("Bidirectional", "TimeDistributed")
_TRAINING_ONLY = ("_initializer", "_regularizer", "_constraint")


def fused(model: keras.Model, calibration: Mapping[str, Floats]) -> Any:
    """The twin, a Keras 2 model with a batch of one; raise LoweringError for a layer that has no fused form."""
    _check(model)
    old = _keras_2()
    tensors = cast("list[Any]", model.inputs)
    inputs = {
        tensor.name: old.Input(calibration[tensor.name].shape[1:], batch_size=1, name=tensor.name) for tensor in tensors
    }
    known: dict[int, Any] = {id(tensor): inputs[tensor.name] for tensor in tensors}
    twins: dict[int, Any] = {}
    pairs: list[tuple[Any, Any]] = []
    for layer, given, result in calls(model):
        if id(layer) not in twins:
            twins[id(layer)] = _twin(old, layer)
            pairs.append((layer, twins[id(layer)]))
        here = [known[id(tensor)] for tensor in given]
        known[id(result)] = twins[id(layer)](here if len(here) > 1 else here[0])
    for layer, twin in pairs:
        twin.set_weights(layer.get_weights())
    said = [known[id(tensor)] for tensor in cast("list[Any]", model.outputs)]
    made = old.Model(list(inputs.values()), said if len(said) > 1 else said[0], name=model.name)
    _compare(model, made, calibration)
    return made


def _check(model: keras.Model) -> None:
    """What the operator computes is an LSTM as Keras makes it by default; everything else stays a loop."""
    for layer in cast("list[Any]", model.layers):
        inner = layer.forward_layer if isinstance(layer, keras.layers.Bidirectional) else layer
        if isinstance(inner, (keras.layers.GRU, keras.layers.SimpleRNN)):
            raise LoweringError(
                f"{model.name}: layer {layer.name} ({type(inner).__name__}) has no fused operator; use another form"
            )
        if isinstance(inner, keras.layers.LSTM):
            config = inner.get_config()
            if (config["activation"], config["recurrent_activation"]) != ("tanh", "sigmoid") or not config["use_bias"]:
                raise LoweringError(
                    f"{model.name}: layer {layer.name} is no LSTM with tanh, sigmoid and bias, the one that is fused; "
                    "use stepwise or unrolled"
                )


def _twin(old: Any, layer: Any) -> Any:
    """The same layer of Keras 2, without weights."""
    name = type(layer).__name__
    kind = getattr(old.layers, name, None)
    if kind is None or not type(layer).__module__.startswith("keras."):
        raise LoweringError(f"layer {layer.name} ({name}) has no twin in Keras 2, which alone fuses; use another form")
    config = cast(dict[str, Any], layer.get_config())
    accepted = {"name", *inspect.signature(kind.__init__).parameters}
    kept = {key: value for key, value in config.items() if key in accepted and not key.endswith(_TRAINING_ONLY)} | {
        "name": layer.name
    }
    if name in _WRAPPERS:
        kept["layer"] = _twin(old, layer.forward_layer if name == "Bidirectional" else layer.layer)
        kept.pop("backward_layer", None)
    if "unroll" in kept:
        kept["unroll"] = False
    return kind(**kept)


def _compare(model: keras.Model, twin: Any, calibration: Mapping[str, Floats]) -> None:
    rows = {name: values[:4] for name, values in calibration.items()}
    said = answers(model, rows)
    for row in range(min(len(values) for values in rows.values())):
        given = [rows[name][row : row + 1] for name in inputs_of(model)]
        outputs = twin(given[0] if len(given) == 1 else given, training=False)
        listed = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        for name, values in zip(outputs_of(model), listed, strict=True):
            off = float(np.abs(np.asarray(values)[0] - said[name][row]).max())
            if off > _DRIFT * max(1.0, float(np.abs(said[name]).max())):
                raise LoweringError(
                    f"{model.name}: its twin in Keras 2 says otherwise (off by {off:.2g}); a layer means another "
                    "thing there, use another form"
                )


def _keras_2() -> Any:
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    try:
        return import_module("tf_keras")
    except ModuleNotFoundError:
        raise LoweringError("tf_keras is not installed, and it alone fuses; `make setup` installs it") from None

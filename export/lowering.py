"""How a network reaches TFLite: whole, unrolled, fused, or stepwise with its state made explicit."""
# Keras ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import keras
import numpy as np

from edge.flow import Floats
from export.convert import convert
from export.errors import LoweringError
from export.forms import CarriedState, Form, Lowered, Parent
from export.fused import OPERATOR, fused
from export.operators import operators
from export.parents import (
    CONVOLUTIONS,
    RECURRENT,
    answers,
    calls,
    graph_of,
    inputs_of,
    read_parent,
    rebuilt,
    recurrent_layers,
)

STATE_MARGIN = 2.0
"""A carried state may reach this many times what calibration showed; beyond lies no training, only drift."""
_PER_STEP = (
    keras.layers.Activation,
    keras.layers.Add,
    keras.layers.BatchNormalization,
    keras.layers.Concatenate,
    keras.layers.Dense,
    keras.layers.Dropout,
    keras.layers.LayerNormalization,
    keras.layers.Multiply,
    keras.layers.ReLU,
)
"""Layers that treat every moment alike, so that they mean the same one step at a time."""
_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")
"""What TensorFlow takes as the name of a scope."""
_SURE = 1e-3
"""Rows of probabilities add up to one but for this."""


def examine(path: Path, sample: Mapping[str, Floats]) -> Parent:
    """The parent's recurrent layers, its own outputs for a batch, and its parameter count; checks the inputs' names."""
    model = read_parent(path)
    wanted = inputs_of(model)
    if wanted.keys() != sample.keys():
        raise LoweringError(f"{path} has inputs {sorted(wanted)}, but its data has {sorted(sample)}; rename the arrays")
    for name, shape in wanted.items():
        given = sample[name].shape[1:]
        if len(given) != len(shape) or any(side not in (None, there) for side, there in zip(shape, given, strict=True)):
            raise LoweringError(f"{path}: input {name} has shape {shape}, but its data {given}; make the windows anew")
    for name in (*wanted, *(layer.name for layer in model.layers)):
        if not _NAME.fullmatch(name):
            raise LoweringError(f"{path}: {name!r} cannot be a name in a file; rename it with letters, digits and _")
    graph, said = graph_of(model), answers(model, sample)
    _check_answers(path, said)
    return Parent(
        recurrent=tuple(recurrent_layers(model)),
        answers=said,
        parameters=graph.parameters if graph is not None else int(model.count_params()),
        convolutional=any(isinstance(layer, CONVOLUTIONS) for layer in model.layers)
        or (graph is not None and graph.convolutional),
    )


def _check_answers(path: Path, said: Mapping[str, Floats]) -> None:
    """One output, or one of several, must be the logits (n, k): whoever reads them takes a softmax of his own."""
    if "logits" not in said or said["logits"].ndim != 2:
        told = ", ".join(f"{name} {values.shape[1:]}" for name, values in said.items())
        raise LoweringError(f"{path} answers {told}; expected `logits` of one axis, as its only output or by that name")
    logits = said["logits"]
    if logits.shape[1] > 1 and logits.min() >= 0 and bool(np.all(np.abs(logits.sum(axis=1) - 1) < _SURE)):
        raise LoweringError(
            f"{path} answers probabilities, expected logits; leave the softmax at its end out, the weights stay as "
            "they are"
        )


def lower(path: Path, form: Form, calibration: Mapping[str, Floats]) -> Lowered:
    """Bring a saved network into one form; raise LoweringError where it cannot be."""
    model = read_parent(path)
    if form.shape == "whole":
        content = convert(model, form.weights, calibration)
        return Lowered(form, content, (), OPERATOR in operators(content))
    if not recurrent_layers(model):
        raise LoweringError(f"{path} has no recurrent layer; {form.name} says nothing for it, use {form.weights}")
    if form.shape == "unrolled":
        return Lowered(form, convert(unrolled(model, calibration), form.weights, calibration), ())
    if form.shape == "fused":
        content = convert(fused(model, calibration), form.weights, calibration)
        if OPERATOR not in operators(content):
            raise LoweringError(f"{model.name}: the converter leaves its recurrent layers a loop; use another form")
        return Lowered(form, content, (), carries_state=True)
    step = stepwise(model)
    states, seen = walked(step, calibration)
    content = convert(step, form.weights, seen, [state.output for state in states])
    return Lowered(form, content, states)


def unrolled(model: keras.Model, calibration: Mapping[str, Floats]) -> keras.Model:
    """The same network with every moment of its recurrent layers written out."""
    fixed = _with_fixed_time(model, {name: values.shape[1:] for name, values in calibration.items()})
    return rebuilt(fixed, _unroll)


def stepwise(model: keras.Model) -> keras.Model:
    """The network that takes one moment and the states, and gives the answer and the states that follow.

    Inputs: the parent's own without the time axis, then `LAYER_h` (and `LAYER_c` for an LSTM), zeros at the start.
    Outputs: `logits` and `LAYER_h_out` ... Raises LoweringError for a layer that looks at several moments at once.
    """
    layers = keras.layers
    (source,) = cast("list[Any]", model.inputs)
    if len(source.shape) != 3:
        raise LoweringError(f"{model.name}: input {source.name} is no sequence (time, features); use a whole form")
    moment = keras.Input((source.shape[2],), name=source.name)
    known: dict[int, Any] = {id(source): layers.Reshape((1, source.shape[2]), name="one_moment")(moment)}
    state_inputs: list[Any] = []
    state_outputs: dict[str, Any] = {}
    for layer, given, result in calls(model):
        here = [known[id(tensor)] for tensor in given]
        config = cast(dict[str, Any], layer.get_config())
        if isinstance(layer, RECURRENT):
            if config.get("go_backwards"):
                raise LoweringError(
                    f"{model.name}: layer {layer.name} runs backwards and needs the future; use unrolled"
                )
            letters = "hc" if isinstance(layer, layers.LSTM) else "h"
            carried = [keras.Input((config["units"],), name=f"{layer.name}_{letter}") for letter in letters]
            twin = type(layer).from_config(config | {"return_state": True, "unroll": True, "stateful": False})
            answer, *after = twin(here[0], initial_state=carried if len(carried) > 1 else carried[0])
            state_inputs += carried
            named = [
                layers.Identity(name=f"{layer.name}_{letter}_out")(s) for letter, s in zip(letters, after, strict=True)
            ]
            state_outputs |= {f"{layer.name}_{letter}_out": s for letter, s in zip(letters, named, strict=True)}
        elif isinstance(layer, _PER_STEP):
            twin = type(layer).from_config(config)
            answer = twin(here if len(here) > 1 else here[0])
        else:
            raise LoweringError(
                f"{model.name}: layer {layer.name} ({type(layer).__name__}) looks at several moments; use unrolled"
            )
        twin.set_weights(layer.get_weights())
        known[id(result)] = answer
    (last,) = cast("list[Any]", model.outputs)
    answer = known[id(last)]
    if len(answer.shape) == 3:
        answer = layers.Reshape((answer.shape[2],), name="one_answer")(answer)
    made = keras.Model([moment, *state_inputs], [answer, *state_outputs.values()], name=f"{model.name}_step")
    made.output_names = ["logits", *state_outputs]
    return made


def walked(step: keras.Model, calibration: Mapping[str, Floats]) -> tuple[tuple[CarriedState, ...], dict[str, Floats]]:
    """Run every calibration sequence step by step; the states' reach, and inputs of steps as they occur."""
    ((name, windows),) = calibration.items()
    states = [tensor for tensor in inputs_of(step) if tensor != name]
    sizes = {tensor: cast(int, inputs_of(step)[tensor][0]) for tensor in states}
    held = {tensor: np.zeros((len(windows), size), np.float32) for tensor, size in sizes.items()}
    reach = dict.fromkeys(states, 0.0)
    kept: list[dict[str, Floats]] = []
    for moment in range(windows.shape[1]):
        feeds = {name: windows[:, moment], **held}
        # one sequence in as many as there are moments, each at another moment: the ranges need both ends
        kept.append({key: values[moment :: windows.shape[1]] for key, values in feeds.items()})
        outputs = answers(step, feeds)
        held = {tensor: outputs[f"{tensor}_out"] for tensor in states}
        reach = {tensor: max(reach[tensor], float(np.abs(held[tensor]).max())) for tensor in states}
    limits = {tensor: max(1.0, STATE_MARGIN * reach[tensor]) if tensor.endswith("_c") else 1.0 for tensor in states}
    carried = tuple(CarriedState(tensor, f"{tensor}_out", limits[tensor]) for tensor in states)
    return carried, {key: np.concatenate([rows[key] for rows in kept]) for key in (name, *states)}


def _unroll(config: dict[str, Any]) -> dict[str, Any]:
    """Every `unroll` in a configuration set, those of wrapped layers too."""
    return {
        key: True if key == "unroll" else _unroll(cast("dict[str, Any]", value)) if isinstance(value, dict) else value
        for key, value in config.items()
    }


def _with_fixed_time(model: keras.Model, shapes: Mapping[str, tuple[int, ...]]) -> keras.Model:
    """The same network with the data's own lengths where its inputs were open."""
    if all(None not in shape for shape in inputs_of(model).values()):
        return model
    fixed = [keras.Input(shapes[name], name=name) for name in inputs_of(model)]
    made = keras.models.clone_model(model, input_tensors=fixed)
    made.set_weights(model.get_weights())
    return made

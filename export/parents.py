"""The float parent: a `.keras` file or a SavedModel, read, checked, and made plain float32."""
# Keras ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import logging
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, cast

import keras
import numpy as np
import tensorflow as tf

from edge.flow import Floats
from export.errors import ExportError
from export.saved_models import Graph, read_saved

RECURRENT = (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN)
CONVOLUTIONS = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D)

logging.getLogger("tensorflow").setLevel(logging.ERROR)
warnings.filterwarnings("ignore")

Rebuild: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""A layer's configuration to the one that is wanted."""


def read_parent(path: Path) -> keras.Model:
    """Load a network without its training state, in float32; raise ExportError when it cannot be used."""
    if path.is_dir():
        saved = read_saved(path)
        return saved if graph_of(saved) is not None else _plain_float(path, saved)
    try:
        model = cast(keras.Model, keras.saving.load_model(path, compile=False, safe_mode=True))
        # a Sequential keeps its inputs and outputs, but not their names
        if isinstance(model, keras.Sequential):
            model = keras.Model(model.inputs, model.outputs, name=model.name)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        cause = " ".join(str(error).split())[:200]
        raise ExportError(f"{path} cannot be read as a Keras model ({cause}); train or save it again") from error
    return _plain_float(path, _to_logits(path, model))


def graph_of(model: keras.Model) -> Graph | None:
    """The one layer of a SavedModel whose layers are not told."""
    return next((layer for layer in cast(Sequence[object], model.layers) if isinstance(layer, Graph)), None)


def _to_logits(path: Path, model: keras.Model) -> keras.Model:
    """The same up to the softmax that it may end in, or the sigmoid of a lone answer: whoever reads takes their own."""
    if len(model.outputs) != 1:
        return model
    last = model.outputs[0]._keras_history.operation
    apart = isinstance(last, (keras.layers.Softmax, keras.layers.Activation))
    ending = keras.activations.softmax if isinstance(last, keras.layers.Softmax) else getattr(last, "activation", None)
    if ending is keras.activations.sigmoid and model.outputs[0].shape[-1] != 1:
        raise ExportError(
            f"{path} says yes or no to each of its {model.outputs[0].shape[-1]} answers by a sigmoid, and a device "
            "chooses one of them; train it with a softmax, or with one answer"
        )
    if ending not in (keras.activations.softmax, keras.activations.sigmoid):
        return model
    if apart:
        return keras.Model(model.inputs, last.input, name=model.name)
    last.activation = keras.activations.linear
    return model


def _plain_float(path: Path, model: keras.Model) -> keras.Model:
    for weight in model.weights:
        if not bool(np.all(np.isfinite(np.asarray(weight, np.float32)))):
            raise ExportError(
                f"{path}: weight {weight.path} holds NaN or infinity; train it again from before it broke"
            )
    return rebuilt(model, lambda config: config)


def rebuilt(model: keras.Model, change: Rebuild) -> keras.Model:
    """The same network and weights in plain float32, each layer's configuration passed through ``change``.

    Training in bfloat16 leaves casts in the graph that int8 cannot express.
    """

    def make(layer: keras.layers.Layer) -> keras.layers.Layer:
        config = cast(dict[str, Any], _plain(layer.get_config()))
        return type(layer).from_config(change(config))

    made = keras.models.clone_model(model, clone_function=make)
    made.set_weights(model.get_weights())
    return made


def inputs_of(model: keras.Model) -> dict[str, tuple[int | None, ...]]:
    """Shapes by input name, without the batch."""
    return {tensor.name: tuple(tensor.shape[1:]) for tensor in cast(Sequence[Any], model.inputs)}


def outputs_of(model: keras.Model) -> list[str]:
    """Output names: those of the layers that give them; a lone output is `logits`."""
    names = [cast(str, name) for name in model.output_names]
    return ["logits"] if len(names) == 1 else names


def answers(model: keras.Model, feeds: Mapping[str, Floats]) -> dict[str, Floats]:
    """The parent's own outputs, by name, for a batch of each input."""
    given = [tf.constant(feeds[name]) for name in inputs_of(model)]
    outputs = model(given[0] if len(given) == 1 else given, training=False)
    listed = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    return {name: np.asarray(values, np.float32) for name, values in zip(outputs_of(model), listed, strict=True)}


def recurrent_layers(model: keras.Model) -> list[str]:
    """Names of the layers that run over time."""
    over_time = (*RECURRENT, keras.layers.Bidirectional)
    return [layer.name for layer in cast(Sequence[keras.layers.Layer], model.layers) if isinstance(layer, over_time)]


def calls(model: keras.Model) -> list[tuple[keras.layers.Layer, list[Any], Any]]:
    """Each layer with the tensors it is given and the one it returns, in the order they run."""
    by_depth = cast("dict[int, list[Any]]", cast(Any, model)._nodes_by_depth)
    nodes = [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth] if not node.is_input]
    return [(node.operation, list(node.input_tensors), node.outputs[0]) for node in nodes]


def _plain(config: object) -> object:
    """A configuration with every dtype policy replaced by float32."""
    if isinstance(config, dict):
        known = cast(dict[str, object], config)
        return {key: "float32" if key == "dtype" and value else _plain(value) for key, value in known.items()}
    return [_plain(item) for item in cast(list[object], config)] if isinstance(config, list) else config

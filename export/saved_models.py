"""A SavedModel directory as a Keras network: its layers where Keras 2 left them, otherwise its graph as one layer."""
# Keras ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import json
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import keras
import numpy as np
import tensorflow as tf

from export.errors import ExportError

_LAYERS = "keras_metadata.pb"
"""Where Keras 2 tells of its layers; Keras 3 writes the graph alone."""
_SIGNATURE = "serving_default"
_CONVOLUTIONS = {"Conv2D", "DepthwiseConv2dNative"}
_LOOPS = {"While", "StatelessWhile"}


class Graph(keras.layers.Layer):
    """A graph without layers, run as it is: it has whole forms only."""

    def __init__(self, loaded: Any, function: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.loaded = loaded
        self._function = function
        self._names = list(function.structured_input_signature[1])
        self.said = sorted(function.structured_outputs)
        graph = function.graph.as_graph_def()
        nodes = [*graph.node, *(node for inner in graph.library.function for node in inner.node_def)]
        self.operators = {node.op for node in nodes}
        self.parameters = sum(int(np.prod(variable.shape)) for variable in function.variables)

    @property
    def convolutional(self) -> bool:
        """Convolutions that can come out in integers: a loop beside them cannot be calibrated."""
        return bool(self.operators & _CONVOLUTIONS) and not self.operators & _LOOPS

    def call(self, *given: Any) -> list[Any]:
        said = self._function(**dict(zip(self._names, given, strict=True)))
        return [said[name] for name in self.said]


def read_saved(path: Path) -> keras.Model:
    """Load a SavedModel; raise ExportError when it is none, or has no signature to serve by."""
    try:
        if (path / _LAYERS).is_file():
            return _with_layers(path)
        loaded = cast(Any, tf.saved_model.load(str(path)))
        signatures = loaded.signatures
    except (OSError, ValueError, TypeError, KeyError, AttributeError, tf.errors.OpError) as error:
        cause = " ".join(str(error).split())[:200]
        raise ExportError(f"{path} cannot be read as a SavedModel ({cause}); save it again") from error
    if _SIGNATURE not in signatures:
        raise ExportError(
            f"{path} has signatures {sorted(signatures) or 'none'}, expected {_SIGNATURE}; save it with that one"
        )
    return _as_one_layer(path, loaded, signatures[_SIGNATURE])


def _with_layers(path: Path) -> keras.Model:
    """Keras 2's own reader, and its HDF5 file as the bridge to Keras 3."""
    try:
        old: Any = import_module("tf_keras")
    except ModuleNotFoundError:
        raise ExportError(f"{path} is of Keras 2, which is not installed; `make setup` installs it") from None
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/network.h5"
        old.models.load_model(str(path), compile=False).save(file)
        _forget_time_major(file)
        return cast(keras.Model, keras.saving.load_model(file, compile=False))


def _forget_time_major(file: str) -> None:
    """Recurrent layers of Keras 2 tell an option that Keras 3 does not know, and never set it."""
    h5py: Any = import_module("h5py")
    with h5py.File(file, "r+") as stored:
        told = json.loads(stored.attrs["model_config"], object_hook=lambda found: _without(found, "time_major"))
        stored.attrs["model_config"] = json.dumps(told)


def _without(found: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key != name}


def _as_one_layer(path: Path, loaded: Any, function: Any) -> keras.Model:
    for variable in function.variables:
        if not bool(np.all(np.isfinite(np.asarray(variable, np.float32)))):
            raise ExportError(f"{path}: weight {variable.name} holds NaN or infinity; train it again")
    inputs: list[Any] = []
    for name, spec in function.structured_input_signature[1].items():
        if spec.dtype != tf.float32 or spec.shape.rank is None or spec.shape.rank < 2:
            raise ExportError(f"{path}: input {name} is {spec.dtype.name} {spec.shape}, expected float32 (batch, ...)")
        if spec.shape[0] is not None:
            raise ExportError(f"{path}: input {name} takes {spec.shape[0]} rows at once; save it with an open batch")
        inputs.append(keras.Input(spec.shape[1:], name=name))
    layer = Graph(loaded, function, name="graph")
    made = keras.Model(inputs, layer(*inputs), name=path.name)
    made.output_names = layer.said
    return made

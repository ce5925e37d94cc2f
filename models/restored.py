"""A bundle's float face network in; the run that its training left, as far as weights can tell, out.

A release may renew one network and keep the face, whose training takes hours: `edge-export` reads runs, not bundles.
Batch normalisation comes back folded into the convolution before it, so the network says the same but is no start for
further training by the same recipe.
"""
# Keras and LiteRT ship no types: what their objects return is unknown to the checker. Own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias, cast

import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from edge.bundle import Bundle
from edge.flow import EMOTIONS, Floats
from models.catalog import TrainingError
from models.faces import SIDE, glancing, vagus_face

_WEIGHTS = re.compile(r"/(?P<trunk>face_\w+?)_\d+/(?P<layer>\w+?)_\d+/(convolution|MatMul)$")
"""How the converter names the weights of a layer; those of a bias tell more of its way than of its place."""
Folded: TypeAlias = tuple[Floats, Floats]
"""A layer's weights, output channels first, and its bias, normalisation folded into both."""
_SAME = 1e-3
"""Logits of the rebuilt network and of the bundle's float file may differ by this."""


def restored_face(bundle: Bundle) -> keras.Model:
    """`vagus_face` with the weights of a bundle's float face file.

    TrainingError when the bundle has none, when the file is of another network, or when the two do not say the same.
    """
    model = bundle.contract.models.face
    twin = None if model is None else model.network.float_file
    if twin is None:
        raise TrainingError(f"{bundle.path} has no float face network to restore; give a bundle that has one")
    content = bundle.read(twin)
    held, face = constants(content), vagus_face()
    for trunk in ("face_wide", "face_deep"):
        for layer in cast(Any, face.get_layer(trunk)).layers:
            _fill(layer, lambda name, trunk=trunk: _of(held, (trunk, name), bundle.path))
    _prove(face, content, bundle.path)
    return face


def constants(content: bytes) -> Mapping[tuple[str, str], Folded]:
    """Weights and biases of a float .tflite file by trunk and layer."""
    schema: Any = import_module("ai_edge_litert.schema_py_generated")
    model: Any = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    graph: Any = model.subgraphs[0]

    def values(index: int) -> Floats:
        tensor = graph.tensors[index]
        return np.asarray(model.buffers[tensor.buffer].data, np.uint8).view(np.float32).reshape(tensor.shape)

    found: dict[tuple[str, str], Folded] = {}
    for operator in graph.operators:
        inputs: list[int] = list(operator.inputs)
        named = _WEIGHTS.search(graph.tensors[inputs[1]].name.decode()) if len(inputs) == 3 else None
        if named is not None:
            found[named["trunk"], named["layer"]] = values(inputs[1]), values(inputs[2])
    return found


def _fill(layer: Any, folded: Callable[[str], Folded]) -> None:
    """Weights of one layer, in Keras' order of axes; a layer without weights is left alone."""
    if isinstance(layer, keras.layers.Conv2D):
        layer.set_weights([folded(layer.name)[0].transpose(1, 2, 3, 0)])
    elif isinstance(layer, keras.layers.BatchNormalization):
        shift = folded(layer.name.removesuffix("_norm"))[1]
        one = np.ones_like(shift)
        layer.set_weights([one * np.sqrt(1 + layer.epsilon, dtype=np.float32), shift, one * 0, one])
    elif isinstance(layer, keras.layers.Dense):
        weights, bias = folded(layer.name)
        layer.set_weights([weights.T, bias])


def _of(held: Mapping[tuple[str, str], Folded], key: tuple[str, str], path: Path) -> Folded:
    if key not in held:
        raise TrainingError(f"{path} has a face network without {'/'.join(key)}; only one like vagus_face is restored")
    return held[key]


def _prove(model: keras.Model, content: bytes, path: Path) -> None:
    """Ask both about made-up faces."""
    signature = Interpreter(model_content=content).get_signature_runner()
    (given,) = cast("dict[str, Any]", signature.get_input_details()).values()
    side = int(given["shape"][1])
    faces = np.random.default_rng(0).uniform(-1, 1, (4, side, side, 1)).astype(np.float32)
    # up to 0.4.0 the ten looks were inside the network
    heads = [np.asarray(head) for head in cast(Any, glancing(model) if side == SIDE else model)(faces)]
    for row, face in enumerate(faces):
        said = cast("dict[str, Any]", signature(**{next(iter(signature.get_input_details())): face[np.newaxis]}))
        theirs = [np.asarray(value).reshape(len(EMOTIONS)) for value in said.values()]
        ours = [head[row] for head in heads]
        # the file's outputs bear the converter's names, so each of ours must be one of them
        drift = max(min(float(np.abs(mine - their).max()) for their in theirs) for mine in ours)
        if drift > _SAME:
            raise TrainingError(f"{path}: the restored face network is off its file by {drift:.2g}; nothing is left")

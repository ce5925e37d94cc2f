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
from pathlib import Path
from typing import Any, cast

import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from edge.bundle import Bundle
from edge.flow import EMOTIONS, Floats
from models.catalog import TrainingError
from models.faces import SIDE, vagus_face

_CONSTANT = re.compile(
    r"/(?P<trunk>face_\w+?)_\d+/(?P<layer>\w+?)_\d+/(?P<kind>convolution|MatMul|BiasAdd|batchnorm/sub)$"
)
"""How the converter names what it made of a layer; of names that it joined, the last one speaks."""
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
            _fill(layer, lambda kind, name, trunk=trunk: _of(held, (trunk, name, kind), bundle.path))
    _prove(face, content, bundle.path)
    return face


def constants(content: bytes) -> Mapping[tuple[str, str, str], Floats]:
    """The constants of a .tflite file by trunk, layer and kind: `convolution`, `MatMul`, `BiasAdd`, `batchnorm/sub`."""
    interpreter = Interpreter(model_content=content)
    found: dict[tuple[str, str, str], Floats] = {}
    for tensor in interpreter.get_tensor_details():
        named = _CONSTANT.search(str(tensor["name"]))
        if named is not None:
            key = named["trunk"], named["layer"], named["kind"]
            try:
                found[key] = np.asarray(interpreter.get_tensor(tensor["index"]), np.float32)
            except ValueError:
                continue  # a result that bears a layer's name has no value before a run
    return found


def _fill(layer: Any, constant: Callable[[str, str], Floats]) -> None:
    """Weights of one layer, in Keras' order of axes; a layer without weights is left alone."""
    if isinstance(layer, keras.layers.Conv2D):
        layer.set_weights([constant("convolution", layer.name).transpose(1, 2, 3, 0)])
    elif isinstance(layer, keras.layers.BatchNormalization):
        shift = constant("batchnorm/sub", layer.name)
        one = np.ones_like(shift)
        layer.set_weights([one * np.sqrt(1 + layer.epsilon, dtype=np.float32), shift, one * 0, one])
    elif isinstance(layer, keras.layers.Dense):
        layer.set_weights([constant("MatMul", layer.name).T, constant("BiasAdd", layer.name)])


def _of(held: Mapping[tuple[str, str, str], Floats], key: tuple[str, str, str], path: Path) -> Floats:
    if key not in held:
        raise TrainingError(f"{path} has a face network without {'/'.join(key)}; only one like vagus_face is restored")
    return held[key]


def _prove(model: keras.Model, content: bytes, path: Path) -> None:
    """Ask both about made-up faces."""
    faces = np.random.default_rng(0).uniform(-1, 1, (4, SIDE, SIDE, 1)).astype(np.float32)
    signature = Interpreter(model_content=content).get_signature_runner()
    heads = [np.asarray(head) for head in cast(Any, model)(faces)]
    for row, face in enumerate(faces):
        said = cast("dict[str, Any]", signature(**{next(iter(signature.get_input_details())): face[np.newaxis]}))
        theirs = [np.asarray(value).reshape(len(EMOTIONS)) for value in said.values()]
        ours = [head[row] for head in heads]
        # the file's outputs bear the converter's names, so each of ours must be one of them
        drift = max(min(float(np.abs(mine - their).max()) for their in theirs) for mine in ours)
        if drift > _SAME:
            raise TrainingError(f"{path}: the restored face network is off its file by {drift:.2g}; nothing is left")

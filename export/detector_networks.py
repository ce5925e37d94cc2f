"""MTCNN's three networks and their weights, read from the `mtcnn` wheel and fitted to BGR pixels.

Layer for layer figure 2 of Zhang, Zhang, Li and Qiao, IEEE Signal Processing Letters 23(10), 2016; weights by
Iván de Paz Centeno (MIT). Keras is handed in, since importing it takes seconds.
"""

import hashlib
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from export.errors import ExportError

Weights = Sequence[npt.NDArray[np.float32]]

MTCNN_VERSION = "1.0.0"
_WEIGHTS = {  # sha256 of the files in the wheel: a pickle is opened only when it is the one that was reviewed
    "pnet": "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
    "rnet": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    "onet": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
}
_HEADS = ("offsets", "landmarks", "face")
"""The order in which the wheel lists the heads' weights."""


class DetectorError(ExportError):
    """The detector cannot be built; the sentence says why, and what would help."""


def read_weights(name: str) -> Weights:
    """The wheel's arrays of one network (`pnet`, `rnet` or `onet`), in the order of its layers."""
    try:
        found = version("mtcnn")
    except PackageNotFoundError as error:
        raise DetectorError(
            "the mtcnn wheel is not installed; `make setup` installs it with the export extra"
        ) from error
    if found != MTCNN_VERSION:
        raise DetectorError(f"mtcnn {found} is installed, but only the weights of {MTCNN_VERSION} were reviewed")
    path = Path(str(distribution("mtcnn").locate_file(f"mtcnn/assets/weights/{name}.lz4")))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != _WEIGHTS[name]:
        raise DetectorError(f"{path} is not the reviewed file (sha256 {digest}); reinstall mtcnn {MTCNN_VERSION}")
    return import_module("joblib").load(path)


def fold_input(weights: Weights) -> Weights:
    """Let the first convolution eat BGR pixels, 0 to 255, instead of RGB scaled by (x - 127.5) / 128.

    Exact, because that convolution has no padding.
    """
    kernel, bias, *rest = weights
    shifted = bias - kernel.sum(axis=(0, 1, 2), dtype=np.float64) * 127.5 / 128
    return [kernel[:, :, ::-1] / np.float32(128), shifted.astype(np.float32), *rest]


def pnet(keras: Any, shape: tuple[int, ...]) -> Any:
    """Proposal network: (1, h, w, 3) pixels to (1, h', w', 5): face probability and box offsets, every second pixel."""
    layers = keras.layers
    x = pixels = keras.Input(batch_shape=shape, name="pixels")
    x = _conv(layers, x, 10, 3, "1")
    x = layers.MaxPooling2D(2, 2, padding="same", name="pool1")(x)
    x = _conv(layers, x, 16, 3, "2")
    x = _conv(layers, x, 32, 3, "3")
    offsets = layers.Conv2D(4, 1, name="offsets")(x)
    face = layers.Conv2D(2, 1, activation="softmax", name="face")(x)
    return keras.Model(pixels, layers.Concatenate(name="heads")([face[..., 1:], offsets]), name="pnet")


def rnet(keras: Any, shape: tuple[int, ...]) -> Any:
    """Refinement network: (1, 24, 24, 3) pixels to (1, 5): face probability and box offsets."""
    layers = keras.layers
    x = pixels = keras.Input(batch_shape=shape, name="pixels")
    x = _conv(layers, x, 28, 3, "1")
    x = layers.MaxPooling2D(3, 2, padding="same", name="pool1")(x)
    x = _conv(layers, x, 48, 3, "2")
    x = layers.MaxPooling2D(3, 2, padding="valid", name="pool2")(x)
    x = _conv(layers, x, 64, 2, "3")
    x = _dense(layers, x, 128, "4")
    offsets = layers.Dense(4, name="offsets")(x)
    face = layers.Dense(2, activation="softmax", name="face")(x)
    return keras.Model(pixels, layers.Concatenate(name="heads")([face[:, 1:], offsets]), name="rnet")


def onet(keras: Any, shape: tuple[int, ...]) -> Any:
    """Output network: (1, 48, 48, 3) pixels to (1, 15): face probability, box offsets, landmarks' five x, five y."""
    layers = keras.layers
    x = pixels = keras.Input(batch_shape=shape, name="pixels")
    x = _conv(layers, x, 32, 3, "1")
    x = layers.MaxPooling2D(3, 2, padding="same", name="pool1")(x)
    x = _conv(layers, x, 64, 3, "2")
    x = layers.MaxPooling2D(3, 2, padding="valid", name="pool2")(x)
    x = _conv(layers, x, 64, 3, "3")
    x = layers.MaxPooling2D(2, 2, padding="same", name="pool3")(x)
    x = _conv(layers, x, 128, 2, "4")
    x = _dense(layers, x, 256, "5")
    offsets = layers.Dense(4, name="offsets")(x)
    landmarks = layers.Dense(10, name="landmarks")(x)
    face = layers.Dense(2, activation="softmax", name="face")(x)
    return keras.Model(pixels, layers.Concatenate(name="heads")([face[:, 1:], offsets, landmarks]), name="onet")


def fill(network: Any, weights: Weights) -> None:
    """Give a network its weights; raise DetectorError if they are not as many, or not shaped, as its layers want."""
    # by name, so that the order in which Keras lists two heads of one depth does not matter
    named: Mapping[str, Any] = {layer.name: layer for layer in network.layers if layer.weights}
    order = [*(name for name in named if name not in _HEADS), *(name for name in _HEADS if name in named)]
    wanted = [tuple(part.shape) for name in order for part in named[name].weights]
    given = [part.shape for part in weights]
    if wanted != given:
        raise DetectorError(f"{network.name} wants arrays of shapes {wanted}, the wheel has {given}")
    left = list(weights)
    for name in order:
        count = len(named[name].weights)
        named[name].set_weights(left[:count])
        left = left[count:]


def _conv(layers: Any, x: Any, filters: int, side: int, name: str) -> Any:
    x = layers.Conv2D(filters, side, name=f"conv{name}")(x)
    return layers.PReLU(shared_axes=[1, 2], name=f"prelu{name}")(x)


def _dense(layers: Any, x: Any, units: int, name: str) -> Any:
    # The weights were trained column by column (Caffe from MATLAB): width before height.
    x = layers.Permute((2, 1, 3), name="columns_first")(x)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dense(units, name=f"dense{name}")(x)
    return layers.PReLU(name=f"prelu{name}")(x)


def read_licence() -> str:
    """The licence that must travel with the weights; raise DetectorError if the wheel carries none."""
    text = distribution("mtcnn").read_text("LICENSE")
    if not text:
        raise DetectorError("the mtcnn wheel carries no LICENSE; without it its weights may not be passed on")
    return text

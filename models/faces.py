"""Networks that read an emotion from one grey face of 48 by 48 pixels; every one ends in the logits of EMOTIONS.

Input `face`: (batch, 48, 48, 1), float, (pixel - 127.5) / 127.5. Output `logits`: (batch, 7), before softmax, so that
a temperature can be fitted to them and so that int8 spends its steps on numbers of one size.
"""
# Keras ships no types: what its layers return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportMissingParameterType=false

from collections.abc import Callable, Sequence

import keras
from keras import layers

from edge.flow import EMOTIONS, Floats

SIDE = 48
OFFSET = 127.5
DIVISOR = 127.5
GLANCE = 46
"""Side of the part of a face that a trunk sees at one look."""
_VIEWS = 10


def vagus_face() -> keras.Model:
    """Ours: two trunks that look at each face ten ways (middle and corners, and mirrored) and say the mean.

    1,893,228 parameters. Two heads, outputs `logits` and `votes`, (batch, 7) each: what the contest's label would be,
    and what most annotators would vote. They differ on a third of the faces, so they are two questions.
    """
    face = keras.Input((SIDE, SIDE, 1), name="face")
    views = _ten_views(face)
    said = [trunk(views) for trunk in (face_wide(GLANCE), face_deep(GLANCE))]
    heads = [
        _mean_of_views(layers.Average(name=f"{name}_of_both")([each[head] for each in said]), name)
        for head, name in enumerate(("logits", "votes"))
    ]
    return keras.Model(face, heads, name="vagus_face")


def glancing(trunk: Callable[[int | None], keras.Model], weights: list[Floats]) -> keras.Model:
    """One trunk that looks ten ways: inputs and outputs as `vagus_face`, `weights` as the trunk's get_weights()."""
    looking = trunk(GLANCE)
    looking.set_weights(weights)
    face = keras.Input((SIDE, SIDE, 1), name="face")
    said = looking(_ten_views(face))
    return keras.Model(
        face, [_mean_of_views(head, name) for head, name in zip(said, looking.output_names, strict=True)]
    )


def face_wide(side: int | None = SIDE, dropout: float = 0.3) -> keras.Model:
    """A stem and three residual stages of plain 3x3 convolutions and ReLU, which int8 kernels run fastest.

    1,092,126 parameters, 79 million multiply-adds. `side` None takes any side, for training on smaller pictures first.
    """
    return _residual_trunk(side, dropout, (48, 96, 192), 1, "face_wide")


def face_deep(side: int | None = SIDE, dropout: float = 0.3) -> keras.Model:
    """As `face_wide`, with two narrower blocks a stage: 801,102 parameters, 72 million multiply-adds."""
    return _residual_trunk(side, dropout, (32, 64, 120), 2, "face_deep")


def _residual_trunk(side: int | None, dropout: float, widths: Sequence[int], blocks: int, name: str) -> keras.Model:
    face = keras.Input((side, side, 1), name="face")
    x = _convolved(face, 16, "stem")
    for stage, filters in enumerate(widths, start=1):
        x = _convolved(x, filters, f"stage{stage}_down", stride=2)
        for block in range(blocks):
            x = _residual(x, filters, f"stage{stage}_block" + (f"{block + 1}" if blocks > 1 else ""))
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(face, [_logits(x), _logits(x, "votes")], name=name)


def _ten_views(face):
    """(10 * batch, 46, 46, 1): the middle and the four corners of each face, then the same mirrored."""
    edge = SIDE - GLANCE
    places = [(edge // 2, edge // 2), (0, 0), (0, edge), (edge, 0), (edge, edge)]
    views = [
        layers.Cropping2D(((top, edge - top), (left, edge - left)), name=f"glance{number}")(face)
        for number, (top, left) in enumerate(places)
    ]
    straight = layers.Concatenate(axis=0, name="glances")(views)
    return layers.Concatenate(axis=0, name="views")([straight, keras.ops.flip(straight, axis=2)])


def _mean_of_views(said, name):
    """Mean over the ten views of what was said of them, (batch, 7)."""
    apart = keras.ops.reshape(said, (_VIEWS, -1, len(EMOTIONS)))
    return layers.Identity(dtype="float32", name=name)(keras.ops.mean(apart, axis=0))


def bagga_model_1() -> keras.Model:
    """CNN model 1 of Bagga and Makwana 2026, Table 2, layer for layer: 117,031 parameters."""
    face = keras.Input((SIDE, SIDE, 1), name="face")
    x = _convolved(face, 16, "conv2d", "valid", bias=True)
    x = _convolved(x, 32, "conv2d_1", bias=True)
    x = layers.MaxPooling2D(name="max_pooling2d")(x)
    x = _convolved(x, 32, "conv2d_2", "valid", bias=True)
    x = layers.MaxPooling2D(name="max_pooling2d_1")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(32, activation="relu", name="dense")(x)
    x = layers.Dropout(0.6, name="dropout")(x)
    return keras.Model(face, _logits(x), name="bagga_model_1")


def bagga_model_2() -> keras.Model:
    """CNN+LSTM model 2 of Bagga and Makwana 2026, Table 3, layer for layer: 303,495 parameters."""
    face = keras.Input((SIDE, SIDE, 1), name="face")
    x = layers.Reshape((64, 32), name="reshape")(_bagga_convolutions(face))
    x = layers.LSTM(32, name="lstm")(x)
    x = layers.Reshape((1, 32), name="reshape_1")(x)
    x = layers.LSTM(32, name="lstm_1")(x)
    return keras.Model(face, _bagga_head(x), name="bagga_model_2")


def bagga_model_3() -> keras.Model:
    """CNN+LSTM model 3 of Bagga and Makwana 2026, Table 4, layer for layer: 457,863 parameters."""
    face = keras.Input((SIDE, SIDE, 1), name="face")
    x = layers.Reshape((16, 128), name="reshape")(_bagga_convolutions(face))
    x = layers.LSTM(128, name="lstm")(x)
    x = layers.Reshape((2, 64), name="reshape_1")(x)
    x = layers.LSTM(64, name="lstm_1")(x)
    return keras.Model(face, _bagga_head(x), name="bagga_model_3")


def _bagga_convolutions(face):
    """The five convolutions that models 2 and 3 share; (batch, 4, 4, 128)."""
    x = _convolved(face, 32, "conv2d", "valid", bias=True)
    x = _convolved(x, 64, "conv2d_1", bias=True)
    x = layers.MaxPooling2D(name="max_pooling2d")(x)
    x = _convolved(x, 64, "conv2d_2", "valid", bias=True)
    x = _convolved(x, 128, "conv2d_3", bias=True)
    x = layers.MaxPooling2D(name="max_pooling2d_1")(x)
    x = _convolved(x, 128, "conv2d_4", "valid", bias=True)
    return layers.MaxPooling2D(name="max_pooling2d_2")(x)


def _bagga_head(x):
    x = layers.Dense(200, activation="relu", name="dense")(x)
    return _logits(layers.Dropout(0.6, name="dropout")(x))


def _convolved(x, filters, name, padding="same", *, stride=1, bias=False, relu=True):
    """3x3 convolution, batch normalisation (folded into it on export), ReLU."""
    x = layers.Conv2D(filters, 3, stride, padding, use_bias=bias, kernel_initializer="he_normal", name=name)(x)
    x = layers.BatchNormalization(name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x


def _residual(x, filters, name):
    """Two convolutions added to what went in (He et al. 2016, figure 2)."""
    y = _convolved(x, filters, f"{name}_first")
    y = _convolved(y, filters, f"{name}_second", relu=False)
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, y]))


def _logits(x, name="logits"):
    """float32 even where the rest computes in bfloat16: softmax needs the range."""
    return layers.Dense(len(EMOTIONS), dtype="float32", name=name)(x)

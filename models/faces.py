"""Networks that read an emotion from one grey face of 48 by 48 pixels; every one ends in the logits of EMOTIONS.

Input `face`: (batch, 48, 48, 1), float, (pixel - 127.5) / 127.5. Output `logits`: (batch, 7), before softmax, so that
a temperature can be fitted to them and so that int8 spends its steps on numbers of one size.
"""
# Keras ships no types: what its layers return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportMissingParameterType=false

from collections.abc import Sequence

import keras
from keras import layers

from edge.flow import EMOTIONS, Floats

SIDE = 48
OFFSET = 127.5
DIVISOR = 127.5
GLANCE = 46
"""Side of the part of a face that a trunk sees at one look."""
_VIEWS = 10
_HEADS = ("logits", "votes")


def vagus_face() -> keras.Model:
    """Ours: two trunks that look at a part of a face and say the mean. Input `face`: (batch, 46, 46, 1).

    1,893,228 parameters. Two heads, outputs `logits` and `votes`, (batch, 7) each: what the contest's label would be,
    and what most annotators would vote. They differ on a third of the faces, so they are two questions. `glancing`
    looks at a face ten ways; the device as many of them as it has time for (edge/inference/glances.py).
    """
    face = keras.Input((GLANCE, GLANCE, 1), name="face")
    said = [trunk(face) for trunk in (face_wide(GLANCE), face_deep(GLANCE))]
    both = [layers.Average(name=f"{name}_of_both")([each[head] for each in said]) for head, name in enumerate(_HEADS)]
    heads = [layers.Identity(dtype="float32", name=name)(head) for name, head in zip(_HEADS, both, strict=True)]
    return keras.Model(face, heads, name="vagus_face")


def glancing(looking: keras.Model) -> keras.Model:
    """A network of two heads over parts of a face, looking at faces (batch, 48, 48, 1) ten ways: the mean of them."""
    face = keras.Input((SIDE, SIDE, 1), name="face")
    said = looking(_ten_views(face))
    return keras.Model(face, [_mean_of_views(head, name) for head, name in zip(said, _HEADS, strict=True)])


def middles(faces: Floats) -> Floats:
    """The part of each face (n, 48, 48, 1) that a first look sees, (n, 46, 46, 1)."""
    edge = (SIDE - GLANCE) // 2
    return faces[:, edge : edge + GLANCE, edge : edge + GLANCE]


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


def _convolved(x, filters, name, *, stride=1, relu=True):
    """3x3 convolution, batch normalisation (folded into it on export), ReLU."""
    x = layers.Conv2D(filters, 3, stride, "same", use_bias=False, kernel_initializer="he_normal", name=name)(x)
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

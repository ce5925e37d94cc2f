"""Networks that read an emotion from one grey face of 48 by 48 pixels; every one ends in the logits of EMOTIONS.

Input `face`: (batch, 48, 48, 1), float, (pixel - 127.5) / 127.5. Output `logits`: (batch, 7), before softmax, so that
a temperature can be fitted to them and so that int8 spends its steps on numbers of one size.
"""
# Keras ships no types: what its layers return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportMissingParameterType=false

import keras
from keras import layers

from edge.flow import EMOTIONS

SIDE = 48
OFFSET = 127.5
DIVISOR = 127.5


def vagus_face(side: int | None = SIDE, dropout: float = 0.3) -> keras.Model:
    """Ours: a stem and three residual stages of plain 3x3 convolutions and ReLU, which int8 kernels run fastest.

    1,092,126 parameters, 79 million multiply-adds. `side` None takes any side, for training on smaller pictures first.
    Two heads, outputs `logits` and `votes`, (batch, 7) each: what the contest's label would be, and what most
    annotators would vote. They differ on a third of the faces, so they are two questions.
    """
    face = keras.Input((side, side, 1), name="face")
    x = _convolved(face, 16, "stem")
    for stage, filters in enumerate((48, 96, 192), start=1):
        x = _convolved(x, filters, f"stage{stage}_down", stride=2)
        x = _residual(x, filters, f"stage{stage}_block")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(face, [_logits(x), _logits(x, "votes")], name="vagus_face")


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

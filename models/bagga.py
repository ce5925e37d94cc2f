"""The three networks of Bagga and Makwana 2026, layer for layer as their Tables 2 to 4.

Input `face` and output `logits` are those of every face network (models/faces.py); the paper's softmax is in the loss.
"""
# Keras ships no types: what its layers return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportMissingParameterType=false

import keras
from keras import layers

from edge.flow import EMOTIONS
from models.faces import SIDE


def bagga_model_1() -> keras.Model:
    """CNN model 1, Table 2: 117,031 parameters.

    Table 2 tells no rate of dropout. That of the text beside it, .6, is said of a layer of 200: before seven classes,
    it silences one of 32 within the first epoch, for good. So it is .2 here.
    """
    face = keras.Input((SIDE, SIDE, 1), name="face")
    x = _convolved(face, 16, "conv2d", "valid")
    x = _convolved(x, 32, "conv2d_1", "same")
    x = layers.MaxPooling2D(name="max_pooling2d")(x)
    x = _convolved(x, 32, "conv2d_2", "valid")
    x = layers.MaxPooling2D(name="max_pooling2d_1")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(32, activation="relu", name="dense")(x)
    x = layers.Dropout(0.2, name="dropout")(x)
    return keras.Model(face, _logits(x), name="bagga_model_1")


def bagga_model_2() -> keras.Model:
    """CNN+LSTM model 2, Table 3: 303,495 parameters."""
    face = keras.Input((SIDE, SIDE, 1), name="face")
    x = layers.Reshape((64, 32), name="reshape")(_convolutions(face))
    x = layers.LSTM(32, name="lstm")(x)
    x = layers.Reshape((1, 32), name="reshape_1")(x)
    x = layers.LSTM(32, name="lstm_1")(x)
    return keras.Model(face, _head(x), name="bagga_model_2")


def bagga_model_3() -> keras.Model:
    """CNN+LSTM model 3, Table 4: 457,863 parameters."""
    face = keras.Input((SIDE, SIDE, 1), name="face")
    x = layers.Reshape((16, 128), name="reshape")(_convolutions(face))
    x = layers.LSTM(128, name="lstm")(x)
    x = layers.Reshape((2, 64), name="reshape_1")(x)
    x = layers.LSTM(64, name="lstm_1")(x)
    return keras.Model(face, _head(x), name="bagga_model_3")


def _convolutions(face):
    """The five convolutions that models 2 and 3 share; (batch, 4, 4, 128)."""
    x = _convolved(face, 32, "conv2d", "valid")
    x = _convolved(x, 64, "conv2d_1", "same")
    x = layers.MaxPooling2D(name="max_pooling2d")(x)
    x = _convolved(x, 64, "conv2d_2", "valid")
    x = _convolved(x, 128, "conv2d_3", "same")
    x = layers.MaxPooling2D(name="max_pooling2d_1")(x)
    x = _convolved(x, 128, "conv2d_4", "valid")
    return layers.MaxPooling2D(name="max_pooling2d_2")(x)


def _head(x):
    x = layers.Dense(200, activation="relu", name="dense")(x)
    return _logits(layers.Dropout(0.6, name="dropout")(x))


def _convolved(x, filters, name, padding):
    """3x3 convolution with bias, batch normalisation, ReLU."""
    x = layers.Conv2D(filters, 3, padding=padding, kernel_initializer="he_normal", name=name)(x)
    x = layers.BatchNormalization(name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _logits(x):
    """float32 even where the rest computes in bfloat16: softmax needs the range."""
    return layers.Dense(len(EMOTIONS), dtype="float32", name="logits")(x)

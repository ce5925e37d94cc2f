"""The network of Patil and Kulkarni 2026 on sequences of epochs' features.

Input `epochs`: (batch, epochs, selected features, 1), in the person's own spread. Output: logits of rest and
arithmetic, before softmax. The paper gives 3x3 kernels (equation 9), batch normalisation (10), an LSTM (11 to 16) and a
dense softmax (17), and no widths: those here are ours.
"""
# Keras ships no types: what its layers return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import keras
from keras import layers

STEPS = 8
"""Epochs in a sequence: 18 s at 4 s an epoch and a hop of 2 s."""
FEATURES = 190
"""Width of the register's network: half of 19 electrodes times 20 statistics."""


def patil_cnn_lstm(
    features: int = FEATURES, steps: int = STEPS, *, filters: int = 8, units: int = 24, dropout: float = 0.4
) -> keras.Model:
    """Convolutions over features and time, then one LSTM over time."""
    plane = keras.Input((steps, features, 1), name="epochs")
    x = layers.Conv2D(filters, 3, strides=(1, 2), padding="same", use_bias=False, name="convolution_1")(plane)
    x = layers.BatchNormalization(name="normal_1")(x)
    x = layers.ReLU(name="active_1")(x)
    x = layers.Conv2D(filters, 3, strides=(1, 2), padding="same", use_bias=False, name="convolution_2")(x)
    x = layers.BatchNormalization(name="normal_2")(x)
    x = layers.ReLU(name="active_2")(x)
    x = layers.Reshape((steps, -1), name="moments")(x)
    x = layers.Dropout(dropout, name="dropout_1")(x)
    x = layers.LSTM(units, name="memory")(x)
    x = layers.Dropout(dropout, name="dropout_2")(x)
    return keras.Model(plane, layers.Dense(2, name="verdict")(x), name="patil_cnn_lstm")


def headband_cnn_lstm() -> keras.Model:
    """The same on all features of a headband's four electrodes."""
    return patil_cnn_lstm(80)


def cap_cnn_lstm() -> keras.Model:
    """The same on all features of a cap's nineteen electrodes."""
    return patil_cnn_lstm(380)

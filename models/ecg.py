"""Networks that tell mental arithmetic from rest by the electrocardiogram.

Input `images`: (batch, steps, 124, 124, 3), spectrograms of consecutive stretches. Output: logits of rest and
arithmetic, before softmax. `pulse_head` is ours and reads a few features of edge/signals/ecg.py instead.
"""
# Keras ships no types: what its layers return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import keras
from keras import layers

SIDE, DEPTH = 124, 3
STEPS = 2
"""Images in a sequence: ten seconds each."""
UNITS = 200
"""An input weight of 800 x 11,532 is four gates of 200 units over 31 * 31 * 12 features."""
FEATURES = 4
"""Of the compact head."""


def kang_cnn_lstm(steps: int = STEPS) -> keras.Model:
    """Kang et al. 2021, Table 1: folded convolutions, then one LSTM over the images. 9,387,990 parameters."""
    images = keras.Input((steps, SIDE, SIDE, DEPTH), name="images")
    x = layers.TimeDistributed(_convolutions(), name="each_image")(images)
    x = layers.LSTM(UNITS, name="memory")(x)
    return keras.Model(images, layers.Dense(2, name="verdict")(x), name="kang_cnn_lstm")


def kang_cnn(steps: int = STEPS) -> keras.Model:
    """The convolutions alone: a dense layer over the mean of the images' features."""
    images = keras.Input((steps, SIDE, SIDE, DEPTH), name="images")
    x = layers.TimeDistributed(_convolutions(), name="each_image")(images)
    x = layers.GlobalAveragePooling1D(name="mean_over_images")(x)
    return keras.Model(images, layers.Dense(2, name="verdict")(x), name="kang_cnn")


def kang_lstm(steps: int = STEPS) -> keras.Model:
    """The LSTM alone, over the images' columns: each moment's 124 frequencies in three channels."""
    images = keras.Input((steps, SIDE, SIDE, DEPTH), name="images")
    x = layers.Permute((1, 3, 2, 4), name="time_first")(images)
    x = layers.Reshape((steps * SIDE, SIDE * DEPTH), name="columns")(x)
    x = layers.AveragePooling1D(4, name="every_fourth")(x)
    x = layers.LSTM(UNITS, name="memory")(x)
    return keras.Model(images, layers.Dense(2, name="verdict")(x), name="kang_lstm")


def pulse_head(features: int = FEATURES) -> keras.Model:
    """Ours: one hidden layer over the person's own deviations in heart rate, its variability and the QRS."""
    seen = keras.Input((features,), name="features")
    x = layers.Dense(8, activation="relu", name="hidden")(seen)
    x = layers.Dropout(0.2, name="dropout")(x)
    return keras.Model(seen, layers.Dense(2, name="verdict")(x), name="pulse_head")


def _convolutions() -> keras.Model:
    """One image to its 11,532 features. The second convolution halves the sides: 62 to 31."""
    image = keras.Input((SIDE, SIDE, DEPTH), name="image")
    x = layers.Conv2D(6, 5, padding="same", name="convolution_1")(image)
    x = layers.BatchNormalization(name="normal_1")(x)
    x = layers.MaxPooling2D(2, name="pool")(x)
    x = layers.Conv2D(12, 3, strides=2, padding="same", name="convolution_2")(x)
    x = layers.BatchNormalization(name="normal_2")(x)
    return keras.Model(image, layers.Flatten(name="features_of_image")(x), name="convolutions")

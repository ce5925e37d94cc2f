"""The three networks of Hegh et al. 2025: faces, heart rate, and both with their features side by side.

Inputs: `face` (batch, 48, 48, 1) as every face network's; `heart` (batch, 32, 1), a window of heart rate between 0 and
1; `statistics` (batch, 8), its mean, variance and Fourier features, over the learned windows at mean 0 and deviation 1.
Outputs `logits`, before softmax. The paper gives no widths; those here are the smallest usual ones.
"""
# Keras ships no types: what its layers return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportMissingParameterType=false

import keras
from keras import layers

from edge.flow import EMOTIONS
from models.faces import SIDE
from models.heart_windows import STATISTICS, STEPS

STATES = ("calm", "stress")


def hegh_face() -> keras.Model:
    """CNN, section "Model Development": three convolutions with pooling, one dense layer: 684,039 parameters."""
    face = keras.Input((SIDE, SIDE, 1), name="face")
    return keras.Model(face, _classes(_face_features(face), len(EMOTIONS), "face"), name="hegh_face")


def hegh_heart() -> keras.Model:
    """LSTM of two layers over a window of heart rate, its statistics beside: 29,554 parameters."""
    heart, statistics = _heart_inputs()
    x = _heart_features(heart, statistics)
    return keras.Model([heart, statistics], _classes(x, len(STATES), "heart"), name="hegh_heart")


def hegh_hybrid() -> keras.Model:
    """Both feature vectors side by side (equation 3), a dense layer, softmax (equation 4): 734,983 parameters."""
    face = keras.Input((SIDE, SIDE, 1), name="face")
    heart, statistics = _heart_inputs()
    x = layers.Concatenate(name="fused")([_face_features(face), _heart_features(heart, statistics)])
    x = layers.Dense(128, activation="relu", name="fusion")(x)
    return keras.Model([face, heart, statistics], _classes(x, len(EMOTIONS), "fusion"), name="hegh_hybrid")


def _heart_inputs():
    return keras.Input((STEPS, 1), name="heart"), keras.Input((STATISTICS,), name="statistics")


def _face_features(face):
    """(batch, 128), equation 1."""
    x = face
    for number, filters in enumerate((32, 64, 128), start=1):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv{number}")(x)
        x = layers.MaxPooling2D(name=f"pool{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    return layers.Dense(128, activation="relu", name="face_features")(x)


def _heart_features(heart, statistics):
    """(batch, 40), equation 2 with the statistics beside."""
    x = layers.LSTM(64, return_sequences=True, name="lstm1")(heart)
    x = layers.LSTM(32, name="lstm2")(x)
    return layers.Concatenate(name="heart_features")([x, statistics])


def _classes(x, classes, name):
    x = layers.BatchNormalization(name=f"{name}_norm")(x)
    x = layers.Dropout(0.3, name=f"{name}_dropout")(x)
    return layers.Dense(classes, dtype="float32", name="logits")(x)

"""A network that follows an expression over frames: a GRU on what the frame network sees in each (Mouthami et al. 3.2).

Input `features`: (batch, 16, 192), the pooled features of the frame network, oldest frame first, each feature over the
training frames at mean 0 and deviation 1. Output `logits`: (batch, 7), of the last frame.
"""
# Keras ships no types: what its layers return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import keras
from keras import layers

from edge.flow import EMOTIONS
from models.expression_clips import STEPS

FEATURES = 192
"""Channels of the frame network's pool."""


def face_sequence(*, every: bool = False) -> keras.Model:
    """One GRU of 64: 49,991 parameters. With `every`, the same weights say logits of all frames, (batch, 16, 7)."""
    features = keras.Input((STEPS, FEATURES), name="features")
    x = layers.GRU(64, return_sequences=every, name="gru")(features)
    x = layers.Dropout(0.3, name="dropout")(x)
    return keras.Model(features, layers.Dense(len(EMOTIONS), name="logits")(x), name="face_sequence")

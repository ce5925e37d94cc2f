"""A network of all features in; the same network that asks for the selected ones alone, out."""
# Keras ships no types: what its layers return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers


def placed(model: keras.Model, used: Sequence[bool]) -> keras.Model:
    """Input `epochs` (batch, epochs, selected features, 1): each to its place in the plane, zeros between.

    By a fixed matrix of ones and zeros, which every converter knows.
    """
    steps, features = int(model.input_shape[1]), int(model.input_shape[2])
    matrix = np.eye(features, dtype=np.float32)[np.flatnonzero(used)]
    given = keras.Input((steps, len(matrix), 1), name="epochs")
    put = layers.Dense(features, use_bias=False, trainable=False, name="placed")
    plane = layers.Reshape((steps, features, 1), name="plane")(
        put(layers.Reshape((steps, len(matrix)), name="row")(given))
    )
    put.set_weights([matrix])
    return keras.Model(given, model(plane), name=f"{model.name}_placed")

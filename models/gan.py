"""Generators and their judges, by which Hegh et al. 2025 fill up classes of which there is little.

Both are told the class (Mirza and Osindero 2014): one network then serves all classes that lack examples, and what it
makes has a label. A judge says one logit, above zero for what it takes for real.
"""
# Keras ships no types: what its layers return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportMissingParameterType=false

import keras
from keras import layers

from models.faces import SIDE
from models.heart_windows import STEPS

LATENT = 64
"""Numbers that a face is made from."""
DRIFT = 8
"""Numbers that each second of a heart rate is made from."""


def face_generator(classes: int) -> keras.Model:
    """DCGAN (Radford et al. 2016): noise (batch, 64) and class (batch, classes) to a face (batch, 48, 48, 1)."""
    noise, named = keras.Input((LATENT,), name="noise"), keras.Input((classes,), name="class")
    x = layers.Concatenate(name="wanted")([noise, named])
    x = layers.Dense(6 * 6 * 128, use_bias=False, name="seed")(x)
    x = layers.ReLU(name="seed_relu")(layers.BatchNormalization(name="seed_norm")(x))
    x = layers.Reshape((6, 6, 128), name="seed_map")(x)
    for side, filters in ((12, 64), (24, 32)):
        x = layers.Conv2DTranspose(filters, 4, 2, "same", use_bias=False, name=f"up{side}")(x)
        x = layers.ReLU(name=f"up{side}_relu")(layers.BatchNormalization(name=f"up{side}_norm")(x))
    x = layers.Conv2DTranspose(1, 4, 2, "same", activation="tanh", dtype="float32", name="face")(x)
    return keras.Model([noise, named], x, name="face_generator")


def face_judge(classes: int) -> keras.Model:
    """A face (batch, 48, 48, 1) and the class that it is said to be, to one logit."""
    face, named = keras.Input((SIDE, SIDE, 1), name="face"), keras.Input((classes,), name="class")
    plane = layers.Dense(SIDE * SIDE, name="class_plane")(named)
    x = layers.Concatenate(name="said")([face, layers.Reshape((SIDE, SIDE, 1), name="class_map")(plane)])
    for number, filters in enumerate((32, 64, 128), start=1):
        x = layers.Conv2D(filters, 4, 2, "same", name=f"down{number}")(x)
        x = layers.LeakyReLU(0.2, name=f"down{number}_leaky")(x)
        x = layers.Dropout(0.3, name=f"down{number}_dropout")(x)
    x = layers.Flatten(name="flatten")(x)
    return keras.Model([face, named], layers.Dense(1, dtype="float32", name="real")(x), name="face_judge")


def heart_generator(classes: int) -> keras.Model:
    """Recurrent GAN (Esteban et al. 2017): noise (batch, 32, 8) and class to a heart rate (batch, 32, 1), 0 to 1."""
    noise, named = keras.Input((STEPS, DRIFT), name="noise"), keras.Input((classes,), name="class")
    x = layers.Concatenate(name="wanted")([noise, layers.RepeatVector(STEPS, name="class_each")(named)])
    x = layers.LSTM(64, return_sequences=True, name="lstm")(x)
    x = layers.Dense(1, activation="sigmoid", dtype="float32", name="heart")(x)
    return keras.Model([noise, named], x, name="heart_generator")


def heart_judge(classes: int) -> keras.Model:
    """A heart rate (batch, 32, 1) and the class that it is said to be, to one logit."""
    heart, named = keras.Input((STEPS, 1), name="heart"), keras.Input((classes,), name="class")
    x = layers.Concatenate(name="said")([heart, layers.RepeatVector(STEPS, name="class_each")(named)])
    x = layers.LSTM(64, name="lstm")(x)
    return keras.Model([heart, named], layers.Dense(1, dtype="float32", name="real")(x), name="heart_judge")

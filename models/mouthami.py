"""The networks of Mouthami et al. 2025: a VGG-style CNN for faces, an LSTM with attention over what was fused.

What they leave to be chosen (Table 2) are the functions' arguments; the GRU over faces of their section 3.2 is
models/face_sequences.py. Outputs `logits`, before softmax.
"""
# Keras ships no types: what its layers return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import keras
from keras import layers

from edge.flow import EMOTIONS
from models.faces import SIDE

STATES = ("calm", "stress")
COMPONENTS = 16
"""Principal components of a fused step."""
STEPS = 30
"""Table 2's shortest sequence."""


def mouthami_face(filters: int = 64, kernel: int = 3, dense: int = 64, dropout: float = 0.3) -> keras.Model:
    """Section 3.2: three blocks of two convolutions each and a pooling, as VGG; `filters` are those of the last block.

    219,767 parameters as called without arguments.
    """
    face = keras.Input((SIDE, SIDE, 1), name="face")
    x = face
    for block, share in enumerate((4, 2, 1), start=1):
        for number in (1, 2):
            name = f"block{block}_conv{number}"
            x = layers.Conv2D(filters // share, kernel, padding="same", activation="relu", name=name)(x)
        x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(dense, activation="relu", name="dense")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(face, layers.Dense(len(EMOTIONS), dtype="float32", name="logits")(x), name="mouthami_face")


def mouthami_fusion(steps: int = STEPS, units: int = 64, dense: int = 64, dropout: float = 0.3) -> keras.Model:
    """Section 3.3: an LSTM over fused steps (batch, steps, 16), softmax attention over time, a dense layer.

    25,091 parameters as called without arguments. What the dense layer `features` says is what the SVM judges.
    """
    fused = keras.Input((steps, COMPONENTS), name="fused")
    x = layers.LSTM(units, return_sequences=True, name="lstm")(fused)
    x = layers.Dropout(dropout, name="lstm_dropout")(x)
    weights = layers.Softmax(axis=1, name="attention")(layers.Dense(1, name="attention_scores")(x))
    # a mean is the weighted sum over the number of steps, which the next layer's weights make good
    x = layers.GlobalAveragePooling1D(name="context")(layers.Multiply(name="attended")([x, weights]))
    x = layers.Dense(dense, activation="relu", name="features")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(fused, layers.Dense(len(STATES), name="logits")(x), name="mouthami_fusion")

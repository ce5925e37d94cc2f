"""Networks that read stress from the wrist, one window's normalised features after the other.

Input `features`: (batch, windows, names), each in units of the person's own spread (edge/signals/normalise.py), 0 where
unknown. Output: logits of LABELS, before softmax. Nothing in the input tells the time, and none may be added: every
recording to learn from follows the same protocol, so that a clock alone would look like knowledge.
"""
# Keras ships no types: what its layers return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportMissingParameterType=false

from dataclasses import dataclass
from typing import Any, cast

import keras
import numpy as np
from keras import layers, regularizers

from edge.flow import Floats
from models.wrist_streams import LABELS

FEATURES = 48
"""Width of the shipped network's input: the register of version 1 and the trend of each, without skin temperature,
which drifts with the hour rather than with stress. On people left out, temperature cost half a point of balanced
accuracy, trends brought one."""
UNITS = 24
STEPS = 60
"""Windows in a training sequence: five minutes at a hop of 5 s. Ten and twenty minutes scored 1 and 3 points less."""
MEMORY, VERDICT = "memory", "verdict"


def vagus_wrist(
    features: int = FEATURES,
    units: int = UNITS,
    steps: int | None = STEPS,
    *,
    classes: int = len(LABELS),
    every_step: bool = False,
    dropout: float = 0.3,
    decay: float = 1e-4,
) -> keras.Model:
    """Ours: one LSTM and a dense layer. 7,058 parameters: 4 * 24 * (48 + 24 + 1) + 2 * (24 + 1).

    `every_step` gives the logits after each window, (batch, steps, classes), as training needs; otherwise after the
    last.
    """
    x = sequence = keras.Input((steps, features), name="features")
    x = layers.Dropout(dropout, name="input_dropout")(x)
    x = layers.LSTM(
        units,
        return_sequences=every_step,
        kernel_regularizer=regularizers.L2(decay),
        recurrent_regularizer=regularizers.L2(decay),
        name=MEMORY,
    )(x)
    x = layers.Dropout(dropout, name="memory_dropout")(x)
    return keras.Model(sequence, layers.Dense(classes, name=VERDICT)(x), name="vagus_wrist")


def vagus_wrist_three() -> keras.Model:
    """The same with a third class, amusement. 7,083 parameters."""
    return vagus_wrist(classes=3)


def stepwise(model: keras.Model) -> keras.Model:
    """The same network for one window at a time, its state in the caller's hands.

    Inputs `features` (1, k), `memory_h` (1, u), `memory_c` (1, u), zeros at the start and after a gap; outputs `logits`
    (1, 2), `memory_h_out`, `memory_c_out`. Step by step from zeros it gives what `model` gives for the sequence.
    """
    memory, verdict = cast(Any, model.get_layer(MEMORY)), cast(Any, model.get_layer(VERDICT))
    window = keras.Input((model.input_shape[-1],), name="features")
    carried = [keras.Input((memory.units,), name=f"{MEMORY}_{letter}") for letter in "hc"]
    cell = layers.LSTMCell(memory.units, name=MEMORY)
    answer, after = cell(window, carried)
    dense = layers.Dense(verdict.units, name=VERDICT)
    logits = dense(answer)
    cell.set_weights(memory.get_weights())
    dense.set_weights(verdict.get_weights())
    named = {f"{MEMORY}_{letter}_out": state for letter, state in zip("hc", after, strict=True)}
    made = keras.Model([window, *carried], [logits, *named.values()], name="vagus_wrist_step")
    made.output_names = ["logits", *named]
    return made


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """The network's numbers, for running it window by window in NumPy."""

    kernel: Floats
    """(k, 4u): input, forget, candidate, output gate, as Keras orders them"""
    recurrent: Floats
    """(u, 4u)"""
    bias: Floats
    """(4u,)"""
    dense: Floats
    """(u, 2)"""
    dense_bias: Floats
    """(2,)"""

    @classmethod
    def of(cls, model: keras.Model) -> "Weights":
        numbers = [*model.get_layer(MEMORY).get_weights(), *model.get_layer(VERDICT).get_weights()]
        return cls(*(np.asarray(n, np.float32) for n in numbers))


class Walk:
    """Stateful float twin of the stepwise network: the reference that every lowering is compared with."""

    def __init__(self, weights: Weights, clip: float = np.inf) -> None:
        self._weights = weights
        self._clip = clip
        self.reset()

    def reset(self) -> None:
        """Forget everything, as after a gap."""
        units = len(self._weights.dense)
        self.h: Floats = np.zeros(units, np.float32)
        self.c: Floats = np.zeros(units, np.float32)

    def step(self, features: Floats) -> Floats:
        """Logits (2,) after one more window (k,)."""
        w = self._weights
        gates: Floats = (features @ w.kernel + self.h @ w.recurrent + w.bias).astype(np.float32)
        units = len(self.h)
        i, f, g, o = (gates[k * units : (k + 1) * units] for k in range(4))
        self.c = np.clip(_logistic(f) * self.c + _logistic(i) * np.tanh(g), -self._clip, self._clip)
        self.h = _logistic(o) * np.tanh(self.c)
        return self.h @ w.dense + w.dense_bias


def _logistic(x: Floats) -> Floats:
    return (0.5 * (1 + np.tanh(0.5 * x))).astype(np.float32)

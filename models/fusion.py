"""The fusion head: seven emotions of a face and the wrist's logit to one logit of stress, with either one absent.

Inputs: `face` (batch, 7) calibrated probabilities, `wrist` (batch, 1) the wrist's calibrated logit of stress,
`present` (batch, 2) 1 or 0 for face and wrist; what is absent is 0 in both. Output `logits` (batch, 1).

Given the person's state, face and wrist are taken to err independently, so their evidence adds as log-odds do. The
head is that sum and no more: it cannot fall when the wrist's logit rises, and no face can veto a clear wrist.
"""
# Keras ships no types: what its layers return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt
from keras import layers

from edge.flow import EMOTIONS, Floats
from edge.inference.late import LateFusion

TENSE = ("angry", "disgust", "fear", "sad")
"""Emotions that are taken to go with stress; the others, happy, surprise and neutral, with calm."""

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Rows for the head: what a face and a wrist said while a person was in one state."""

    face: Floats
    """(n, 7)"""
    wrist: Floats
    """(n, 1)"""
    present: Floats
    """(n, 2)"""
    labels: Labels
    """(n,): 1 stress, 0 calm"""
    people: Labels | None = None
    """(n,) whose wrist it was, where that is known"""

    def __len__(self) -> int:
        return len(self.labels)

    def with_only(self, *, face: bool, wrist: bool) -> "Pairs":
        """The same rows with a modality taken away."""
        shown = np.tile(np.array([[face, wrist]], np.float32), (len(self), 1))
        return Pairs(self.face * np.float32(face), self.wrist * np.float32(wrist), shown, self.labels)


def fusion_head(units: int = 8) -> keras.Model:
    """66 parameters: what the face adds (7 to 8 to 1, nothing when absent), and one for the presence of each.

    The wrist's logit goes in as it is: its own network has calibrated it, and the daemon compares the wrist alone and
    the fused answer with one threshold.
    """
    face = keras.Input((len(EMOTIONS),), name="face")
    wrist = keras.Input((1,), name="wrist")
    present = keras.Input((2,), name="present")
    seen = layers.Dense(units, activation="relu", use_bias=False, name="face_hidden")(face)
    seen = layers.Dense(1, use_bias=False, name="face_evidence")(seen)
    prior = layers.Dense(1, use_bias=False, kernel_initializer="zeros", name="prior")(present)
    return keras.Model([face, wrist, present], layers.Add(name="logits")([wrist, seen, prior]), name="fusion_head")


def label_matched(
    faces: Floats,
    emotions: Labels,
    wrist: Floats,
    stress: Labels,
    *,
    count: int,
    agreement: float,
    rng: np.random.Generator,
    people: Labels | None = None,
) -> Pairs:
    """Pair windows of a wrist with faces of other people by label (Hegh et al. 2025, hybrid model).

    `faces` (n, 7) are probabilities that a face model gave to faces it never learned, `emotions` (n,) their labels;
    `wrist` (m,) are logits that a wrist model gave to people it never learned, `stress` (m,) their labels. With the
    chance `agreement` the face shows an emotion that goes with the wrist's label, else one that does not: people
    smile under stress and frown without it. Stress and calm are equally frequent, as in the training of the wrist's
    network, so that its probabilities keep their meaning. Both modalities are present in every pair. `people` (m,)
    tells whose wrist a window was.
    """
    if not 0.5 <= agreement < 1:
        raise ValueError(f"agreement of face and state must be at least 0.5 and below 1, got {agreement}")
    tense = np.isin(emotions, [EMOTIONS.index(name) for name in TENSE])
    labels = rng.integers(0, 2, count)
    stressed, calm = (rng.choice(np.flatnonzero(stress == label), count) for label in (1, 0))
    rows = np.where(labels == 1, stressed, calm)
    agrees = rng.random(count) < agreement
    shows_tense = (labels == 1) == agrees
    shown = np.where(shows_tense, rng.choice(np.flatnonzero(tense), count), rng.choice(np.flatnonzero(~tense), count))
    return Pairs(
        faces[shown].astype(np.float32),
        wrist[rows, np.newaxis].astype(np.float32),
        np.ones((count, 2), np.float32),
        labels,
        None if people is None else people[rows],
    )


def with_dropout(pairs: Pairs, rng: np.random.Generator, share: float = 0.25) -> Pairs:
    """The pairs with the face gone in `share` of the rows and the wrist in as many others."""
    draw = rng.random(len(pairs))
    face = (draw >= share).astype(np.float32)
    wrist = ((draw < share) | (draw >= 2 * share)).astype(np.float32)
    return Pairs(
        pairs.face * face[:, np.newaxis],
        pairs.wrist * wrist[:, np.newaxis],
        np.stack([face, wrist], axis=1),
        pairs.labels,
    )


def late_fusion(pairs: Pairs, prior: float, agreement: float, tense_prior: float) -> Floats:
    """Logits (n,) of a product of experts that needs no pairs, for comparison.

    The face's calibrated chance of a tense emotion, against `tense_prior` (its share among the faces it was calibrated
    on), becomes a likelihood ratio tempered by `agreement`; it is added to the wrist's logit, or to `prior` (the share
    of stress) where there is no wrist.
    """
    return LateFusion(TENSE, tense_prior, agreement, prior).logits(pairs.face, pairs.wrist, pairs.present)

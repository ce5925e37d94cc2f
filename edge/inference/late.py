"""A face's emotions and the wrist's logit in; the logit of stress that both make as two experts, out.

A product of experts on calibrated probabilities: nothing of it was learned from a face and a wrist together, of which
no recordings exist. It holds no weights, so a bundle carries its numbers in the contract.
"""

from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from edge.flow import EMOTIONS, Floats

_Share = Annotated[float, Meta(gt=0, lt=1)]
_SUREST = 1e-6


class LateFusion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What two experts are weighed by."""

    tense: tuple[str, ...]
    """Emotions that are taken to go with stress; the others go with calm."""
    tense_prior: _Share
    """Their share among the faces that the face network was calibrated on."""
    agreement: Annotated[float, Meta(ge=0.5, lt=1)]
    """How often a face shows the state that the body is in; it bounds what any face may say."""
    prior: _Share = 0.5
    """Share of stress, where no wrist says anything."""

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.tense) - set(EMOTIONS)):
            raise ValueError(f"{', '.join(unknown)} is no emotion of a face; there are {', '.join(EMOTIONS)}")

    def evidence(self, emotions: Floats) -> npt.NDArray[np.float64]:
        """Calibrated probabilities (n, 7) to log likelihood ratios of stress (n,), tempered by the agreement."""
        places = [EMOTIONS.index(name) for name in self.tense]
        tense = np.clip(emotions[:, places].sum(axis=1, dtype=np.float64), _SUREST, 1 - _SUREST)
        up, down = tense / self.tense_prior, (1 - tense) / (1 - self.tense_prior)
        held = self.agreement
        return np.log((held * up + (1 - held) * down) / ((1 - held) * up + held * down))

    def logits(self, emotions: Floats, wrist: Floats, present: Floats) -> Floats:
        """``emotions`` (n, 7), ``wrist`` (n, 1) and ``present`` (n, 2), as the fusion head eats them, to (n,)."""
        alone = np.log(self.prior / (1 - self.prior))
        base = np.where(present[:, 1] > 0, wrist[:, 0], alone)
        return (base + present[:, 0] * self.evidence(emotions)).astype(np.float32)

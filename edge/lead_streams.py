"""The contract's models of ECG and EEG in; the streams that cut and tell what they eat, out."""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from edge.bundle_contract import LeadModel
from edge.flow import Modality
from edge.signals.chest import Chest
from edge.signals.scalp import Scalp

Stream: TypeAlias = Chest | Scalp


def streams(models: Mapping[Modality, LeadModel]) -> dict[Modality, Stream]:
    """A fresh stream for each; ValueError when one wants features that nobody computes."""
    return {modality: stream(model) for modality, model in models.items()}


def stream(model: LeadModel) -> Stream:
    """A stream that holds nothing yet, and knows nothing of the person."""
    if model.recipe == "epochs":
        return Scalp(
            model.electrodes, model.features, model.window_s, model.step_s, model.quiet_s,
            steps=model.steps, least_hz=model.least_hz, least_quality=model.min_quality,
        )  # fmt: skip
    return Chest(
        model.recipe, model.features, model.window_s, model.step_s, model.quiet_s,
        steps=model.steps, domain=model.domain, scale=np.array(model.scale, np.float32) if model.scale else None,
        least_hz=model.least_hz, least_quality=model.min_quality,
    )  # fmt: skip

"""What training chose in; a live ECG or EEG network's piece of a bundle's contract (LeadModel) out."""

from collections.abc import Sequence

import numpy as np

from models import metrics
from models.left_out import LeftOut

STRESS = "arithmetic"
"""Mental arithmetic is the load that the recordings hold; what else strains a person, these networks never met."""
_SURE = 1e-6


def lead_contract(
    channel: str, recipe: str, labels: Sequence[str], window_s: float, step_s: float, said: LeftOut, **more: object
) -> dict[str, object]:
    """The piece without its files, which the exporter adds; calibrated on people whom no network had met."""
    logits = np.log(np.maximum(said.chances, _SURE)).astype(np.float32)
    return {
        "channel": channel,
        "recipe": recipe,
        "labels": list(labels),
        "stress": STRESS,
        "window_s": window_s,
        "step_s": step_s,
        "temperature": round(metrics.fitted_temperature(logits, said.labels), 4),
        **more,
    }

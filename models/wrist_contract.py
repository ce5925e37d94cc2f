"""A wrist network's piece of a bundle's contract, from what training chose (edge/bundle_contract.WristModel)."""

from collections.abc import Sequence

from edge.signals.features import FEATURE_VERSION
from edge.signals.normalise import Usual
from models.wrist import MEMORY, VERDICT
from models.wrist_training import Recipe

STATE_CLIP = 8.0
"""The cell state is held within this; training does not reach it."""


def contract_of(
    usual: Usual, recipe: Recipe, labels: Sequence[str], temperature: float = 1.0, threshold: float = 0.5
) -> dict[str, object]:
    """The piece without its files, which the exporter adds."""
    return {
        "feature_version": FEATURE_VERSION,
        "layers": {"memory": MEMORY, "verdict": VERDICT},
        "features": list(recipe.names),
        "mean": [0.0] * len(recipe.names),
        "scale": [1.0] * len(recipe.names),
        "clip": usual.clip,
        "window_s": recipe.window_s,
        "step_s": recipe.hop_s,
        "steps": recipe.steps,
        "units": recipe.units,
        "labels": list(labels),
        "temperature": temperature,
        "bias": 0.0,
        "threshold": threshold,
        "min_quality": recipe.least_quality,
        "mask": False,
        "state_clip": STATE_CLIP,
        "normalise": {
            "centre": list(usual.centre),
            "scale": list(usual.scale),
            "prior": usual.prior,
            "memory": usual.memory,
            "stride": usual.stride,
            "trend": usual.trend,
            "clip": usual.clip,
        },
    }

"""A bundle whose networks are nothing but whose features are the device's own, so that the whole line runs on it."""

from pathlib import Path

import msgspec

from edge.bundle import Bundle
from edge.bundle_canary import CANARY
from edge.bundle_contract import Contract
from edge.signals.features import FEATURE_VERSION
from export.pack import write_bundle
from tests.fakes import bundles

NORMALISE = {"centre": (70.0, 1.0, -4.0), "scale": (8.0, 1.0, 1.0)}
"""Of heart_rate, conductance and enmo, the last two after their logarithm."""


def little_contract() -> tuple[Contract, dict[str, bytes]]:
    made, files = bundles.tiny_files(feature_version=FEATURE_VERSION)
    wrist = made.models.wrist
    if wrist is None:
        raise LookupError("the tiny bundle has lost its wrist model")
    own = msgspec.structs.replace(wrist, normalise=NORMALISE, mean=(0.0, 0.0, 0.0), scale=(1.0, 1.0, 1.0))
    made = msgspec.structs.replace(made, models=msgspec.structs.replace(made.models, wrist=own))
    return made, files


def little_bundle(out: Path) -> Bundle:
    """Write it to ``out``."""
    made, files = little_contract()
    return write_bundle(out, made, files, bundles.KEY)


__all__ = ["CANARY", "little_bundle", "little_contract"]

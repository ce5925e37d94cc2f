"""The register of networks: name to builder, source, input contract, trainer.

Builders and trainers are named, not imported: evaluating a bundle reads this register on machines without TensorFlow.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast


class TrainingError(ValueError):
    """A training that cannot go on; the sentence says why, and what would work."""


@dataclass(frozen=True, slots=True)
class Task:
    """One training that someone asked for."""

    network: str
    data: Path
    """Directory of the recordings."""
    run: Path
    """Where the results go."""
    seed: int
    resume: bool
    epochs: int | None
    """None for the network's own number."""
    command: str
    """What was typed, for the card."""
    seen: Callable[[float, str], None]
    """Told the share that is done, 0 to 1, and a word on how it goes."""
    say: Callable[[str], None]
    """Told a line worth keeping."""


@dataclass(frozen=True, slots=True)
class Network:
    """One network and how it comes to be."""

    name: str
    source: str
    parameters: int
    inputs: Mapping[str, tuple[int, ...]]
    """Shape of each input, without the batch."""
    outputs: int
    """Width of `logits`."""
    builder: str
    trainer: str

    def build(self) -> Any:
        """The network, untrained, as a keras.Model. Imports TensorFlow."""
        return _named(self.builder)()

    def train(self, task: Task) -> Mapping[str, object]:
        """Train and leave the run's files; returns the figures of card.json. Imports TensorFlow."""
        return cast(Mapping[str, object], _named(self.trainer)(task))


def _named(place: str) -> Callable[..., object]:
    module, name = place.split(":")
    return cast(Callable[..., object], getattr(importlib.import_module(module), name))


_FACE = MappingProxyType({"face": (48, 48, 1)})
_BAGGA = "Bagga and Makwana 2026"

NETWORKS: Mapping[str, Network] = MappingProxyType(
    {
        network.name: network
        for network in (
            Network(
                "face", "ours: residual 3x3 convolutions", 1_092_126, _FACE, 7,
                "models.faces:vagus_face", "models.face_training:train_ours",
            ),
            Network(
                "bagga_model_1", f"{_BAGGA}, Table 2", 117_031, _FACE, 7,
                "models.faces:bagga_model_1", "models.face_training:train_bagga",
            ),
            Network(
                "bagga_model_2", f"{_BAGGA}, Table 3", 303_495, _FACE, 7,
                "models.faces:bagga_model_2", "models.face_training:train_bagga",
            ),
            Network(
                "bagga_model_3", f"{_BAGGA}, Table 4", 457_863, _FACE, 7,
                "models.faces:bagga_model_3", "models.face_training:train_bagga",
            ),
            Network(
                "wrist", "ours: one LSTM over windows", 7_058, MappingProxyType({"features": (60, 48)}), 2,
                "models.wrist:vagus_wrist", "models.wrist_run:train",
            ),
            Network(
                "fusion", "ours: additive evidence, pairs by label as Hegh et al. 2025", 66,
                MappingProxyType({"face": (7,), "wrist": (1,), "present": (2,)}), 1,
                "models.fusion:fusion_head", "models.fusion_training:train",
            ),
        )
    }
)  # fmt: skip
"""Every network by name. A network is one function and one entry here."""

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
    protocol: str = ""
    """One of the network's protocols; empty where it knows only one."""


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
    protocols: tuple[str, ...] = ()
    """Ways of dividing the data that the trainer knows, the honest one first."""
    card: str = "models.benchmark_card:write_benchmark_card"
    restorer: str = ""
    """Makes a run anew from what was kept of its training; empty where nothing is."""

    def build(self) -> Any:
        """The network, untrained, as a keras.Model. Imports TensorFlow."""
        return _named(self.builder)()

    def train(self, task: Task) -> Mapping[str, object]:
        """Train and leave the run's files; returns the figures of card.json. Imports TensorFlow."""
        return cast(Mapping[str, object], _named(self.trainer)(task))

    def restore(self, task: Task) -> Mapping[str, object]:
        """Leave the run's files from what was kept of its training; returns the figures of card.json."""
        if not self.restorer:
            raise TrainingError(f"nothing is kept of {self.name}; python -m models train makes it anew")
        return cast(Mapping[str, object], _named(self.restorer)(task))

    def run(self, protocol: str) -> str:
        """Name of the run's directory: NAME, and of a protocol that is not the first NAME_PROTOCOL."""
        return f"{self.name}_{protocol}" if protocol in self.protocols[1:] else self.name

    def write_card(self, runs: Path, cards: Path) -> Path:
        """Write the card of what training left under `runs` into `cards`; returns the page. Imports matplotlib."""
        return cast(Path, _named(self.card)(self.name, runs, cards))


@dataclass(frozen=True, slots=True)
class WithoutGraph:
    """A judge that is arrays and no graph (edge/inference/tensors.py), and how it comes to be."""

    name: str
    source: str
    kind: str
    trainer: str
    protocols: tuple[str, ...] = ()
    card: str = "models.benchmark_card:write_benchmark_card"
    ships: bool = True
    """Whether a release takes it along unasked; a benchmark goes into a bundle only by its name."""

    def train(self, task: Task) -> Mapping[str, object]:
        """Train and leave the run's files; returns the figures of card.json."""
        return cast(Mapping[str, object], _named(self.trainer)(task))

    def restore(self, task: Task) -> Mapping[str, object]:
        """Raises TrainingError: nothing is kept of any."""
        raise TrainingError(f"nothing is kept of {task.network}; python -m models train makes it anew")

    def run(self, protocol: str) -> str:
        """As a network's."""
        return f"{self.name}_{protocol}" if protocol in self.protocols[1:] else self.name

    def write_card(self, runs: Path, cards: Path) -> Path:
        """As a network's."""
        return cast(Path, _named(self.card)(self.name, runs, cards))


def _named(place: str) -> Callable[..., object]:
    module, name = place.split(":")
    return cast(Callable[..., object], getattr(importlib.import_module(module), name))


_FACE = MappingProxyType({"face": (48, 48, 1)})
_GLANCE = MappingProxyType({"face": (46, 46, 1)})
_PROTOCOLS = ("clean", "paper")
_MOUTHAMI, _ROWS_CARD = "Mouthami et al. 2025", "models.rows_card:write_rows_card"
_HEGH, _HEGH_CARD = "Hegh et al. 2025", "models.hegh_card:write_hegh_card"
_BAGGA = "Bagga and Makwana 2026"
_SPECTROGRAMS = MappingProxyType({"images": (2, 124, 124, 3)})
_KANG = "Kang et al. 2021"

NETWORKS: Mapping[str, Network] = MappingProxyType(
    {
        network.name: network
        for network in (
            Network(
                "face", "ours: two residual trunks, ten looks", 1_893_228, _GLANCE, 7,
                "models.faces:vagus_face", "models.face_training:train_ours",
            ),
            Network(
                "bagga_model_1", f"{_BAGGA}, Table 2", 117_031, _FACE, 7,
                "models.bagga:bagga_model_1", "models.bagga_training:train", protocols=_PROTOCOLS,
                card="models.face_card:write_face_card", restorer="models.bagga_training:restore",
            ),
            Network(
                "bagga_model_2", f"{_BAGGA}, Table 3", 303_495, _FACE, 7,
                "models.bagga:bagga_model_2", "models.bagga_training:train", protocols=_PROTOCOLS,
                card="models.face_card:write_face_card", restorer="models.bagga_training:restore",
            ),
            Network(
                "bagga_model_3", f"{_BAGGA}, Table 4", 457_863, _FACE, 7,
                "models.bagga:bagga_model_3", "models.bagga_training:train", protocols=_PROTOCOLS,
                card="models.face_card:write_face_card", restorer="models.bagga_training:restore",
            ),
            Network(
                "hegh_face", f"{_HEGH}, CNN", 684_039, _FACE, 7,
                "models.hegh:hegh_face", "models.hegh_training:train", protocols=_PROTOCOLS, card=_HEGH_CARD,
            ),
            Network(
                "hegh_heart", f"{_HEGH}, LSTM", 29_554, MappingProxyType({"heart": (32, 1), "statistics": (8,)}), 2,
                "models.hegh:hegh_heart", "models.hegh_training:train", protocols=_PROTOCOLS, card=_HEGH_CARD,
            ),
            Network(
                "hegh_hybrid", f"{_HEGH}, both side by side", 734_983,
                MappingProxyType({"face": (48, 48, 1), "heart": (32, 1), "statistics": (8,)}), 7,
                "models.hegh:hegh_hybrid", "models.hegh_training:train", protocols=_PROTOCOLS, card=_HEGH_CARD,
            ),
            Network(
                "face_sequence", f"{_MOUTHAMI}, section 3.2: a GRU over what the frame network sees", 49_991,
                MappingProxyType({"features": (16, 192)}), 7,
                "models.face_sequences:face_sequence", "models.sequence_training:train",
                card=_ROWS_CARD,
            ),
            Network(
                "mouthami_face", f"{_MOUTHAMI}, section 3.2, VGG-style", 219_767, _FACE, 7,
                "models.mouthami:mouthami_face", "models.mouthami_training:train_face", card=_ROWS_CARD,
            ),
            Network(
                "mouthami_fusion", f"{_MOUTHAMI}, section 3.3, LSTM with attention over what PCA leaves", 25_091,
                MappingProxyType({"fused": (30, 16)}), 2,
                "models.mouthami:mouthami_fusion", "models.mouthami_training:train", card=_ROWS_CARD,
            ),
            Network(
                "wrist", "ours: one LSTM over windows", 7_058, MappingProxyType({"features": (60, 48)}), 2,
                "models.wrist:vagus_wrist", "models.wrist_run:train",
            ),
            Network(
                "wesad_binary", "ours: the wrist's recipe, a benchmark that does not ship", 7_058,
                MappingProxyType({"features": (60, 48)}), 2,
                "models.wrist:vagus_wrist", "models.wesad_benchmark:train_binary",
            ),
            Network(
                "wesad_three", "ours: the wrist's recipe with a third class, a benchmark that does not ship", 7_083,
                MappingProxyType({"features": (60, 48)}), 3,
                "models.wrist:vagus_wrist_three", "models.wesad_benchmark:train_three",
            ),
            Network(
                "kang_cnn_lstm", f"{_KANG}, Table 1", 9_387_990, _SPECTROGRAMS, 2,
                "models.ecg:kang_cnn_lstm", "models.ecg_run:train",
            ),
            Network(
                "kang_cnn", f"{_KANG}, its CNN baseline", 24_254, _SPECTROGRAMS, 2,
                "models.ecg:kang_cnn", "models.ecg_run:train",
            ),
            Network(
                "kang_lstm", f"{_KANG}, its LSTM baseline", 458_802, _SPECTROGRAMS, 2,
                "models.ecg:kang_lstm", "models.ecg_run:train",
            ),
            Network(
                "ecg", "ours: one hidden layer over heart rate, its variability and the QRS", 58,
                MappingProxyType({"features": (4,)}), 2,
                "models.ecg:pulse_head", "models.ecg_run:train",
            ),
            Network(
                "eeg", "Patil and Kulkarni 2026, section 3.5", 40_026,
                MappingProxyType({"epochs": (8, 190, 1)}), 2,
                "models.eeg:patil_cnn_lstm", "models.eeg_run:train",
            ),
            Network(
                "eeg_headband", "Patil and Kulkarni 2026, on a headband's four electrodes, live", 18_522,
                MappingProxyType({"epochs": (8, 80, 1)}), 2,
                "models.eeg:headband_cnn_lstm", "models.eeg_live:train_headband",
            ),
            Network(
                "eeg_cap", "Patil and Kulkarni 2026, on a cap's nineteen electrodes, live", 76_122,
                MappingProxyType({"epochs": (8, 380, 1)}), 2,
                "models.eeg:cap_cnn_lstm", "models.eeg_live:train_cap",
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

JUDGES: Mapping[str, WithoutGraph] = MappingProxyType(
    {
        judge.name: judge
        for judge in (
            WithoutGraph("activity", "ours: nearest of condensed neighbours", "knn", "models.activity:train"),
            WithoutGraph(
                "mouthami_pca", f"{_MOUTHAMI}, section 3.3", "pca", "models.mouthami_training:train",
                card="models.rows_card:write_fusion_card", ships=False,
            ),
            WithoutGraph(
                "mouthami_svm", f"{_MOUTHAMI}, section 3.3", "svm", "models.mouthami_training:train",
                card="models.rows_card:write_fusion_card", ships=False,
            ),
        )
    }
)  # fmt: skip
"""Every judge without a graph by name."""

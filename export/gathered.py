"""What a bundle will hold, gathered network by network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import msgspec
import numpy as np

from edge.bundle_canary import Vector
from edge.bundle_contract import FaceModel, FusionModel, LeadModel, Network, WristModel
from edge.flow import Floats
from edge.inference.runtime import load_network
from edge.signals.features import FEATURE_VERSION
from export.choose import Choice
from export.errors import ExportError
from export.forms import CarriedState
from export.onnx_choose import OnnxChoice
from export.operators import fully_integer, operators
from export.pack import describe
from export.trained import Trained, weight_of

CANARY_VECTORS = 3
LEADS = ("ecg", "eeg")
"""Roles of networks on electrodes: named by the piece of the contract that training left, not by their inputs."""
_NOTES = ("layers", "units", "parameters")
"""What training tells of itself beside the contract; it stands in the card."""


@dataclass(slots=True)
class Gathered:
    """Files, contract, canary and report, as they grow."""

    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    models: dict[str, object] = field(default_factory=dict[str, object])
    canary: dict[str, list[Vector]] = field(default_factory=dict[str, list[Vector]])
    networks: dict[str, object] = field(default_factory=dict[str, object])
    """Of the report."""
    cards: dict[str, object] = field(default_factory=dict[str, object])
    choices: dict[str, Choice | OnnxChoice] = field(default_factory=dict[str, Choice | OnnxChoice])

    def licences(self, folder: Path) -> None:
        """Take the licences that lie in a run."""
        for path in sorted(found for found in (folder / "LICENSES").glob("*") if found.is_file()):
            self.files[f"LICENSES/{path.name}"] = path.read_bytes()


def add_network(gathered: Gathered, role: str, run: Trained, choice: Choice) -> None:
    """Take a chosen network into the bundle: files, contract, canary, report."""
    file, twin_file = f"{role}.tflite", f"float/{role}.tflite"
    is_float = choice.lowered.form.weights == "float"
    content, form, carries = choice.lowered.content, choice.lowered.form, choice.lowered.carries_state
    twin = None if is_float else twin_file
    entry = describe(file, content, form.name, twin=twin, carries_state=carries)
    gathered.files[file] = content
    if not is_float:
        gathered.files[twin_file] = choice.twin.content
    gathered.models[role] = model_of(role, run, entry, choice.lowered.states)
    gathered.canary[role] = vectors_of(file, content, run, choice.lowered.states, carries_state=carries)
    gathered.networks[role] = reported(run, choice) | {"inputs": _ranges(file, content)}
    gathered.cards[role] = run.card
    gathered.choices[role] = choice


def reported(run: Trained, choice: Choice) -> dict[str, object]:
    """What a report says of a network and of the forms that were tried."""
    content = choice.lowered.content
    return {
        "run": run.name,
        "lowering": choice.lowered.form.name,
        "parameters": choice.parent.parameters,
        "bytes": len(content),
        "float_bytes": len(choice.twin.content),
        "parent_bytes": weight_of(run.parent),
        "fully_integer": fully_integer(content),
        "operators": operators(content),
        "measured": choice.measured,
        "latency_ms": choice.latency,
        "candidates": choice.candidates,
    }


def add_late(gathered: Gathered, run: Trained) -> None:
    """Take a fusion of two experts, which is no network: its numbers stand in the contract."""
    gathered.models["fusion"] = _checked(run, dict(run.piece), FusionModel)
    gathered.cards["fusion"] = run.card


def model_of(role: str, run: Trained, entry: Network, states: Sequence[CarriedState]) -> object:
    """The run's piece of the contract with its network; ExportError names a field that it must not have or lacks."""
    piece = {key: value for key, value in run.piece.items() if key not in _NOTES}
    piece["network"] = msgspec.to_builtins(entry)
    if (trained := piece.pop("feature_version", FEATURE_VERSION)) != FEATURE_VERSION:
        raise ExportError(
            f"{run.name} was trained on features of version {trained}, the device computes {FEATURE_VERSION}; "
            "train it again"
        )
    if role == "wrist":
        told = piece.pop("state_clip", None)
        piece["steps"] = next(iter(run.calibration.values())).shape[1]
        piece["states"] = [
            {
                "input": state.input,
                "output": state.output,
                "clip": told if told is not None and state.input.endswith("_c") else state.clip,
            }
            for state in states
        ]
    kinds = {"face": FaceModel, "wrist": WristModel, "fusion": FusionModel, "ecg": LeadModel, "eeg": LeadModel}
    if role in LEADS and states:
        raise ExportError(f"{run.name} came out step by step, and what {role} says must not hang on earlier windows")
    made = _checked(run, piece, kinds[role])
    _check_widths(role, run, piece, entry)
    return made


def _check_widths(role: str, run: Trained, piece: Mapping[str, object], entry: Network) -> None:
    """As many labels and features as the network has numbers for them; a device would take one for another."""
    labels, features = (cast(Sequence[str], piece.get(key, ())) for key in ("labels", "features"))
    (said,) = (port.shape[-1] for port in entry.outputs if port.name == "logits")
    if labels and said != len(labels) and not (role == "wrist" and said == 1):
        raise ExportError(f"{run.contract} names {len(labels)} labels, the network says {said}; train it again")
    if role == "wrist":
        (eaten,) = (port.shape[-1] for port in entry.inputs if port.name == "features")
        if eaten != len(features) * (2 if piece.get("mask") else 1):
            raise ExportError(
                f"{run.contract} names {len(features)} features, the network eats {eaten}; train it again"
            )


def _checked(run: Trained, piece: Mapping[str, object], kind: type[msgspec.Struct]) -> object:
    try:
        return msgspec.to_builtins(msgspec.convert(piece, kind))
    except msgspec.ValidationError as error:
        raise ExportError(f"{run.contract}: {error}; train the network again") from error


def vectors_of(
    file: str, content: bytes, run: Trained, states: Sequence[CarriedState], *, carries_state: bool = False
) -> list[Vector]:
    """Runs on held rows, in the file's own dtypes; a stepwise network is met in the middle of a sequence."""
    network = load_network(content, name=file, carries_state=carries_state)
    vectors: list[Vector] = []
    for row in range(CANARY_VECTORS):
        feeds: dict[str, Floats] = {name: values[row : row + 1] for name, values in run.held.items()}
        if states:
            ((name, windows),) = feeds.items()
            feeds = {
                name: windows[:, 0],
                **{s.input: np.zeros(network.inputs[s.input].shape, np.float32) for s in states},
            }
            for moment in range(1, windows.shape[1]):
                said = network.run(feeds)
                feeds = {name: windows[:, moment], **{s.input: said[s.output] for s in states}}
        raw = {name: network.inputs[name].quantise(values) for name, values in feeds.items()}
        vectors.append(Vector(raw, network.run_raw(raw)))
    return vectors


def _ranges(file: str, content: bytes) -> Mapping[str, tuple[float, ...]]:
    """The numbers that each integer input can stand for: what calibration found."""
    ports = load_network(content, name=file).inputs.values()
    return {
        port.name: tuple(
            float(end) for end in port.dequantise(np.array([np.iinfo(port.dtype).min, np.iinfo(port.dtype).max]))
        )
        for port in ports
        if port.scale
    }

"""ECG of rest and arithmetic in; what one network is worth on people left out, out: the paper's three and ours."""
# Keras ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from edge.flow import Floats
from edge.signals.ecg_person import HEAD, IMAGE_S
from edge.signals.ecg_spectrogram import Domain
from models import left_out
from models.catalog import Task
from models.datasets import eegmat
from models.ecg import STEPS, kang_cnn, kang_cnn_lstm, kang_lstm, pulse_head
from models.ecg_images import HOP_S, LABELS, Stretches, stretches
from models.lead_contract import lead_contract
from models.left_out import LeftOut
from models.metrics import Labels
from models.protocol import subject_folds
from models.short_fit import ShortRecipe, chances, fit

_FOLDS, _HELD = 5, 7
_IMAGES, _HEAD = ShortRecipe(epochs=6, batch=16, rate=1e-3), ShortRecipe(epochs=40, rate=1e-2, noise=0.2)
_LIVE_STEP_S = 5.0
"""Live, a window ends so often: nothing is carried from one to the next, so they may overlap more than here."""
_LEAKY_FOLDS = 1
"""Folds of the leaky protocol that are run; each takes as long as an honest one."""


@dataclass(frozen=True, slots=True)
class EcgNetwork:
    """One of the register's, and how it is fed."""

    build: Callable[[], keras.Model]
    input: str
    recipe: ShortRecipe
    domains: tuple[Domain, ...]
    """In which its images are; the first one's figures are the network's"""
    leaky: bool = False
    """Also judged as the paper judged it"""
    least_hz: float = 100.0
    """Slower recordings change what the network says (docs/signals.md)"""


NETWORKS: Mapping[str, EcgNetwork] = MappingProxyType(
    {
        "kang_cnn_lstm": EcgNetwork(kang_cnn_lstm, "images", _IMAGES, ("time", "frequency"), leaky=True),
        "kang_cnn": EcgNetwork(kang_cnn, "images", _IMAGES, ("time",), least_hz=250.0),
        "kang_lstm": EcgNetwork(kang_lstm, "images", _IMAGES, ("time",)),
        "ecg": EcgNetwork(pulse_head, "features", _HEAD, ("time",)),
    }
)


def train(task: Task) -> dict[str, object]:
    """Judge the register's network on people left out; leave predictions, figures and the network's files.

    ``epochs`` is the number of passes, when given. Raises DatasetError when the recordings cannot be used.
    """
    network = NETWORKS[task.network]
    if task.epochs is not None:
        network = replace(network, recipe=replace(network.recipe, epochs=task.epochs))
    people = eegmat.load(task.data, "ecg").people
    task.run.mkdir(parents=True, exist_ok=True)
    domains: dict[str, object] = {}
    told: dict[Domain, Stretches] = {}
    for k, domain in enumerate(network.domains):
        told[domain] = stretches(people, domain)
        part = 0.8 / len(network.domains)
        said = _left_out(told[domain], network, task, k * part, part)
        left_out.save(said, task.run / f"oof_{domain}.npz")
        domains[domain] = left_out.figures(said, LABELS)
    first = network.domains[0]
    said = left_out.read(task.run / f"oof_{first}.npz")
    card: dict[str, object] = {
        "network": task.network,
        "dataset": "eegmat ECG",
        "command": task.command,
        "seed": task.seed,
        "recipe": asdict(network.recipe),
        "stretch": f"{STEPS * IMAGE_S:.0f} s, every {HOP_S:.0f} s",
        "judged_on": f"{_FOLDS} groups of people left out",
        "ours": domains[first],
        "domains": domains,
        "majority": left_out.majority(said),
    }
    if network.leaky:
        card["leaky"] = {"doubled by Fourier transform, random split": _leaky(list(told.values()), network, task.seed)}
    card["parameters"] = _leave(task, told[first], network, said)
    (task.run / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    task.seen(1.0, "done")
    return card


def rows_of(told: Stretches, network: EcgNetwork) -> Floats:
    """What the network eats of them."""
    return told.images if network.input == "images" else told.features


def _left_out(told: Stretches, network: EcgNetwork, task: Task, done: float, part: float) -> LeftOut:
    rows, parts = rows_of(told, network), list[LeftOut]()
    folds = subject_folds(told.people, _FOLDS, task.seed)
    for k, fold in enumerate(folds):
        out = np.isin(told.people, fold.judge)
        model, scale = _fitted(rows[~out], told.labels[~out], network, task.seed)
        names = tuple(name for name, held in zip(told.people, out, strict=True) if held)
        parts.append(LeftOut(chances(model, rows[out] / scale), told.labels[out], names, told.ends_s[out]))
        task.seen(done + part * (k + 1) / len(folds), "people left out")
    return left_out.joined(parts)


def _fitted(rows: Floats, labels: Labels, network: EcgNetwork, seed: int) -> tuple[keras.Model, Floats]:
    """The network, and what its rows are divided by: features have units, images have none."""
    scale = np.ones(1, np.float32) if network.input == "images" else rows.std(axis=0) + np.float32(1e-6)
    return fit(network.build, (rows / scale).astype(np.float32), labels, network.recipe, seed), scale


def _leaky(several: Sequence[Stretches], network: EcgNetwork, seed: int) -> float:
    """The paper's protocol: both domains' rows together, split at random, the same people on both sides."""
    rows = np.concatenate([rows_of(told, network) for told in several])
    labels = np.concatenate([told.labels for told in several])
    part = np.random.default_rng(seed).permutation(len(rows)) % _FOLDS
    right: list[npt.NDArray[np.bool_]] = []
    for k in range(_LEAKY_FOLDS):
        model, scale = _fitted(rows[part != k], labels[part != k], network, seed)
        right.append(chances(model, rows[part == k] / scale).argmax(axis=1) == labels[part == k])
    return float(np.concatenate(right).mean())


def _leave(task: Task, told: Stretches, network: EcgNetwork, said: LeftOut) -> int:
    """One network's files, as the exporter reads them; nobody in held.npz was learned from. Its parameters."""
    people = sorted(set(told.people))
    out = np.isin(told.people, people[-min(_HELD, len(people) // 3) :])
    rows = rows_of(told, network)
    model, scale = _fitted(rows[~out], told.labels[~out], network, task.seed)
    model.save(task.run / "model.keras")
    for file, which in (("calibration", ~out), ("held", out)):
        names = np.array(told.people)[which]
        kept: dict[str, Any] = {network.input: (rows[which] / scale).astype(np.float32)}
        np.savez_compressed(task.run / f"{file}.npz", **kept, labels=told.labels[which], subjects=names)
    more: dict[str, object] = {"least_hz": network.least_hz}
    if network.input == "features":
        more |= {"features": list(HEAD), "scale": scale.tolist()}
    else:
        more |= {"domain": network.domains[0], "steps": STEPS}
    recipe = "pulse" if network.input == "features" else "images"
    piece = lead_contract("ecg", recipe, LABELS, STEPS * IMAGE_S, _LIVE_STEP_S, said, **more)
    (task.run / "contract.json").write_text(json.dumps(piece, indent=1) + "\n")
    return int(model.count_params())

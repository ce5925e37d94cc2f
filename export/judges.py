"""Judges without a graph on their way into a bundle: read from a run, held against what their parent said."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
from msgspec import structs

from edge.bundle_canary import Vector
from edge.bundle_contract import TensorModel
from edge.flow import Floats
from edge.inference.ports import NetworkError
from edge.inference.runtime import Network, load_network
from edge.inference.tensor_arrays import Arrays
from export.errors import BarError, ExportError
from export.gathered import CANARY_VECTORS, Gathered
from export.pack import FLOAT_TOLERANCE, describe
from export.trained import FEWEST_HELD, Labels, read_archive, read_arrays, read_object
from export.verify import Measured, lost, share, timed

TENSORS = "tensors.npz"
_SHAKE = 1e-5
"""Another processor adds in another order; a canary whose answer turns on less than this would sing of nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """One judge as training left it; models/tensor_runs.py writes the run."""

    name: str
    kind: str
    arrays: Path
    piece: Mapping[str, object]
    held: Floats
    """(m, n) features of people never learned from"""
    answers: Floats
    """(m, k) what the parent said of them"""
    labels: Labels | None
    """(m,)"""
    card: Mapping[str, object]


def read_judge(folder: Path) -> Judge:
    """Read a run with `tensors.npz`; raise ExportError naming what is missing, misshapen or not finite."""
    piece = read_object(folder / "contract.json")
    kind = piece.pop("kind", None)
    if kind not in ("knn", "pca", "svm"):
        raise ExportError(f"{folder / 'contract.json'} has kind {kind!r}, expected knn, pca or svm; train it again")
    held, extra = read_arrays(folder / "held.npz", FEWEST_HELD)
    if held.keys() != {"features", "answers"}:
        raise ExportError(f"{folder / 'held.npz'} holds {sorted(held)}, expected features and answers; train it again")
    card = folder / "card.json"
    return Judge(
        name=folder.name,
        kind=str(kind),
        arrays=folder / TENSORS,
        piece=piece,
        held=held["features"],
        answers=held["answers"],
        labels=extra.get("labels"),
        card=read_object(card) if card.is_file() else {},
    )


def add_judge(gathered: Gathered, run: Judge, max_loss: float) -> None:
    """Take a judge into the bundle: file, contract, canary, report; BarError when it is not its parent any more."""
    file = f"models/{run.name}.npz"
    content = _stored(run)
    try:
        network = load_network(content, name=file)
        said = np.concatenate([network.run({"features": row[np.newaxis]})[_only(network)] for row in run.held])
    except NetworkError as error:
        raise ExportError(f"{run.arrays.parent}: {error}") from error
    measured = _compare(said, run)
    measured.bar(f"{run.name} as {run.kind}", max_loss, drift=None)
    tolerance = FLOAT_TOLERANCE * max(1.0, float(np.abs(said).max()))
    entry = structs.replace(describe(file, content, run.kind), tolerance=tolerance)
    gathered.files[file] = content
    cast(dict[str, object], gathered.models.setdefault("tensors", {}))[run.name] = _model(run, entry)
    gathered.canary[run.name] = _vectors(network, run, tolerance)
    gathered.networks[run.name] = {
        "run": run.name,
        "lowering": run.kind,
        "bytes": len(content),
        "measured": measured,
        "latency_ms": timed(network),
    }
    gathered.cards[run.name] = run.card


def _stored(run: Judge) -> bytes:
    """The arrays written anew: the same numbers give the same bytes."""
    arrays: Arrays = dict(sorted(read_archive(run.arrays).items()))
    if str(arrays.get("kind")) != run.kind:
        raise ExportError(f"{run.arrays} is of kind {arrays.get('kind')}, its contract says {run.kind}; train it again")
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **cast(Any, arrays))
    return buffer.getvalue()


def _compare(said: Floats, run: Judge) -> Measured:
    """Against the parent's answers (m, k); a projection agrees where every component does."""
    if said.shape != run.answers.shape:
        raise ExportError(f"{run.arrays.parent}: answers are {run.answers.shape}, its arrays give {said.shape}")
    off = np.abs(said - run.answers)
    choice, wanted = said.argmax(axis=1), run.answers.argmax(axis=1)
    near = off.max(axis=1) <= FLOAT_TOLERANCE * max(1.0, float(np.abs(said).max()))
    labels = None if run.kind == "pca" else run.labels
    accuracy = None if labels is None else share(choice == labels)
    float_accuracy = None if labels is None else share(wanted == labels)
    return Measured(
        n=len(said),
        agreement=share(near if run.kind == "pca" else choice == wanted),
        drift=float(off.max()),
        drift_mean=float(off.mean()),
        accuracy=accuracy,
        float_accuracy=float_accuracy,
        loss_points=lost(accuracy, float_accuracy),
    )


def _model(run: Judge, network: object) -> object:
    """The contract's entry; what the run tells beyond features and labels goes along as it is."""
    piece = {name: run.piece[name] for name in ("features", "labels") if name in run.piece}
    told = {name: value for name, value in run.piece.items() if name not in piece}
    try:
        model = msgspec.convert({"network": msgspec.to_builtins(network), **piece, "told": told}, TensorModel)
    except msgspec.ValidationError as error:
        raise ExportError(f"{run.arrays.with_name('contract.json')}: {error}; train it again") from error
    for words, ports, what in (
        (model.features, model.network.inputs, "features"),
        (model.labels or None, model.network.outputs, "labels"),
    ):
        if words is not None and len(words) != ports[0].shape[1]:
            raise ExportError(
                f"{run.arrays.with_name('contract.json')} names {len(words)} {what}, its arrays have "
                f"{ports[0].shape[1]}; train it again"
            )
    return msgspec.to_builtins(model)


def _vectors(network: Network, run: Judge, tolerance: float) -> list[Vector]:
    """Held rows whose answers do not hang by a hair, with those answers."""
    vectors: list[Vector] = []
    for row in run.held:
        feeds = {"features": row[np.newaxis]}
        said = network.run_raw(feeds)
        shaken = [network.run_raw({"features": row[np.newaxis] * np.float32(1 + d)}) for d in (-_SHAKE, _SHAKE)]
        name = _only(network)
        if all(np.abs(other[name] - said[name]).max() <= tolerance for other in shaken):
            vectors.append(Vector(dict(feeds), said))
        if len(vectors) == CANARY_VECTORS:
            return vectors
    if not vectors:
        raise BarError(f"{run.name}: every held row's answer turns on the last digit; scale its features, learn again")
    return vectors


def _only(network: Network) -> str:
    (name,) = network.outputs
    return name

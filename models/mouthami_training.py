"""Training what Mouthami et al. 2025 describe: fusion by concatenation, PCA, LSTM with attention, SVM at the end.

Leaves runs/mouthami_fusion (the network), and beside it runs/mouthami_pca and runs/mouthami_svm as arrays that a
device reads without scikit-learn; a run by another name, runs/try, has runs/try_pca and runs/try_svm beside it. What a
search found (models/tuning.py) is used where there is one.
"""
# Keras and scikit-learn ship no types: what their objects return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import hashlib
import json
import shutil
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import keras
import numpy as np
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from edge.flow import Floats
from edge.inference.arrays import softmax
from models import body_steps, face_augment, left_out, metrics, plateau_fit, tensor_runs
from models.catalog import Task, TrainingError
from models.face_division import divided, read
from models.face_run import heard, leave
from models.left_out import LeftOut
from models.mouthami import COMPONENTS, STATES, mouthami_face, mouthami_fusion
from models.mouthami_data import Fused, fused, learned_from, sources
from models.plateau_fit import PlateauRecipe
from models.projection import Along, fitted, projected
from models.tuning import Choice, checksum, chosen, found

_LEARN_ROWS = 3000
"""Sequences that the SVM learns from at most: it keeps most of them, and a device carries them."""


def train_face(task: Task) -> dict[str, object]:
    """Fit the VGG-style network on clean, oversampled faces and leave the run's files; the card's figures."""
    division = divided(read(task.data), "clean", task.seed)
    choice = chosen(task.network, task.run, checksum(learned_from(task.network, task.data, task.run.parent)))
    recipe = _recipe(choice, task)
    faces = division.faces
    model = plateau_fit.fit(
        partial(mouthami_face, choice.filters, choice.kernel, choice.dense, choice.dropout),
        (face_augment.scaled(faces.images[division.learning]), faces.labels[division.learning]),
        (face_augment.scaled(faces.images[division.watched]), faces.labels[division.watched]), recipe, task.seed,
        backup=checkpoint_of(task, choice), ended=lambda epoch, seen: _told(task, recipe, epoch, seen),
    )  # fmt: skip
    tuned = heard(model, faces.images[division.watched])
    card = leave(model, division, task, {"recipe": asdict(recipe) | {"choice": asdict(choice)}}, tuned)
    card |= {"rows": {"VGG-style CNN, clean": card["test"]}, "about": _FACE, "search": _search(task.run)}
    return _written(task.run, card)


def train(task: Task) -> dict[str, object]:
    """Fit the fusion and leave its three runs; the card's figures."""
    places, runs = places_of(task), task.run.parent
    run = places["mouthami_fusion"]
    told = sources(task.data, runs)
    searched = run if (run / "search.json").exists() else runs / "mouthami_fusion"
    choice = chosen("mouthami_fusion", searched, checksum(learned_from("mouthami_fusion", task.data, runs)))
    parts = [fused(told, part, choice.steps, task.seed) for part in range(3)]
    recipe = _recipe(choice, task)
    model, along, rows = _fitted(parts, choice, recipe, _third(task, 0, "both"), checkpoint_of(task, choice))
    features = [_features(model, each) for each in rows]
    margin, machine = _machine(features[0], parts[0].labels, task.seed)
    network = LeftOut(softmax(plateau_fit.said(model, rows[2])), parts[2].labels, parts[2].people, _zeros(parts[2]))
    scores = np.asarray(cast(Any, machine).decision_function(cast(Any, margin).transform(features[2])), np.float32)
    both = np.stack([-scores / 2, scores / 2], axis=1).astype(np.float32)
    judged = LeftOut(softmax(both), parts[2].labels, parts[2].people, _zeros(parts[2]))
    card: dict[str, object] = {
        "network": "mouthami_fusion", "seed": task.seed, "command": task.command, "about": _FUSION,
        "recipe": asdict(recipe) | {"choice": asdict(choice)}, "parameters": int(model.count_params()),
        "rows": {
            "LSTM with attention": _figures(network), "SVM at the end": _figures(judged),
            **{
                f"LSTM, {name} alone": _alone(parts, columns, choice, recipe, _third(task, number, f"{name} alone"))
                for number, (name, columns) in enumerate(_ALONE.items(), start=1)
            },
            "commonest state": left_out.majority(judged),
        },
        "notes": _equations(judged), "labels": list(STATES), "search": _search(searched),
        "explained_variance": along.explained,
        "support_vectors": int(np.sum(cast(Any, machine).n_support_)),
    }  # fmt: skip
    _leave_network(model, run, rows, parts)
    small = {"network": "mouthami_fusion", "command": task.command, "seed": task.seed}
    held = parts[2].rows.reshape(-1, parts[2].rows.shape[2])[:2000]
    seen = projected(along, held[:, np.newaxis])[:, 0]
    names = [f"face{n}" for n in range(held.shape[1] - len(body_steps.NAMES))] + list(body_steps.NAMES)
    tensor_runs.leave(
        places["mouthami_pca"],
        tensor_runs.arrays_of(along.components, along.scaler),
        held,
        None,
        seen,
        {"features": names},
        small,
    )
    tensor_runs.leave(
        places["mouthami_svm"], tensor_runs.arrays_of(machine, margin), features[2], parts[2].labels, scores,
        {"features": [f"feature{n}" for n in range(features[2].shape[1])], "labels": list(STATES)}, small,
    )  # fmt: skip
    return _written(run, card)


def places_of(task: Task) -> dict[str, Path]:
    """Where the three go: what was asked for to the task's run, the others beside it, under names that follow from it.

    TrainingError for a name from which one of the usual runs would follow, and be overwritten.
    """
    beside = {name: f"{task.run.name}_{name.removeprefix('mouthami_')}" for name in _THREE if name != task.network}
    if task.run.name == task.network:
        beside = {name: name for name in beside}
    elif taken := [name for name in beside.values() if name in _THREE]:
        raise TrainingError(f"--run {task.run} would overwrite {', '.join(taken)} beside it; give another name")
    return {task.network: task.run} | {name: task.run.parent / place for name, place in beside.items()}


_THREE = ("mouthami_fusion", "mouthami_pca", "mouthami_svm")
_FACE = (
    "Learned from Training faces without copies of PublicTest, oversampled; stopped by a part of Training; PublicTest "
    "looked at once. A benchmark, in no bundle that ships. Not a medical device."
)
_FUSION = (
    "Sequences of wrists of people who were never learned from, each with faces of PublicTest. Pairs are made by "
    "label: no recordings of a face and a wrist of one person exist here, a wrist under stress was given faces that "
    "are angry, disgusted, afraid or sad, any other the rest. So the figures say that two kinds of evidence are added, "
    "and nothing about people. A wrist is told from the mean and spread of its whole recording, which a device "
    "does not have beforehand. Faces are seen by the frame network that ships and followed by the GRU of "
    "face_sequence. A benchmark, in no bundle that ships. Not a medical device."
)


def _fitted(
    parts: list[Fused], choice: Choice, recipe: PlateauRecipe, task: Task, backup: Path | None = None
) -> tuple[keras.Model, Along, list[Floats]]:
    """The network, the components that it was given, and each part along them."""
    along = fitted(parts[0].rows, task.seed)
    rows = [projected(along, part.rows) for part in parts]
    model = plateau_fit.fit(
        partial(mouthami_fusion, choice.steps, choice.units, choice.dense, choice.dropout),
        (rows[0], parts[0].labels), (rows[1], parts[1].labels), recipe, task.seed, backup=backup,
        ended=lambda epoch, seen: _told(task, recipe, epoch, seen),
    )  # fmt: skip
    return model, along, rows


_WRIST = len(body_steps.NAMES)
_ALONE = {"face": slice(-_WRIST, None), "wrist": slice(None, -_WRIST)}
"""Columns of a fused step that are silenced, so that the other modality is alone."""


def _alone(parts: list[Fused], silent: slice, choice: Choice, recipe: PlateauRecipe, task: Task) -> dict[str, object]:
    """Figures of the same network, taught and judged without one modality."""
    quiet: list[Fused] = []
    for part in parts:
        rows = part.rows.copy()
        rows[:, :, silent] = 0
        quiet.append(Fused(rows, part.labels, part.people))
    model, _, rows = _fitted(quiet, choice, recipe, task)
    said = softmax(plateau_fit.said(model, rows[2]))
    return _figures(LeftOut(said, parts[2].labels, parts[2].people, _zeros(parts[2]))) | {"drawn": False}


def _recipe(choice: Choice, task: Task) -> PlateauRecipe:
    return PlateauRecipe(epochs=task.epochs or 30, batch=choice.batch, rate=choice.rate, optimizer=choice.optimizer)


def checkpoint_of(task: Task, choice: Choice) -> Path:
    """Where epochs of this seed and choice are left, which is not there unless the run is resumed.

    Its fit begins anew then, and so does one of another choice: a search may have found another size meanwhile.
    """
    if not task.resume:
        for before in task.run.glob(f"checkpoint_{task.seed}_*"):
            shutil.rmtree(before, ignore_errors=True)
    key = hashlib.sha256(json.dumps(asdict(choice), sort_keys=True).encode()).hexdigest()[:8]
    return task.run / f"checkpoint_{task.seed}_{key}"


def _third(task: Task, number: int, name: str) -> Task:
    """A third of a task: the network is fitted to both modalities, then to each alone."""

    def seen(done: float, note: str) -> None:
        task.seen((number + done) / 3, f"{name}: {note}")

    def say(line: str) -> None:
        task.say(f"{name}: {line}")

    return replace(task, seen=seen, say=say)


def _told(task: Task, recipe: PlateauRecipe, epoch: int, seen: dict[str, float]) -> None:
    words = ", ".join(f"{name} {value:.4f}" for name, value in seen.items())
    task.seen(epoch / recipe.epochs, words)
    task.say(f"epoch {epoch}: {words}")


def _features(model: keras.Model, rows: Floats) -> Floats:
    """What the layer before the last says (n, dense)."""
    return plateau_fit.said(keras.Model(model.inputs, model.get_layer("features").output), rows)


def _machine(features: Floats, labels: metrics.Labels, seed: int) -> tuple[StandardScaler, SVC]:
    few = np.random.default_rng(seed).permutation(len(labels))[:_LEARN_ROWS]
    margin, machine = StandardScaler(), SVC(C=1.0, kernel="rbf", class_weight="balanced")
    cast(Any, machine).fit(cast(Any, margin).fit_transform(features[few]), labels[few])
    return margin, machine


def _zeros(part: Fused) -> metrics.Numbers:
    return np.zeros(len(part.labels))


def _figures(said: LeftOut) -> dict[str, object]:
    told = left_out.figures(said, STATES)
    del told["per_person"]
    return told


def _equations(said: LeftOut) -> list[str]:
    """Their section 6, by their equations (models/metrics.py), of the SVM; what they report in brackets."""
    counts = metrics.confusion(said.labels, said.guesses, len(STATES))
    shares = [np.bincount(each, minlength=len(STATES)).astype(np.float64) for each in (said.labels, said.guesses)]
    return [
        f"G-mean {metrics.g_mean(counts):.3f} (.92), MCC {metrics.mcc(counts):.3f} (.88), Fowlkes-Mallows "
        f"{metrics.fowlkes_mallows(counts):.3f}, Jensen-Shannon divergence of the states' shares "
        f"{metrics.jensen_shannon(*shares):.3f} (.12), conditional entropy {metrics.conditional_entropy(counts):.3f} "
        f"(.05), normalised mutual information {metrics.mutual_information(counts):.3f} (.85); in brackets what the "
        "paper reports on data that are not told apart by person"
    ]


def _search(run: Path) -> object:
    """What the search found, if there was one."""
    return found(run) or "none; values as the functions' own"


def _leave_network(model: keras.Model, run: Path, rows: list[Floats], parts: list[Fused]) -> None:
    run.mkdir(parents=True, exist_ok=True)
    model.save(run / "model.keras")
    drawn = np.random.default_rng(0).permutation(len(rows[0]))[:512]
    np.savez_compressed(run / "calibration.npz", fused=rows[0][drawn])
    np.savez_compressed(run / "held.npz", fused=rows[2], labels=parts[2].labels)
    (run / "contract.json").write_text(json.dumps({"labels": list(STATES), "components": COMPONENTS}, indent=1) + "\n")


def _written(run: Path, card: dict[str, object]) -> dict[str, object]:
    (run / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    return card

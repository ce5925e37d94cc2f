"""Training what Mouthami et al. 2025 describe: fusion by concatenation, PCA, LSTM with attention, SVM at the end.

Leaves runs/mouthami_fusion (the network), and beside it runs/mouthami_pca and runs/mouthami_svm as arrays that a
device reads without scikit-learn. What a search found (models/tuning.py) is used where there is one.
"""
# Keras and scikit-learn ship no types: what their objects return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import keras
import numpy as np
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from edge.flow import Floats
from edge.inference.arrays import softmax
from models import body_steps, face_augment, left_out, metrics, plateau_fit, tensor_runs
from models.catalog import Task
from models.face_division import divided, read
from models.face_run import heard, leave
from models.left_out import LeftOut
from models.mouthami import COMPONENTS, STATES, mouthami_face, mouthami_fusion
from models.mouthami_data import Fused, fused, sources
from models.plateau_fit import PlateauRecipe
from models.projection import Along, fitted, projected
from models.tuning import Choice, chosen

_LEARN_ROWS = 3000
"""Sequences that the SVM learns from at most: it keeps most of them, and a device carries them."""


def train_face(task: Task) -> dict[str, object]:
    """Fit the VGG-style network on clean, oversampled faces and leave the run's files; the card's figures."""
    choice = chosen(task.network, task.run)
    division = divided(read(task.data), "clean", task.seed)
    recipe = _recipe(choice, task)
    faces = division.faces
    model = mouthami_face(choice.filters, choice.kernel, choice.dense, choice.dropout)
    plateau_fit.fit(
        model, (face_augment.scaled(faces.images[division.learning]), faces.labels[division.learning]),
        (face_augment.scaled(faces.images[division.watched]), faces.labels[division.watched]), recipe, task.seed,
        backup=checkpoint_of(task), ended=lambda epoch, seen: _told(task, recipe, epoch, seen),
    )  # fmt: skip
    tuned = heard(model, faces.images[division.watched])
    card = leave(model, division, task, {"recipe": asdict(recipe) | {"choice": asdict(choice)}}, tuned)
    card |= {"rows": {"VGG-style CNN, clean": card["test"]}, "about": _FACE, "search": _search(task.run)}
    return _written(task.run, card)


def train(task: Task) -> dict[str, object]:
    """Fit the fusion and leave its three runs; the card's figures."""
    runs = task.run.parent
    run = runs / "mouthami_fusion"
    choice = chosen("mouthami_fusion", run)
    told = sources(task.data, runs)
    parts = [fused(told, part, choice.steps, task.seed) for part in range(3)]
    recipe = _recipe(choice, task)
    model, along, rows = _fitted(parts, choice, recipe, task, checkpoint_of(task))
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
            **{f"LSTM, {name} alone": _alone(parts, columns, choice, recipe, task) for name, columns in _ALONE.items()},
            "commonest state": left_out.majority(judged),
        },
        "notes": _equations(judged), "labels": list(STATES), "search": _search(run),
        "explained_variance": along.explained,
        "support_vectors": int(np.sum(cast(Any, machine).n_support_)),
    }  # fmt: skip
    _leave_network(model, run, rows, parts)
    small = {"network": "mouthami_fusion", "command": task.command, "seed": task.seed}
    held = parts[2].rows.reshape(-1, parts[2].rows.shape[2])[:2000]
    seen = projected(along, held[:, np.newaxis])[:, 0]
    names = [f"face{n}" for n in range(held.shape[1] - len(body_steps.NAMES))] + list(body_steps.NAMES)
    tensor_runs.leave(
        runs / "mouthami_pca",
        tensor_runs.arrays_of(along.components, along.scaler),
        held,
        None,
        seen,
        {"features": names},
        small,
    )
    tensor_runs.leave(
        runs / "mouthami_svm", tensor_runs.arrays_of(machine, margin), features[2], parts[2].labels, scores,
        {"features": [f"feature{n}" for n in range(features[2].shape[1])], "labels": list(STATES)}, small,
    )  # fmt: skip
    return _written(run, card)


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
    model = mouthami_fusion(choice.steps, choice.units, choice.dense, choice.dropout)
    plateau_fit.fit(
        model, (rows[0], parts[0].labels), (rows[1], parts[1].labels), recipe, task.seed, backup=backup,
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


def checkpoint_of(task: Task) -> Path:
    """Where epochs of this seed are left, which is not there unless the run is resumed: its fit begins anew then."""
    place = task.run / f"checkpoint_{task.seed}"
    if not task.resume:
        shutil.rmtree(place, ignore_errors=True)
    return place


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
    file = run / "search.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else "none; values as the functions' own"


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

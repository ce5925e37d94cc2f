"""EEG of rest and arithmetic in; a network that a device can feed live, and its worth on people left out, out.

Beside the paper's pipeline (models/eeg_run.py) this one does without independent components, which want minutes of many
electrodes at once: spoilt epochs are left out, as edge/signals/scalp.py leaves them out. Either the whole cap is used,
or the four leads that a headband would have measured.
"""
# Keras ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import json
from collections.abc import Sequence
from dataclasses import asdict, replace

import keras
import numpy as np

from edge.flow import Floats
from edge.signals import eeg as signals
from edge.signals.eeg_person import EPOCH_S, HOP_S
from firmware_bridge.virtual.montage import HEADBAND, headband
from models import left_out
from models.catalog import Task
from models.datasets import eegmat
from models.datasets.eegmat import Sessions
from models.eeg import STEPS, patil_cnn_lstm
from models.eeg_epochs import LABELS, Epochs, epochs
from models.eeg_run import Rows, sequences
from models.lead_contract import lead_contract
from models.left_out import LeftOut
from models.protocol import subject_folds
from models.short_fit import ShortRecipe, chances, fit

_FIT, _FOLDS, _HELD = ShortRecipe(noise=0.3), 5, 6
_METHOD = "all_features"


def train_headband(task: Task) -> dict[str, object]:
    """For the register: TP9, AF7, AF8 and TP10 as neighbours of the cap's electrodes stand in for them."""
    return _train(task, as_headband(eegmat.load(task.data, "eeg")))


def train_cap(task: Task) -> dict[str, object]:
    """For the register: the nineteen electrodes of the cap."""
    return _train(task, eegmat.load(task.data, "eeg"))


def as_headband(cap: Sessions) -> Sessions:
    """Everybody, as a headband would have measured them."""

    def turned(part: Floats) -> Floats:
        return headband(part.astype(np.float64), cap.electrodes).astype(np.float32)

    people = [replace(s, quiet=turned(s.quiet), rest=turned(s.rest), task=turned(s.task)) for s in cap.people]
    return Sessions(tuple(people), tuple(HEADBAND))


def _train(task: Task, sessions: Sessions) -> dict[str, object]:
    """Judge the network on people left out; leave predictions, figures and the network's files."""
    recipe = _FIT if task.epochs is None else replace(_FIT, epochs=task.epochs)
    told = [epochs(session, sessions.electrodes, clean=False) for session in sessions.people]
    rows = sequences(told)
    task.seen(0.2, "features")
    parts: list[LeftOut] = []
    folds = subject_folds(rows.people, _FOLDS, task.seed)
    for k, fold in enumerate(folds):
        out = np.isin(rows.people, fold.judge)
        model, judged = _network(rows.take(~out), recipe, task.seed), rows.take(out)
        parts.append(LeftOut(chances(model, _planes(judged)), judged.labels, judged.people, judged.ends_s))
        task.seen(0.2 + 0.7 * (k + 1) / len(folds), "people left out")
    said = left_out.joined(parts)
    task.run.mkdir(parents=True, exist_ok=True)
    left_out.save(said, task.run / f"oof_{_METHOD}.npz")
    figures = left_out.figures(said, LABELS)
    card: dict[str, object] = {
        "network": task.network,
        "dataset": f"eegmat EEG, {len(sessions.electrodes)} electrodes, no independent components",
        "command": task.command,
        "seed": task.seed,
        "recipe": asdict(recipe),
        "features": rows.planes.shape[2],
        "judged_on": f"{_FOLDS} groups of people left out",
        "ours": figures,
        "methods": {_METHOD: figures},
        "majority": left_out.majority(said),
        "parameters": _leave(task, told, recipe, sessions.electrodes, said),
    }
    (task.run / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    task.seen(1.0, "done")
    return card


def _from_the_second(person: Epochs) -> Epochs:
    """Without the first epoch of either label."""
    kept = np.concatenate([np.flatnonzero(person.labels == label)[1:] for label in range(len(LABELS))])
    return Epochs(person.subject, person.features[kept], person.labels[kept])


def _joined(left: Rows, right: Rows) -> Rows:
    return Rows(
        np.concatenate([left.planes, right.planes]), np.concatenate([left.labels, right.labels]),
        left.people + right.people, np.concatenate([left.ends_s, right.ends_s]),
    )  # fmt: skip


def _planes(rows: Rows) -> Floats:
    return rows.planes[..., np.newaxis]


def _network(rows: Rows, recipe: ShortRecipe, seed: int) -> keras.Model:
    wide = rows.planes.shape[2]
    return fit(lambda: patil_cnn_lstm(wide), _planes(rows), rows.labels, recipe, seed)


def _leave(task: Task, told: Sequence[Epochs], recipe: ShortRecipe, electrodes: Sequence[str], said: LeftOut) -> int:
    """One network's files, as the exporter reads them; nobody in held.npz was learned from. Its parameters."""
    people = sorted(told, key=lambda person: person.subject)
    known, met = people[: -min(_HELD, len(people) // 3)], people[-min(_HELD, len(people) // 3) :]
    # what int8 costs is judged in halves of a point: the rows that `sequences` passes over count there, too
    learned, judged = sequences(known), _joined(sequences(met), sequences([_from_the_second(one) for one in met]))
    model = _network(learned, recipe, task.seed)
    model.save(task.run / "model.keras")
    for file, part in (("calibration", learned), ("held", judged)):
        np.savez_compressed(
            task.run / f"{file}.npz", epochs=_planes(part), labels=part.labels, subjects=np.array(part.people)
        )
    piece = lead_contract(
        "eeg", "epochs", LABELS, EPOCH_S, HOP_S, said,
        features=list(signals.names(electrodes)), electrodes=list(electrodes), steps=STEPS,
    )  # fmt: skip
    (task.run / "contract.json").write_text(json.dumps(piece, indent=1) + "\n")
    return int(model.count_params())

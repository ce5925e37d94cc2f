"""EEG of rest and arithmetic in; what each feature search is worth to the network on people left out, out.

Selection (models/eeg_selection.py, where the design is told) sees the learning people alone. Beside it, marked leaky,
stands the paper's own protocol: rows of the same people on both sides. What a fold's networks said is kept in the run;
with --resume it is not asked again.
"""
# Keras ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import json
import shutil
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from edge.flow import Floats
from edge.signals import eeg as signals
from models import left_out
from models.catalog import Task
from models.datasets import eegmat
from models.eeg import STEPS, patil_cnn_lstm
from models.eeg_epochs import HOP_S, LABELS, Epochs, epochs
from models.eeg_placed import placed
from models.eeg_selection import EFFORT, Effort, costs, named, selected
from models.left_out import LeftOut
from models.metrics import Labels
from models.protocol import subject_folds
from models.selection import Mask
from models.short_fit import ShortRecipe, chances, fit

METHODS = ("aoa_ahp_levy", "ga", "pso", "none")
_STRIDE = 2
_HELD = 6
"""People of held.npz; a third when there are few."""
_FIT = ShortRecipe(noise=0.3)


@dataclass(frozen=True, slots=True)
class EegRecipe:
    """All that was chosen; the same for every search."""

    effort: Effort = EFFORT
    fit: ShortRecipe = _FIT
    networks: int = 5
    """From as many seeds, of each method in each fold, each counted by itself."""
    clean: bool = True
    own: bool = True
    folds: int = 5
    leaky: tuple[str, ...] = ("aoa_ahp_levy", "none")
    """Methods that are judged by the leaky protocol as well"""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Sequences of epochs."""

    planes: Floats
    """(n, steps, features)"""
    labels: Labels
    people: tuple[str, ...]
    ends_s: npt.NDArray[np.float64]

    def take(self, which: npt.NDArray[np.bool_]) -> "Rows":
        """The rows where this mask holds."""
        kept = np.flatnonzero(which)
        return Rows(self.planes[kept], self.labels[kept], tuple(self.people[k] for k in kept), self.ends_s[kept])

    @property
    def person(self) -> Labels:
        return np.unique(np.array(self.people), return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What one method's folds gave."""

    said: list[LeftOut]
    masks: list[Mask]
    curves: list[list[float]]


def train(task: Task) -> dict[str, object]:
    """For the register; ``epochs`` is the number of passes of each network, when given."""
    recipe = EegRecipe() if task.epochs is None else EegRecipe(fit=replace(_FIT, epochs=task.epochs))
    return run(task, recipe)


def run(task: Task, recipe: EegRecipe) -> dict[str, object]:
    """Judge every method on people left out, and leave predictions, figures and one network's files.

    Raises DatasetError when the recordings cannot be used.
    """
    sessions = eegmat.load(task.data, "eeg")
    recipe = replace(recipe, effort=replace(recipe.effort, cost=costs(sessions.electrodes)))
    if not task.resume:
        shutil.rmtree(task.run / "folds", ignore_errors=True)
    told: list[Epochs] = []
    for k, session in enumerate(sessions.people):
        told.append(epochs(session, sessions.electrodes, clean=recipe.clean, own=recipe.own))
        task.seen(0.2 * (k + 1) / len(sessions.people), f"features of {session.subject}")
    rows = sequences(told)
    folds = subject_folds(rows.people, recipe.folds, task.seed)
    apart = [np.isin(rows.people, fold.judge) for fold in folds]
    told_apart = _judged(rows, apart, METHODS, recipe, task, lambda done: task.seen(0.2 + 0.6 * done, "apart"))
    said = {name: left_out.joined(each.said) for name, each in told_apart.items()}
    curves = {name: each.curves for name, each in told_apart.items() if each.curves[0]}
    curves["aoa_ahp"] = [_selected(rows, out, "aoa_ahp", recipe, task)[1] for out in apart]
    mixed = np.random.default_rng(task.seed).permutation(len(rows.labels)) % recipe.folds
    leaks = [mixed == k for k in range(recipe.folds)]
    once = replace(recipe, networks=1)
    leaky = _judged(rows, leaks, recipe.leaky, once, task, lambda done: task.seen(0.8 + 0.15 * done, "leaky"))
    best = said[METHODS[0]]
    card: dict[str, object] = {
        "network": task.network,
        "dataset": "eegmat EEG",
        "command": task.command,
        "seed": task.seed,
        "recipe": asdict(recipe),
        "features": rows.planes.shape[2],
        "judged_on": f"{recipe.folds} groups of people left out; selection and network from the others alone, "
        f"{recipe.networks} network{'s' * (recipe.networks > 1)} a method and group",
        "ours": left_out.figures(best, LABELS),
        "methods": {
            name: left_out.figures(what, LABELS) | {"selected": [int(mask.sum()) for mask in told_apart[name].masks]}
            for name, what in said.items()
        },
        "electrodes": {
            name: [named(mask, sessions.electrodes) for mask in told_apart[name].masks] for name in METHODS[:-1]
        },
        "differences": {name: left_out.difference(best, said[name], "accuracy") for name in METHODS[1:]},
        "majority": left_out.majority(best),
        "leaky": {
            name: left_out.figures(left_out.joined(each.said), LABELS)["accuracy"] for name, each in leaky.items()
        },
        "curves": {name: np.mean(several, axis=0).tolist() for name, several in curves.items()},
    }
    task.run.mkdir(parents=True, exist_ok=True)
    for name, what in said.items():
        left_out.save(what, task.run / f"oof_{name}.npz")
    card["parameters"] = _leave(task, rows, recipe, sessions.electrodes)
    (task.run / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    task.seen(1.0, "done")
    return card


def sequences(told: Sequence[Epochs]) -> Rows:
    """Runs of STEPS epochs of one label, every other one kept: neighbours say nearly the same."""
    planes, labels, people, ends = list[Floats](), list[int](), list[str](), list[float]()
    for person in told:
        for label in range(len(LABELS)):
            part = person.features[person.labels == label]
            for start in range(0, len(part) - STEPS + 1, _STRIDE):
                planes.append(part[start : start + STEPS])
                labels.append(label)
                people.append(person.subject)
                ends.append((label * len(part) + start + STEPS) * HOP_S)
    return Rows(np.stack(planes), np.array(labels, np.int64), tuple(people), np.array(ends))


def _judged(
    rows: Rows,
    held: Sequence[npt.NDArray[np.bool_]],
    methods: Sequence[str],
    recipe: EegRecipe,
    task: Task,
    seen: Callable[[float], None],
) -> dict[str, Told]:
    """Each method over all folds; the first network of all before the second of any."""
    turns = [(turn, out, name) for turn in range(recipe.networks) for out in held for name in methods]
    for done, (turn, out, name) in enumerate(turns):
        _said(rows, out, name, turn, recipe, task)
        seen((done + 1) / len(turns))
    told: dict[str, Told] = {name: Told([], [], []) for name in methods}
    for name in methods:
        for out in held:
            parts = [_said(rows, out, name, turn, recipe, task) for turn in range(recipe.networks)]
            told[name].said.append(left_out.joined(parts))
            mask, curve = _selected(rows, out, name, recipe, task)
            told[name].masks.append(mask)
            told[name].curves.append(curve)
    return told


def _selected(
    rows: Rows, out: npt.NDArray[np.bool_], method: str, recipe: EegRecipe, task: Task
) -> tuple[Mask, list[float]]:
    """What a method keeps without these rows, and its search's curve; kept in the run."""
    path = _kept(rows, out, (method, recipe.effort, task.seed), task)
    if not path.is_file():
        known = rows.take(~out)
        mask, curve = selected(method, known.planes, known.labels, known.person, recipe.effort, task.seed)
        np.savez_compressed(path, mask=mask, curve=np.array(curve))
    with np.load(path, allow_pickle=False) as kept:
        return kept["mask"], kept["curve"].tolist()


def _said(rows: Rows, out: npt.NDArray[np.bool_], method: str, turn: int, recipe: EegRecipe, task: Task) -> LeftOut:
    """What one network says of these rows, which it did not learn from; kept in the run, for all who select alike."""
    judged = rows.take(out)
    mask, _ = _selected(rows, out, method, recipe, task)
    path = _kept(rows, out, ("said", mask.tobytes(), recipe.fit, task.seed, turn), task)
    if not path.is_file():
        what = chances(_network(rows.take(~out), mask, recipe, task.seed + turn), _plane(judged, mask))
        np.savez_compressed(path, chances=what)
    with np.load(path, allow_pickle=False) as kept:
        return LeftOut(kept["chances"], judged.labels, judged.people, judged.ends_s)


def _kept(rows: Rows, out: npt.NDArray[np.bool_], what: tuple[object, ...], task: Task) -> Path:
    """A file of its own for these rows, this fold and these choices."""
    key = zlib.crc32(repr(what).encode() + rows.planes.tobytes() + out.tobytes())
    (task.run / "folds").mkdir(parents=True, exist_ok=True)
    return task.run / "folds" / f"{what[0]}-{key:08x}.npz"


def _network(rows: Rows, mask: Mask, recipe: EegRecipe, seed: int) -> keras.Model:
    return fit(lambda: patil_cnn_lstm(len(mask)), _plane(rows, mask), rows.labels, recipe.fit, seed)


def _plane(rows: Rows, mask: Mask) -> Floats:
    """The network's input: what is not selected is as usual."""
    return (rows.planes * mask)[..., np.newaxis].astype(np.float32)


def _leave(task: Task, rows: Rows, recipe: EegRecipe, electrodes: Sequence[str]) -> int:
    """One network's files, as the exporter reads them; nobody in held.npz was learned from. Its parameters."""
    people = sorted(set(rows.people))
    out = np.isin(rows.people, people[-min(_HELD, len(people) // 3) :])
    learned, judged = rows.take(~out), rows.take(out)
    mask, _ = selected(METHODS[0], learned.planes, learned.labels, learned.person, recipe.effort, task.seed)
    model = placed(_network(learned, mask, recipe, task.seed), mask.tolist())
    model.save(task.run / "model.keras")
    for file, part in (("calibration", learned), ("held", judged)):
        np.savez_compressed(
            task.run / f"{file}.npz", epochs=part.planes[:, :, mask, np.newaxis], labels=part.labels,
            subjects=np.array(part.people),
        )  # fmt: skip
    names = [name for name, used in zip(signals.names(electrodes), mask, strict=True) if used]
    piece = {"channel": "eeg", "features": names, "steps": STEPS, "step_s": HOP_S, "labels": list(LABELS)}
    (task.run / "contract.json").write_text(json.dumps(piece, indent=1) + "\n")
    return int(model.count_params())

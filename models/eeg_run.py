"""EEG of rest and arithmetic in; what each feature search is worth to the network on people left out, out.

Selection sees the learning people alone. Beside it, marked leaky, stands the paper's own protocol: rows of the same
people on both sides.
"""
# Keras ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

import keras
import numpy as np
import numpy.typing as npt

from edge.flow import Floats
from edge.signals import eeg as signals
from models import ahp, left_out
from models.catalog import Task
from models.datasets import eegmat
from models.eeg import STEPS, patil_cnn_lstm
from models.eeg_epochs import HOP_S, LABELS, Epochs, epochs
from models.left_out import LeftOut
from models.metrics import Labels
from models.protocol import subject_folds
from models.selection import SEARCHES, Budget, Mask
from models.short_fit import ShortRecipe, chances, fit
from models.subset_fitness import SubsetFitness

METHODS = ("aoa_ahp_levy", "ga", "pso", "none")
COST = {"mobility": 1.5, "complexity": 1.5, "spectrum": 3.0}
"""Relative cost of a statistic over differences or over a transform; one over the samples themselves costs 1."""
_LENGTHS = (10, 20, 40, 80, 160)
"""Of what the ranking puts first in the candidate subsets; the best of them by the fitness is kept."""
_STRIDE = 2
_HELD = 6
"""People of held.npz; a third when there are few."""
_BUDGET, _FIT = Budget(), ShortRecipe(noise=0.3)


@dataclass(frozen=True, slots=True)
class EegRecipe:
    """All that was chosen; the same for every search."""

    budget: Budget = _BUDGET
    fit: ShortRecipe = _FIT
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


def train(task: Task) -> dict[str, object]:
    """For the register; ``epochs`` is the number of passes of each network, when given."""
    recipe = EegRecipe() if task.epochs is None else EegRecipe(fit=replace(_FIT, epochs=task.epochs))
    return run(task, recipe)


def run(task: Task, recipe: EegRecipe) -> dict[str, object]:
    """Judge every method on people left out, and leave predictions, figures and one network's files.

    Raises DatasetError when the recordings cannot be used.
    """
    sessions = eegmat.load(task.data, "eeg")
    told: list[Epochs] = []
    for k, session in enumerate(sessions.people):
        told.append(epochs(session, sessions.electrodes, clean=recipe.clean, own=recipe.own))
        task.seen(0.2 * (k + 1) / len(sessions.people), f"features of {session.subject}")
    rows = sequences(told)
    folds = subject_folds(rows.people, recipe.folds, task.seed)
    apart = [np.isin(rows.people, fold.judge) for fold in folds]
    said, kept, curves = _judged(rows, apart, METHODS, recipe, task, lambda done: task.seen(0.2 + 0.5 * done, "apart"))
    mixed = np.random.default_rng(task.seed).permutation(len(rows.labels)) % recipe.folds
    leaks = [mixed == k for k in range(recipe.folds)]
    leaky, _, _ = _judged(rows, leaks, recipe.leaky, recipe, task, lambda done: task.seen(0.7 + 0.25 * done, "leaky"))
    best = said[METHODS[0]]
    card: dict[str, object] = {
        "network": task.network,
        "dataset": "eegmat EEG",
        "command": task.command,
        "seed": task.seed,
        "recipe": asdict(recipe),
        "features": rows.planes.shape[2],
        "judged_on": f"{recipe.folds} groups of people left out; selection and network from the others alone",
        "ours": left_out.figures(best, LABELS),
        "methods": {name: left_out.figures(what, LABELS) | {"selected": kept[name]} for name, what in said.items()},
        "differences": {name: left_out.difference(best, said[name], "accuracy") for name in METHODS[1:]},
        "majority": left_out.majority(best),
        "leaky": {name: left_out.figures(what, LABELS)["accuracy"] for name, what in leaky.items()},
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


def selected(
    method: str, rows: Rows, recipe: EegRecipe, electrodes: int, seed: int
) -> tuple[Mask, dict[str, list[float]]]:
    """The features that a method keeps, from these rows alone; and how its search went."""
    features = rows.planes.shape[2]
    flat = rows.planes[:, -1]
    fitness = SubsetFitness(flat, rows.labels, rows.person, seed=seed)
    if method != "aoa_ahp_levy":
        found = SEARCHES[method](fitness, features, recipe.budget, seed)
        return found.mask, {method: list(found.curve)}
    # the prefixes that are tried are evaluations too: the search has a round less
    shorter = Budget(recipe.budget.bodies, max(1, recipe.budget.rounds - 1))
    found = SEARCHES["aoa_levy"](fitness, features, shorter, seed)
    order = ahp.ranked(ahp.criteria(flat, rows.labels, rows.person, costs(electrodes)))
    candidates = found.mask | found.candidates.any(axis=0)
    mask, value = ahp.best_prefix(candidates, order, fitness, _LENGTHS, features // 2)
    return mask, {"aoa_levy": [*found.curve, max(found.curve[-1], value)]}


def costs(electrodes: int) -> npt.NDArray[np.float64]:
    """Relative cost of each feature, in the order of edge/signals/eeg.names."""
    each = [
        COST["spectrum"] if name.removesuffix("_share") in signals.BANDS_HZ else COST.get(name, 1.0)
        for name in signals.STATISTICS
    ]
    return np.tile(each, electrodes)


def _judged(
    rows: Rows,
    held: Sequence[npt.NDArray[np.bool_]],
    methods: Sequence[str],
    recipe: EegRecipe,
    task: Task,
    seen: Callable[[float], None],
) -> tuple[dict[str, LeftOut], dict[str, list[int]], dict[str, list[list[float]]]]:
    """Each method over all folds: what was said, how many features it kept, and its searches' curves."""
    said: dict[str, list[LeftOut]] = {name: [] for name in methods}
    kept: dict[str, list[int]] = {name: [] for name in methods}
    curves: dict[str, list[list[float]]] = {}
    electrodes = rows.planes.shape[2] // len(signals.STATISTICS)
    for k, out in enumerate(held):
        learned, judged = rows.take(~out), rows.take(out)
        for turn, method in enumerate(methods):
            mask, curve = selected(method, learned, recipe, electrodes, task.seed)
            for name, values in curve.items():
                curves.setdefault(name, []).append(values)
            model = _network(learned, mask, recipe, task.seed)
            what = chances(model, judged.planes[:, :, mask, np.newaxis])
            said[method].append(LeftOut(what, judged.labels, judged.people, judged.ends_s))
            kept[method].append(int(mask.sum()))
            seen((k + (turn + 1) / len(methods)) / len(held))
        if "ga" in methods:
            fitness = SubsetFitness(learned.planes[:, -1], learned.labels, learned.person, seed=task.seed)
            plain = SEARCHES["aoa"](fitness, rows.planes.shape[2], recipe.budget, task.seed)
            curves.setdefault("aoa", []).append(list(plain.curve))
    return {name: left_out.joined(parts) for name, parts in said.items()}, kept, curves


def _network(rows: Rows, mask: Mask, recipe: EegRecipe, seed: int) -> keras.Model:
    wide = int(mask.sum())
    return fit(lambda: patil_cnn_lstm(wide), rows.planes[:, :, mask, np.newaxis], rows.labels, recipe.fit, seed)


def _leave(task: Task, rows: Rows, recipe: EegRecipe, electrodes: Sequence[str]) -> int:
    """One network's files, as the exporter reads them; nobody in held.npz was learned from. Its parameters."""
    people = sorted(set(rows.people))
    out = np.isin(rows.people, people[-min(_HELD, len(people) // 3) :])
    learned, judged = rows.take(~out), rows.take(out)
    mask, _ = selected(METHODS[0], learned, recipe, len(electrodes), task.seed)
    model = _network(learned, mask, recipe, task.seed)
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

"""Activity by nearest neighbours: bouts in; condensed prototypes, figures of people left out, and a run, out."""
# scikit-learn ships no types: what its estimators hold is unknown to the checker. The functions' signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import time
from dataclasses import asdict, dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from edge.flow import Floats
from edge.inference.tensor_arrays import judge as judge_of
from edge.inference.tensors import Judge
from edge.signals.activity import LEVELS, NAMES, SPAN_S
from models import metrics
from models.activity_figures import figures
from models.activity_windows import Windowed, windows
from models.catalog import Task, TrainingError
from models.datasets import hmp
from models.tensor_runs import arrays_of, leave

Labels = npt.NDArray[np.int64]
_Rows = npt.NDArray[np.float64]
_HELD_ROWS = 540


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that was chosen, the same in every fold."""

    prototypes: int = 60
    """Of each level: centres of k-means, so that a frequent activity does not outvote a rare one."""
    neighbours: int = 9
    weight_power: float = 1.0
    """A feature counts by (variance between levels / variance within)^this."""
    names: tuple[str, ...] = NAMES


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """Prototypes and the scaling before them, as scikit-learn holds them."""

    scaler: StandardScaler
    neighbours: KNeighborsClassifier

    def judge(self) -> Judge:
        """The same as the device runs it."""
        return judge_of(arrays_of(self.neighbours, self.scaler))


def train(task: Task) -> dict[str, object]:
    """Judge the recipe on people left out, one after the other, then learn everybody and leave the run's files."""
    bouts = windows(hmp.load(task.data))
    people = sorted(set(bouts.people))
    if len(people) < 2:
        raise TrainingError(f"{task.data} holds {len(people)} people; two or more can be judged on one another")
    recipe, enmo = Recipe(), Recipe(names=("enmo",))
    guesses, by_enmo = np.empty(len(bouts.levels), np.int64), np.empty(len(bouts.levels), np.int64)
    for k, person in enumerate(people):
        task.seen(0.9 * k / len(people), f"{person} left out")
        out = np.array([name == person for name in bouts.people])
        guesses[out] = guessed(learn(bouts.of(~out), recipe, task.seed), bouts.of(out), recipe)
        by_enmo[out] = guessed(learn(bouts.of(~out), enmo, task.seed), bouts.of(out), enmo)
    task.seen(0.9, "everybody")
    learned = learn(bouts, recipe, task.seed)
    card: dict[str, object] = {
        "network": "activity",
        "command": task.command,
        "seed": task.seed,
        "recipe": asdict(recipe) | {"names": len(recipe.names)},
        "learned_from": "HMP (CC BY 4.0), all volunteers; the figures are of each by the others",
        "prototypes": int(np.size(arrays_of(learned.neighbours)["classes"])),
        "mets": dict(hmp.METS),
        "activity": figures(bouts, guesses),
        "enmo_only": figures(bouts, by_enmo),
        "majority": _majority(bouts.levels),
        "vote_us": round(1e6 * vote_s(learned.judge(), bouts.rows), 1),
    }
    _leave(task, bouts, learned, recipe, card)
    return card


def learn(bouts: Windowed, recipe: Recipe, seed: int) -> Learned:
    """Scaling, feature weights and prototypes from these windows alone."""
    rows = bouts.rows[:, [NAMES.index(name) for name in recipe.names]].astype(np.float64)
    scaler = StandardScaler().fit(rows)
    scaled = cast(_Rows, scaler.transform(rows))
    apart = [scaled[bouts.levels == level] for level in range(len(LEVELS))]
    there = [r for r in apart if len(r)]
    between = np.stack([r.mean(axis=0) for r in there]).var(axis=0)
    within = np.stack([r.var(axis=0) for r in there]).mean(axis=0)
    weight = (between / np.maximum(within, 1e-9) + 1e-6) ** recipe.weight_power
    scaler.scale_ = cast(_Rows, scaler.scale_) / weight
    kept, classes = list[_Rows](), list[int]()
    for level, r in enumerate(apart):
        r = r * weight
        centres = r if len(r) <= recipe.prototypes else _centres(r, recipe.prototypes, seed)
        kept.append(centres)
        classes += [level] * len(centres)
    neighbours = KNeighborsClassifier(recipe.neighbours, weights="distance")
    return Learned(scaler, neighbours.fit(np.concatenate(kept), classes))


def guessed(learned: Learned, bouts: Windowed, recipe: Recipe) -> Labels:
    """Level of each window, (n,), by the vote that the device runs."""
    judge = learned.judge()
    rows = bouts.rows[:, [NAMES.index(name) for name in recipe.names]]
    return np.array([int(judge(row).argmax()) for row in rows], np.int64)


def vote_s(judge: Judge, rows: Floats) -> float:
    """Median processor time of one vote."""
    took = list[int]()
    for row in rows[:400]:
        began = time.thread_time_ns()
        judge(row)
        took.append(time.thread_time_ns() - began)
    return float(np.median(took)) / 1e9


def _centres(rows: _Rows, count: int, seed: int) -> _Rows:
    made = cast(Any, KMeans)(count, n_init=1, random_state=seed, max_iter=50).fit(rows)
    return cast(_Rows, made.cluster_centers_)


def _majority(levels: Labels) -> dict[str, float]:
    most = np.full(len(levels), np.bincount(levels).argmax())
    counts = metrics.confusion(levels, most, len(LEVELS))
    return {"accuracy": metrics.accuracy(counts), "macro_f1": metrics.macro_f1(counts)}


def _leave(task: Task, bouts: Windowed, learned: Learned, recipe: Recipe, card: dict[str, object]) -> None:
    """The people of held.npz were learned from: they show that the device votes as scikit-learn does, no more."""
    some = np.random.default_rng(task.seed).permutation(len(bouts.levels))[:_HELD_ROWS]
    held = bouts.rows[some]
    said = cast(_Rows, learned.neighbours.predict_proba(cast(_Rows, learned.scaler.transform(held))))
    contract: dict[str, object] = {"features": list(recipe.names), "labels": list(LEVELS), "window_s": SPAN_S}
    leave(task.run, arrays_of(learned.neighbours, learned.scaler), held, bouts.levels[some], said, contract, card)

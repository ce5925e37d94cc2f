"""The search of Mouthami et al. 2025 over their Table 2, at random or by TPE, in five folds, resumable.

    python -m models tune mouthami_fusion --data DIR --sampler tpe --trials 8 --share 0.1

leaves search.db (Optuna's own storage) and search.json in the network's run; training then uses the best of it.
"""
# Optuna tells little of its types here. The functions' own signatures are typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

import numpy as np
import optuna

from models.catalog import TrainingError

Sampler: TypeAlias = Literal["random", "tpe"]
FOLDS = 5
_GRID: dict[str, tuple[Any, ...]] = {
    "units": (64, 128, 256), "dropout": (0.2, 0.3, 0.4), "steps": (30, 50, 70), "filters": (32, 64, 128, 256),
    "kernel": (3, 5), "rate": (1e-3, 5e-4, 1e-4), "batch": (16, 32, 64, 128), "dense": (64, 128, 256),
    "optimizer": ("adam", "rmsprop"),
}  # fmt: skip
"""Table 2, without its only pooling size."""
_OF = {
    "mouthami_face": ("dropout", "filters", "kernel", "rate", "batch", "dense", "optimizer"),
    "mouthami_fusion": ("units", "dropout", "steps", "rate", "batch", "dense", "optimizer"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One point of the grid; those here are what is used where nothing was searched."""

    units: int = 64
    dropout: float = 0.3
    steps: int = 30
    filters: int = 64
    kernel: int = 3
    rate: float = 1e-3
    batch: int = 32
    dense: int = 64
    optimizer: str = "adam"


Judge: TypeAlias = Callable[[Choice, int], float]
"""Fit with a choice, a fold left out; accuracy on that fold."""


def search(
    network: str, run: Path, judge: Judge, *, sampler: Sampler, trials: int, seed: int, told: dict[str, object],
    ended: Callable[[int, float], None],
) -> dict[str, object]:  # fmt: skip
    """Try until `trials` are behind the study, those of earlier calls counted; returns what search.json then holds."""
    run.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # what was tried on another share, or for longer, is no trial of this search
    name = f"{sampler} {json.dumps(told, sort_keys=True)}"
    study = optuna.create_study(
        storage=f"sqlite:///{run / 'search.db'}", study_name=name, direction="maximize", load_if_exists=True,
    )  # fmt: skip
    done = [trial for trial in study.trials if trial.state == optuna.trial.TrialState.COMPLETE]
    # each call draws anew, or a resumed search at random would repeat itself
    start = seed + 1000 * len(study.trials)
    study.sampler = (
        optuna.samplers.RandomSampler(start) if sampler == "random" else optuna.samplers.TPESampler(seed=start)
    )

    def objective(trial: optuna.Trial) -> float:
        choice = replace(Choice(), **{name: trial.suggest_categorical(name, _GRID[name]) for name in _OF[network]})
        return float(np.mean([judge(choice, fold) for fold in range(FOLDS)]))

    for number in range(len(done), trials):
        study.optimize(objective, n_trials=1)
        ended(number + 1, study.best_value)
    return _written(run, study, sampler, told)


def chosen(network: str, run: Path) -> Choice:
    """The best that any search of this network found, or the defaults."""
    file = run / "search.json"
    if not file.exists():
        return Choice()
    held = cast("dict[str, dict[str, Any]]", json.loads(file.read_text(encoding="utf-8")))
    best = max(held.values(), key=lambda one: float(one["accuracy"]))["best"]
    known = {field.name for field in fields(Choice)} & set(_OF[network])
    return replace(Choice(), **{name: value for name, value in best.items() if name in known})


def searchable(network: str) -> None:
    """TrainingError for a network of which nothing is searched."""
    if network not in _OF:
        raise TrainingError(f"nothing is searched of {network}; there are {', '.join(_OF)}")


def _written(run: Path, study: optuna.Study, sampler: Sampler, told: dict[str, object]) -> dict[str, object]:
    file = run / "search.json"
    known = cast("dict[str, dict[str, object]]", json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}
    # two samplers are compared where they searched the same; what was found on other data is no match
    held: dict[str, object] = {
        other: found for other, found in known.items() if all(found.get(key) == value for key, value in told.items())
    }
    trials = [trial for trial in study.trials if trial.value is not None]
    held[sampler] = told | {
        "trials": len(trials), "accuracy": study.best_value, "best": study.best_params,
        "tried": [{"accuracy": trial.value, **trial.params} for trial in trials], "default": asdict(Choice()),
    }  # fmt: skip
    file.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")
    return held

"""The search of Mouthami et al. 2025 over their Table 2, at random or by TPE, in five folds, resumable.

    python -m models tune mouthami_fusion --data DIR --sampler tpe --trials 8 --share 0.1

leaves search.db (Optuna's own storage) and search.json in the network's run; training then uses the best of it. A
search of less data, of fewer epochs or of other data stands beside one that was there before, and replaces none.
"""
# Optuna tells little of its types here. The functions' own signatures are typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

import numpy as np
import optuna

from models.catalog import TrainingError
from models.put_whole import put_text

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
    """Try until `trials` are behind the study, those of earlier calls counted; returns what search.json then holds.

    ``told`` is what makes this another search than the next: `share`, `epochs`, `data` (their checksum) and the like.
    TrainingError, before anything is tried, when search.json cannot be read.
    """
    found(run)
    run.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # what was tried on other data, on another share of them, or for longer, is no trial of this search
    name = ", ".join([sampler, *(f"{key} {value}" for key, value in sorted(told.items()))])
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
    return _written(run, study, told | {"sampler": sampler})


def chosen(network: str, run: Path, data: str = "") -> Choice:
    """The best that was found on the largest share, then in most epochs, or the defaults.

    Searches of the data with this checksum go before those of others: accuracies on less, or on others, do not compare.
    """
    held = found(run)
    if not held:
        return Choice()

    def worth(one: dict[str, Any]) -> tuple[bool, float, int, float]:
        return one.get("data") == data, one.get("share", 0.0), one.get("epochs", 0), one["accuracy"]

    best = max(held.values(), key=worth)["best"]
    known = {field.name for field in fields(Choice)} & set(_OF[network])
    return replace(Choice(), **{name: value for name, value in best.items() if name in known})


def found(run: Path) -> dict[str, dict[str, Any]]:
    """What search.json of a run holds, by what was searched; nothing without one, TrainingError for half of one."""
    file = run / "search.json"
    if not file.exists():
        return {}
    try:
        return cast("dict[str, dict[str, Any]]", json.loads(file.read_text(encoding="utf-8")))
    except ValueError as error:
        raise TrainingError(
            f"{file} cannot be read ({error}); delete it, and tune again: search.db beside it holds what was tried"
        ) from error


def checksum(files: Sequence[Path]) -> str:
    """Of what these files hold, in this order."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def searchable(network: str) -> None:
    """TrainingError for a network of which nothing is searched."""
    if network not in _OF:
        raise TrainingError(f"nothing is searched of {network}; there are {', '.join(_OF)}")


def _written(run: Path, study: optuna.Study, told: dict[str, object]) -> dict[str, object]:
    trials = [trial for trial in study.trials if trial.value is not None]
    held: dict[str, object] = dict(found(run))
    held[study.study_name] = told | {
        "trials": len(trials), "accuracy": study.best_value, "best": study.best_params,
        "tried": [{"accuracy": trial.value, **trial.params} for trial in trials], "default": asdict(Choice()),
    }  # fmt: skip
    put_text(run / "search.json", json.dumps(held, indent=1) + "\n")
    return held

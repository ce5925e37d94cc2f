"""One run of the wrist: recordings in; model, contract, calibration, out-of-fold predictions and card, out."""
# Keras ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np

from edge.flow import Features
from edge.signals import motion
from edge.signals.normalise import Usual
from models.catalog import Task
from models.datasets import stress_predict, wesad
from models.left_out import difference
from models.operating import curve
from models.protocol import Fold, of, subject_folds
from models.wrist import Walk, Weights
from models.wrist_contract import STATE_CLIP, contract_of
from models.wrist_figures import as_left_out, by_the_clock, calibrated, crossed, figures, fitted, majority, pooled
from models.wrist_streams import LABELS, Judge, Judged, Seen, fit_usual, judge, labelled_as, see, tell
from models.wrist_training import Recipe, fit, network, sequences, with_trends

Progress = Callable[[float, str], None]
"""Told the share that is done, 0 to 1, and what is being done."""
_HELD_ROWS, _CALIBRATION_ROWS = 540, 540


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """A network and the population it was told from."""

    usual: Usual
    weights: Weights


def train(task: Task) -> dict[str, object]:
    """Train the wrist for the register; ``epochs`` is the number of batches, when given."""
    recipe = Recipe() if task.epochs is None else Recipe(batches=task.epochs)
    return train_wrist(task.data, task.run, task.seed, recipe=recipe, seen=task.seen, command=task.command)


def train_wrist(
    data: Path,
    out: Path,
    seed: int,
    *,
    recipe: Recipe | None = None,
    seen: Progress | None = None,
    command: str = "",
) -> dict[str, object]:
    """Judge the recipe on people left out, then train it on everybody, and leave the run's files in ``out``.

    Learns from Stress-Predict alone; WESAD, when it is in ``data``, is a benchmark that nothing was chosen on.
    Returns the card. Raises DatasetError when the recordings cannot be used.
    """
    recipe = recipe or Recipe()
    seen = seen or _unseen
    recordings = stress_predict.labelled(stress_predict.load(data))
    people: list[tuple[str, Seen]] = []
    for k, recording in enumerate(recordings):
        people.append((recording.subject, see(recording, recipe.window_s, recipe.hop_s)))
        seen(0.2 * (k + 1) / len(recordings), f"features of {recording.subject}")
    folds = subject_folds([name for name, _ in people], recipe.folds, seed)
    moving = replace(recipe, names=with_trends(motion.NAMES))
    wrist, late = _left_out(people, folds, recipe, seed, lambda done: seen(0.2 + 0.4 * done, "people left out"))
    motion_only, _ = _left_out(people, folds, moving, seed, lambda done: seen(0.6 + 0.2 * done, "motion only"))
    final = learn([s for _, s in people], recipe, seed, lambda done: seen(0.8 + 0.1 * done, "everybody"))
    known = fitted(wrist)
    told = calibrated(wrist, known.temperature, 0.0)
    apart, apart_motion = crossed(wrist, folds), crossed(motion_only, folds)
    seen(0.9, "benchmarks")
    clock = [p for fold in folds for p in by_the_clock(of(fold.learn, _named(wrist)), of(fold.judge, _named(wrist)))]
    card: dict[str, object] = {
        "network": "wrist",
        "command": command,
        "seed": seed,
        "parameters": int(network(final.weights, recipe).count_params()),
        "recipe": asdict(recipe),
        "learned_from": "Stress-Predict (MIT), every labelled person",
        "judged_on": f"{recipe.folds} groups of people left out, state carried from the first window to the last",
        "temperature": known.temperature,
        "threshold": known.threshold,
        "threshold_and_temperature": "those of the contract, fitted on everybody while left out; the figures below are "
        "by those of the other groups alone, moved so that each group's threshold is .5",
        "wrist": figures(apart, 0.5),
        "wrist_at_half": figures(told, 0.5),
        "motion_only": figures(apart_motion, 0.5),
        "wrist_minus_motion": difference(as_left_out(apart), as_left_out(apart_motion), "balanced_accuracy"),
        "clock_only": figures(clock, 0.5),
        "majority": majority(told),
        "alerts": curve(told),
        "late_watch": figures(calibrated(late, known.temperature, 0.0), known.threshold),
        "wesad": _wesad(data, final, recipe, known.temperature, known.threshold),
    }
    _leave(out, people, folds[0], final, told, card, recipe, seed)
    seen(1.0, "done")
    return card


def learn(people: Sequence[Seen], recipe: Recipe, seed: int, seen: Callable[[float], None]) -> Learned:
    """Fit population and network on these people alone."""
    usual = fit_usual(people, recipe.names, **recipe.constants())
    told = [
        [tell(person.late(hops), usual, recipe.least_quality) for hops in recipe.late_starts if hops < len(person.hops)]
        for person in people
    ]
    return Learned(usual, fit(told, recipe, seed, seen))


def walker(weights: Weights, temperature: float = 1.0) -> Judge:
    """The float network as a judge: one window in, a probability of stress out, state carried and clipped."""
    walk = Walk(weights, STATE_CLIP)

    def say(features: Features) -> float:
        if features.gap:
            walk.reset()
        calm, stress = walk.step(features.values).astype(np.float64).tolist()
        return float(1 / (1 + np.exp(-(stress - calm) / temperature)))

    return say


def _left_out(
    people: Sequence[tuple[str, Seen]], folds: Sequence[Fold], recipe: Recipe, seed: int, seen: Callable[[float], None]
) -> tuple[list[Judged], list[Judged]]:
    """Everybody, judged by a network that never met them; then the same with a watch put on late."""
    judged, late = list[Judged](), list[Judged]()
    for k, fold in enumerate(folds):
        learned = learn(of(fold.learn, people), recipe, seed, lambda done, k=k: seen((k + done) / len(folds)))
        for person in of(fold.judge, people):
            judged.append(judge(person, learned.usual, recipe.least_quality, walker(learned.weights)))
            after = person.late(recipe.late_watch)
            late.append(judge(after, learned.usual, recipe.least_quality, walker(learned.weights)))
    return judged, late


def _unseen(done: float, note: str) -> None:
    """Progress that nobody watches."""
    del done, note


def _named(people: Sequence[Judged]) -> list[tuple[str, Judged]]:
    return [(p.subject, p) for p in people]


def _wesad(data: Path, final: Learned, recipe: Recipe, temperature: float, threshold: float) -> dict[str, object]:
    """The shipped network on WESAD, stress against baseline and against all calm; empty when WESAD is not there."""
    if not (data / wesad.FILE).is_file():
        return {}
    told: dict[str, object] = {}
    people = [see(r, recipe.window_s, recipe.hop_s) for r in wesad.load(data, wesad.Calm.ALL)]
    for name, calm in (("stress_vs_baseline", wesad.Calm.BASELINE), ("stress_vs_all_calm", wesad.Calm.ALL)):
        labelled = [labelled_as(person, r) for person, r in zip(people, wesad.load(data, calm), strict=True)]
        say = [walker(final.weights, temperature) for _ in people]
        judged = [judge(p, final.usual, recipe.least_quality, s) for p, s in zip(labelled, say, strict=True)]
        told[name] = figures(judged, threshold)
    return told


def _leave(
    out: Path, people: Sequence[tuple[str, Seen]], fold: Fold, final: Learned, told: Sequence[Judged],
    card: dict[str, object], recipe: Recipe, seed: int,
) -> None:  # fmt: skip
    """Write the run's files.

    The network has met the people of held.npz too: they show what int8 costs, no more. What the network is worth stands
    in oof.npz, whose every prediction is of a person left out.
    """
    out.mkdir(parents=True, exist_ok=True)
    network(final.weights, recipe).save(out / "model.keras")
    for file, names, count in (("calibration", fold.learn, _CALIBRATION_ROWS), ("held", fold.judge, _HELD_ROWS)):
        told_now = [tell(person, final.usual, recipe.least_quality) for person in of(names, people)]
        rows, labels, subjects = sequences(told_now, recipe, count, seed)
        np.savez_compressed(out / f"{file}.npz", features=rows, labels=labels, subjects=np.array(subjects))
    temperature, threshold = cast(float, card["temperature"]), cast(float, card["threshold"])
    chance, labels, ends, person = pooled(told)
    subject = np.array([p.subject for p in told])[person]
    np.savez_compressed(
        out / "oof.npz", probability=chance.astype(np.float32), label=labels, subject=subject, time_s=ends
    )
    (out / "contract.json").write_text(
        json.dumps(contract_of(final.usual, recipe, LABELS, temperature, threshold), indent=1) + "\n"
    )
    (out / "card.json").write_text(json.dumps(card, indent=1) + "\n")

"""WESAD's wrist, one person left out at a time: our recipe, motion alone beside it, in two classes or three.

A benchmark: nothing that ships is trained on it (models/datasets/wesad.py has its licence).
"""
# Keras ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportUnknownMemberType=false

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace

import msgspec
import numpy as np

from edge.bundle import Bundle, BundleError
from edge.flow import Floats
from edge.inference.arrays import softmax
from edge.settings import shipped_bundle
from edge.signals import motion
from edge.signals.features import FEATURE_VERSION
from edge.signals.normalise import Usual
from models import left_out
from models.catalog import Task
from models.datasets import wesad
from models.datasets.recordings import Labels
from models.left_out import LeftOut
from models.operating import curve, save_people
from models.protocol import Fold, of, subject_folds
from models.wrist import Walk, Weights
from models.wrist_contract import STATE_CLIP, contract_of
from models.wrist_streams import Judged, Seen, Told, judged, labelled_as, see, tell
from models.wrist_training import Recipe, fit, network, sequences, with_trends

CLASSES = {wesad.Calm.BASELINE: ("baseline", "stress"), wesad.Calm.AMUSEMENT_APART: ("baseline", "stress", "amusement")}
_ROWS = 540
_LATE_STARTS = (0, 120, 260)
_UNSEEN = 4
"""People that the network of the run's files has not met either, a third when there are few: with them the exporter can
say what int8 costs.
"""


def train_binary(task: Task) -> dict[str, object]:
    """Stress against baseline, for the register; ``epochs`` is the number of batches, when given."""
    return benchmark(task, wesad.Calm.BASELINE, _recipe(task))


def train_three(task: Task) -> dict[str, object]:
    """Baseline, stress, amusement, for the register."""
    return benchmark(task, wesad.Calm.AMUSEMENT_APART, _recipe(task))


def benchmark(task: Task, calm: wesad.Calm, recipe: Recipe) -> dict[str, object]:
    """Judge everybody by a network that never met them, and leave predictions, figures and one network's files.

    Raises DatasetError when the recordings cannot be used.
    """
    names = CLASSES[calm]
    recipe = replace(recipe, classes=len(names), late_starts=_LATE_STARTS)
    people: list[tuple[str, Seen]] = []
    recordings = wesad.load(task.data, calm)
    for k, recording in enumerate(recordings):
        people.append((recording.subject, see(recording, recipe.window_s, recipe.hop_s)))
        task.seen(0.3 * (k + 1) / len(recordings), f"features of {recording.subject}")
    usual = shipped_usual()
    recipe = replace(recipe, names=usual.names)
    told = [(name, _told(person, usual, recipe)) for name, person in people]
    every = {r.subject: r for r in wesad.load(task.data, wesad.Calm.ALL)}
    alerted = {name: labelled_as(person, every[name]).labels for name, person in people}
    folds = subject_folds([name for name, _ in people], len(people), task.seed)
    ours, moving = _left_out(
        told, folds, alerted, recipe, task.seed, lambda done: task.seen(0.4 + 0.5 * done, "left out")
    )
    motion_only = left_out.joined([said for said, _ in moving])
    said = left_out.joined([said for said, _ in ours])
    card: dict[str, object] = {
        "network": task.network,
        "dataset": "WESAD, wrist",
        "command": task.command,
        "seed": task.seed,
        "parameters": int(network(_untrained(recipe), recipe).count_params()),
        "recipe": asdict(recipe),
        "judged_on": f"{len(folds)} people, each left out once; the shipped wrist's normaliser, which never saw WESAD",
        "ours": left_out.figures(said, names),
        "motion_only": left_out.figures(motion_only, names),
        "difference": left_out.difference(said, motion_only),
        "majority": left_out.majority(said),
    }
    task.run.mkdir(parents=True, exist_ok=True)
    if len(names) == 2:
        lives = [person for _, person in ours]
        card["alerts"] = curve(lives)
        save_people(lives, task.run / "oof_alerts.npz")
    left_out.save(said, task.run / "oof.npz")
    left_out.save(motion_only, task.run / "oof_motion.npz")
    _leave(task, told, usual, recipe, names)
    (task.run / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    task.seen(1.0, "done")
    return card


def said_of(told: Told, weights: Weights, alerted: Labels | None = None) -> tuple[LeftOut, Judged]:
    """What a network says of one person, state carried from the first window on.

    At the labelled windows for figures, at all for alerts, which are counted by the labels `alerted`, if given.
    """
    walk = Walk(weights, STATE_CLIP)
    logits: list[Floats | None] = [None] * len(told.labels)
    for k in np.flatnonzero(told.usable).tolist():
        if told.fresh[k]:
            walk.reset()
        logits[k] = walk.step(told.features[k])
    stress = [None if said is None else float(softmax(said[np.newaxis])[0, 1]) for said in logits]
    kept = [k for k, said in enumerate(logits) if said is not None and told.labels[k] >= 0]
    chances = softmax(np.stack([said for k in kept if (said := logits[k]) is not None]))
    return (
        LeftOut(chances, told.labels[kept].astype(np.int64), (told.subject,) * len(kept), told.ends_s[kept]),
        judged(told.subject, stress, told.labels if alerted is None else alerted, told.ends_s),
    )


Said = list[tuple[LeftOut, Judged]]


def shipped_usual() -> Usual:
    """The normaliser of the bundle that ships: what the device would do with a person it never met.

    Raises BundleError when there is no such bundle or it has no wrist.
    """
    bundle = Bundle.open(shipped_bundle(), feature_version=FEATURE_VERSION)
    model = bundle.contract.models.wrist
    if model is None:
        raise BundleError(f"{bundle.path} has no wrist, whose normaliser is wanted here; install a bundle that has")
    return msgspec.convert({"names": model.features, **model.normalise}, Usual)


def _left_out(
    people: Sequence[tuple[str, list[Told]]],
    folds: Sequence[Fold],
    alerted: Mapping[str, Labels],
    recipe: Recipe,
    seed: int,
    seen: Callable[[float], None],
) -> tuple[Said, Said]:
    """Everybody, by all features and by motion alone; both from the same windows."""
    ours, moving = Said(), Said()
    still = replace(recipe, names=with_trends(motion.NAMES))
    for k, fold in enumerate(folds):
        for said, here in ((ours, recipe), (moving, still)):
            columns = [recipe.names.index(name) for name in here.names]
            weights = fit(
                [[_only(t, columns) for t in starts] for starts in of(fold.learn, people)], here, seed, _quiet
            )
            for starts in of(fold.judge, people):
                first = _only(starts[0], columns)
                said.append(said_of(first, weights, alerted[first.subject]))
        seen((k + 1) / len(folds))
    return ours, moving


def _quiet(done: float) -> None:
    """A fit of seconds needs no progress of its own."""
    del done


def _told(person: Seen, usual: Usual, recipe: Recipe) -> list[Told]:
    """One person from several late starts, the first from the beginning."""
    starts = [person.late(hops) for hops in recipe.late_starts if hops < len(person.hops)]
    return [tell(start, usual, recipe.least_quality) for start in starts]


def _only(told: Told, columns: Sequence[int]) -> Told:
    return replace(told, features=told.features[:, columns])


def _recipe(task: Task) -> Recipe:
    return Recipe() if task.epochs is None else Recipe(batches=task.epochs)


def _untrained(recipe: Recipe) -> Weights:
    """Weights of the recipe's sizes, to count parameters by."""
    k, u, c = len(recipe.names), recipe.units, recipe.classes
    shapes = ((k, 4 * u), (u, 4 * u), (4 * u,), (u, c), (c,))
    return Weights(*(np.zeros(shape, np.float32) for shape in shapes))


def _leave(
    task: Task, people: Sequence[tuple[str, list[Told]]], usual: Usual, recipe: Recipe, names: Sequence[str]
) -> None:
    """One network's files, as the exporter reads them; nobody in held.npz was learned from."""
    unseen = [name for name, _ in people][-min(_UNSEEN, len(people) // 3) :]
    learned = [starts for name, starts in people if name not in unseen]
    weights = fit(learned, recipe, task.seed, _quiet)
    network(weights, recipe).save(task.run / "model.keras")
    held = [starts[0] for starts in of(unseen, people)]
    for file, told in (("calibration", [starts[0] for starts in learned]), ("held", held)):
        rows, labels, subjects = sequences(told, recipe, _ROWS, task.seed)
        np.savez_compressed(task.run / f"{file}.npz", features=rows, labels=labels, subjects=np.array(subjects))
    piece = contract_of(usual, recipe, names)
    (task.run / "contract.json").write_text(json.dumps(piece, indent=1) + "\n")

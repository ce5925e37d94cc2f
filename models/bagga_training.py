"""Training the networks of Bagga and Makwana 2026 by their own protocol, which leaks, or by a clean one.

Leaves in the run's directory: model.keras, contract.json, calibration.npz, held.npz, card.json.
"""
# Keras ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType

import keras
import numpy as np

from models import face_augment, metrics, training
from models.bagga import bagga_model_1, bagga_model_2, bagga_model_3
from models.catalog import NETWORKS, Task
from models.face_division import Division, divided, read
from models.face_run import heard, leave
from models.faces import SIDE
from models.fused_norm import fused
from models.kept import fill, kept
from models.training import Batch

BUILD: Mapping[str, Callable[[], keras.Model]] = MappingProxyType(
    {build.__name__: build for build in (bagga_model_1, bagga_model_2, bagga_model_3)}
)
_EPOCHS = MappingProxyType({"bagga_model_1": (60, 24), "bagga_model_2": (18, 12), "bagga_model_3": (14, 12)})
"""Of the paper's protocol and of the clean one; the paper says 30 to 100."""


@dataclass(frozen=True, slots=True)
class BaggaRecipe:
    """Section 4.4: Adam from .001, batches of 32 or 64. A rate that falls to nothing and averaged weights are ours."""

    epochs: int
    batch: int = 32
    """The paper leaves 32 or 64; 32 takes twice the steps in an epoch of the same time."""
    rate: float = 1e-3
    augmented: bool = False
    """Not under the paper's protocol, which rewards memory: faces that were moved and mirrored would only hinder it."""
    patience: int | None = None


def train(task: Task) -> dict[str, object]:
    """Train by `task.protocol` and leave the run's files; returns the card's figures."""
    paper = task.protocol == "paper"
    epochs = task.epochs or _EPOCHS[task.network][0 if paper else 1]
    recipe = BaggaRecipe(epochs) if paper else BaggaRecipe(epochs, augmented=True, patience=4)
    build = BUILD[task.network]
    division = divided(read(task.data), task.protocol or "clean", task.seed)
    fit = training.Recipe(
        epochs, len(division.learning) // recipe.batch, recipe.rate, weight_decay=0.0, label_smoothing=0.0,
        patience=recipe.patience,
    )  # fmt: skip
    total = epochs * fit.steps
    watched = division.faces.take(division.watched)
    watching = "test_accuracy" if paper else "tuning_accuracy"
    fitted = training.fit(
        lambda: fused(build()),
        _batches(division, recipe, task.seed),
        fit,
        task.run,
        seed=task.seed,
        resume=task.resume,
        score=lambda model: {watching: metrics.agreement(heard(model, watched.images).guesses, watched.labels)},
        seen=lambda epoch, step, loss: task.seen((epoch * fit.steps + step + 1) / total, f"loss {loss:.3f}"),
        ended=lambda epoch: task.say(training.told(epoch)),
    )
    final = build()
    final.set_weights(fitted.get_weights())
    recipes = {"recipe": asdict(recipe) | {"fit": asdict(fit)}}
    return leave(final, division, task, recipes, None if paper else heard(final, watched.images))


def restore(task: Task) -> dict[str, object]:
    """Leave the run that models/kept.py keeps, without training: its weights, and all else computed anew.

    TrainingError when nothing is kept of it.
    """
    held = kept(NETWORKS[task.network].run(task.protocol))
    model, division = BUILD[task.network](), divided(read(task.data), task.protocol, held.told["seed"])
    fill(model, held)
    training.remember(task.run, [training.Epoch(**epoch) for epoch in held.told["epochs"]])
    tuned = None if task.protocol == "paper" else heard(model, division.faces.take(division.watched).images)
    own = replace(task, seed=held.told["seed"], command=held.told["command"])
    return leave(model, division, own, {"recipe": held.told["recipe"]}, tuned)


def _batches(division: Division, recipe: BaggaRecipe, seed: int) -> Callable[[int], Iterator[Batch]]:
    images, targets = division.faces.images, division.learned_targets()

    def epoch_batches(epoch: int) -> Iterator[Batch]:
        rng = np.random.default_rng((seed, epoch))
        order = rng.permutation(len(division.learning))
        for start in range(0, len(order) - recipe.batch + 1, recipe.batch):
            here = order[start : start + recipe.batch]
            faces = images[division.learning[here]]
            if recipe.augmented:
                yield face_augment.batch(faces, targets[here], rng, SIDE, face_augment.GENTLE)
            else:
                yield face_augment.scaled(faces), targets[here]

    return epoch_batches

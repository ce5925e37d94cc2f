"""Training a network of Hegh et al. 2025 without and with what generators made: a column of their Table 1.

Leaves in the run's directory: model.keras (with), contract.json, calibration.npz, held.npz, card.json, and pictures of
what was generated; generators are in hegh_gan_PROTOCOL_SEED beside it, and serve all three networks.
"""
# Keras ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, cast

import keras
import numpy as np
import numpy.typing as npt

from edge.flow import EMOTIONS, Floats
from edge.inference.arrays import softmax
from models import face_augment, left_out, metrics, training
from models.catalog import Task
from models.faces import SIDE
from models.hegh import STATES, hegh_face, hegh_heart, hegh_hybrid
from models.hegh_data import Examples, Parts, telling
from models.hegh_parts import material, part
from models.left_out import LeftOut
from models.training import Batch

BUILD: Mapping[str, Callable[[], keras.Model]] = MappingProxyType(
    {"hegh_face": hegh_face, "hegh_heart": hegh_heart, "hegh_hybrid": hegh_hybrid}
)
INPUTS = MappingProxyType(
    {
        "hegh_face": ("face",),
        "hegh_heart": ("heart", "statistics"),
        "hegh_hybrid": ("face", "heart", "statistics"),
    }
)

_CALIBRATION = 256
"""Rows that the exporter looks at (export/calibration.py), so that it leaves none of these out."""


@dataclass(frozen=True, slots=True)
class HeghRecipe:
    """Adam and early stopping are the paper's; it gives no numbers."""

    epochs: int = 16
    batch: int = 64
    rate: float = 1e-3
    patience: int = 3
    gan_epochs: int = 24


def train(task: Task) -> dict[str, object]:
    """Fit the network twice and leave the run's files; returns the card's figures."""
    recipe = HeghRecipe() if task.epochs is None else HeghRecipe(epochs=task.epochs, gan_epochs=2 * task.epochs)
    names = STATES if task.network == "hegh_heart" else EMOTIONS
    used = material(part(task, "", 0.0, 0.4), recipe.gan_epochs)
    parts = [used.parts(task.network, generated=generated) for generated in (False, True)]
    turns = zip(("without", "with"), parts, (0.4, 0.7), strict=True)
    fitted = [_fitted(given, part(task, name, at, at + 0.3), recipe, len(names)) for name, given, at in turns]
    rows: dict[str, dict[str, object]] = {}
    for name, model, given in zip(("without GAN", "with GAN"), fitted, parts, strict=True):
        said = _judged(model, given.test)
        # each by its own test: what was generated makes that of the paper's protocol longer and evener
        more = {"learned_from": len(given.learning), "majority": left_out.majority(said)}
        rows[name] = left_out.figures(said, names) | more
        del rows[name]["per_person"]
    card: dict[str, object] = {
        "network": task.network, "protocol": task.protocol, "seed": task.seed, "command": task.command,
        "recipe": asdict(recipe), "labels": list(names), "parameters": int(fitted[1].count_params()), "rows": rows,
        "generated": len(used.generated_hearts if task.network == "hegh_heart" else used.generated_faces),
        "generated_copies": used.copies,
        "epochs": [asdict(epoch) for epoch in training.history(task.run / "with")],
    }  # fmt: skip
    _leave(fitted[1], parts[1], task, names)
    (task.run / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    return card


def _fitted(parts: Parts, task: Task, recipe: HeghRecipe, classes: int) -> keras.Model:
    build = BUILD[task.network]
    learning, tuning = parts.learning, parts.tuning
    targets = np.eye(classes, dtype=np.float32)[learning.labels]

    def batches(epoch: int) -> Iterator[Batch]:
        rng = np.random.default_rng((task.seed, epoch))
        order = rng.permutation(len(learning))
        for start in range(0, len(order) - recipe.batch + 1, recipe.batch):
            here = order[start : start + recipe.batch]
            shown = [_learned(each[here], targets[here], rng) for each in learning.inputs]
            yield cast(Floats, shown if len(shown) > 1 else shown[0]), targets[here]

    fit = training.Recipe(
        recipe.epochs, len(learning) // recipe.batch, recipe.rate, weight_decay=0.0, label_smoothing=0.0,
        patience=recipe.patience, averaging=0.99,
    )  # fmt: skip
    total = fit.epochs * fit.steps
    data = training.checksum(*learning.inputs, learning.labels, *tuning.inputs, tuning.labels)
    of = {"network": task.network, "protocol": task.protocol, "recipe": asdict(recipe), "data_checksum": data}
    fitted = training.fit(
        build, batches, fit, task.run, of=of, seed=task.seed, resume=task.resume,
        score=lambda model: {"tuning_accuracy": metrics.agreement(_said(model, tuning).argmax(axis=1), tuning.labels)},
        seen=lambda epoch, step, loss: task.seen((epoch * fit.steps + step + 1) / total, f"loss {loss:.3f}"),
        ended=lambda epoch: task.say(f"{task.run.name} GAN: {training.told(epoch)}"),
    )  # fmt: skip
    final = build()
    final.set_weights(fitted.get_weights())
    return final


def _learned(rows: npt.NDArray[Any], targets: Floats, rng: np.random.Generator) -> Floats:
    """Faces flipped, turned and lit anew ("Data Preprocessing"); anything else as it is."""
    if rows.dtype != np.uint8:
        return rows.astype(np.float32)
    return face_augment.batch(rows, targets, rng, SIDE, face_augment.GENTLE)[0]


def _inputs(examples: Examples) -> list[Floats]:
    return [
        face_augment.scaled(cast(npt.NDArray[np.uint8], each)) if each.dtype == np.uint8 else each.astype(np.float32)
        for each in examples.inputs
    ]


def _said(model: keras.Model, examples: Examples) -> Floats:
    """Logits (n, classes)."""
    given = _inputs(examples)
    said = cast(Any, model).predict(given if len(given) > 1 else given[0], batch_size=256, verbose="0")
    return np.asarray(said, np.float32)


def _judged(model: keras.Model, test: Examples) -> LeftOut:
    return LeftOut(softmax(_said(model, test)), test.labels, test.people, np.zeros(len(test)))


def _leave(model: keras.Model, parts: Parts, task: Task, names: tuple[str, ...]) -> None:
    """Write the run's files, as the exporter reads them."""
    task.run.mkdir(parents=True, exist_ok=True)
    model.save(task.run / "model.keras")
    few = parts.learning.take(telling(parts.learning, _CALIBRATION))
    for file, examples in (("calibration", few), ("held", parts.test)):
        named: dict[str, Any] = dict(zip(INPUTS[task.network], _inputs(examples), strict=True))
        np.savez_compressed(task.run / f"{file}.npz", **named, labels=examples.labels)
    temperature = metrics.fitted_temperature(_said(model, parts.tuning), parts.tuning.labels)
    piece = {"labels": list(names), "temperature": temperature}
    (task.run / "contract.json").write_text(json.dumps(piece, indent=1) + "\n")

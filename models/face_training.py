"""Training a face network on FER-2013, cleanly: never on a copy of a test image, judged while training on a part of it.

Leaves in the run's directory: model.keras, contract.json, calibration.npz, held.npz, card.json.
"""
# Keras ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from edge.flow import EMOTIONS, Floats
from edge.inference.arrays import softmax
from models import face_augment, metrics, training
from models.catalog import Task
from models.datasets import fer2013
from models.datasets.fer2013 import Faces, Labels
from models.face_protocol import CleanSplit, clean_split
from models.faces import DIVISOR, OFFSET, SIDE, bagga_model_1, bagga_model_2, bagga_model_3, vagus_face

FILE = "fer2013_train_public.npz"
_CALIBRATION = 512
_SMALL = 40
"""Side of the pictures in the first epochs, which are a third cheaper."""


@dataclass(frozen=True, slots=True)
class FaceRecipe:
    """What is particular to faces."""

    epochs: int = 80
    batch: int = 128
    small_until: float = 0.65
    """Share of the epochs on smaller pictures."""
    gentle_from: float = 0.8
    """Share of the epochs after which faces are hardly roughened and never mixed."""
    tuning_share: float = 0.08
    split_seed: int = 0
    bfloat16: bool = True


def train_ours(task: Task) -> dict[str, object]:
    """Train `vagus_face` cleanly."""
    recipe = FaceRecipe() if task.epochs is None else FaceRecipe(epochs=task.epochs)
    return _train(vagus_face, task, recipe)


def train_bagga(task: Task) -> dict[str, object]:
    """Train a network of Bagga and Makwana under the clean protocol: the original labels, faces of full size."""
    build = {model.__name__: model for model in (bagga_model_1, bagga_model_2, bagga_model_3)}[task.network]
    recipe = FaceRecipe(epochs=task.epochs or 30, batch=64, small_until=0.0, gentle_from=0.0, bfloat16=False)
    return _train(lambda _side: build(), task, recipe)


def _train(build: Callable[[int | None], keras.Model], task: Task, recipe: FaceRecipe) -> dict[str, object]:
    """Fit `build(side)` on the learning part and leave the run's files; returns the card's figures.

    A network's first head learns the contest's label, a second one the FER+ votes. Voters agree with one another and
    call many a fearful or sad face neutral: they teach the eye, but answer their own question, not the contest's.
    """
    faces = fer2013.load(task.data / FILE if task.data.is_dir() else task.data)
    split = clean_split(faces, recipe.tuning_share, recipe.split_seed)
    learning, tuning = faces.take(split.learning), faces.take(split.tuning)
    fit = training.Recipe(epochs=recipe.epochs, steps=len(learning) // recipe.batch, bfloat16=recipe.bfloat16)
    total, heads = fit.epochs * fit.steps, len(build(None).outputs)
    fitted = training.fit(
        lambda: _joined(build(None)),
        _batches(learning, recipe, task.seed, heads),
        fit,
        task.run,
        seed=task.seed,
        resume=task.resume,
        heads=heads,
        score=lambda model: _tuning_scores(model, tuning),
        seen=lambda epoch, step, loss: task.seen((epoch * fit.steps + step + 1) / total, f"loss {loss:.3f}"),
        ended=lambda epoch: task.say(training.told(epoch)),
    )
    final = build(SIDE)
    final.set_weights(fitted.get_weights())
    card: dict[str, object] = {"network": task.network, "seed": task.seed, "command": task.command}
    return _leave(final, faces, split, task.run, card | {"recipe": asdict(recipe) | {"fit": asdict(fit)}})


def logits(model: keras.Model, images: npt.NDArray[np.uint8]) -> Floats:
    """The heads' logits (n, heads, 7) for faces (n, 48, 48) as they are."""
    said = np.asarray(_joined(model).predict(face_augment.scaled(images), batch_size=512, verbose="0"), np.float32)
    return said.reshape(len(images), -1, len(EMOTIONS))


def _joined(model: keras.Model) -> keras.Model:
    """The same network with its heads' logits side by side."""
    if len(model.outputs) == 1:
        return model
    return keras.Model(model.inputs, keras.layers.Concatenate(dtype="float32", name="heads")(model.outputs))


def _batches(faces: Faces, recipe: FaceRecipe, seed: int, heads: int) -> Callable[[int], Iterator[training.Batch]]:
    targets = np.concatenate([faces.targets(1.0), faces.targets(0.0)][:heads], axis=1)

    def epoch_batches(epoch: int) -> Iterator[training.Batch]:
        rng = np.random.default_rng((seed, epoch))
        done = epoch / recipe.epochs
        rough = face_augment.GENTLE if done >= recipe.gentle_from else face_augment.Roughness()
        side = _SMALL if done < recipe.small_until else SIDE
        order = rng.permutation(len(faces))
        for start in range(0, len(faces) - recipe.batch + 1, recipe.batch):
            rows = order[start : start + recipe.batch]
            yield face_augment.batch(faces.images[rows], targets[rows], rng, side, rough)

    return epoch_batches


def _tuning_scores(model: keras.Model, tuning: Faces) -> dict[str, float]:
    """Each head by the question that it answers; a single head by both."""
    guesses: Labels = logits(model, tuning.images).argmax(axis=-1)
    votes = guesses[:, -1]
    told = {"tuning_accuracy": metrics.agreement(guesses[:, 0], tuning.labels)}
    return told | {f"tuning_{name}": share for name, share in _by_voters(votes, tuning).items()}


def _by_voters(guesses: Labels, faces: Faces) -> dict[str, float]:
    """Accuracy against what most voters saw, where there were voters who agreed."""
    clear, voted = faces.majority
    return {"accuracy_ferplus": metrics.agreement(guesses[clear], voted[clear])} if clear.any() else {}


def _leave(
    model: keras.Model, faces: Faces, split: CleanSplit, run: Path, figures: dict[str, object]
) -> dict[str, object]:
    """Write the run's files. The test part is looked at here for the card, and for nothing that is chosen."""
    run.mkdir(parents=True, exist_ok=True)
    tuning, test = faces.take(split.tuning), faces.take(split.test)
    said, tested = logits(model, tuning.images), logits(model, test.images)
    temperatures = {"temperature": metrics.fitted_temperature(said[:, 0], tuning.labels)}
    believed = tuning.labels
    if said.shape[1] > 1:
        clear, majority = tuning.majority
        believed = np.where(clear, majority, tuning.labels)
        temperatures["votes_temperature"] = metrics.fitted_temperature(said[clear, 1], majority[clear])
    figures |= {
        "parameters": int(model.count_params()),
        "labels": list(EMOTIONS),
        **temperatures,
        "split": {
            "learning": len(split.learning),
            "tuning": len(split.tuning),
            "test": len(split.test),
            "exact_copies_left_out": split.exact_copies,
            "near_copies_left_out": split.near_copies,
            "voteless_left_out": split.voteless,
        },
        "tuning": _figures(said, tuning, temperatures["temperature"]),
        "test": _figures(tested, test, temperatures["temperature"]),
        "epochs": [asdict(epoch) for epoch in training.history(run)],
    }
    model.save(run / "model.keras")
    rows = np.random.default_rng(0).choice(split.learning, min(_CALIBRATION, len(split.learning)), replace=False)
    np.savez_compressed(run / "calibration.npz", face=face_augment.scaled(faces.images[rows]))
    np.savez_compressed(run / "held.npz", face=face_augment.scaled(test.images), labels=test.labels)
    np.savez_compressed(run / "tuning.npz", logits=said[:, -1], labels=believed)
    piece = {"labels": list(EMOTIONS), "offset": OFFSET, "divisor": DIVISOR, **temperatures}
    (run / "contract.json").write_text(json.dumps(piece, indent=1))
    (run / "card.json").write_text(json.dumps(figures, indent=1))
    return figures


def _figures(said: Floats, faces: Faces, temperature: float) -> dict[str, object]:
    """Of logits (n, heads, 7): the first head against the contest's labels, the last against the voters."""
    guesses: Labels = said.argmax(axis=-1)
    told: dict[str, object] = {
        "n": len(faces),
        "accuracy": metrics.agreement(guesses[:, 0], faces.labels),
        "calibration_error": metrics.calibration_error(softmax(said[:, 0], temperature), faces.labels),
        "calibration_error_before": metrics.calibration_error(softmax(said[:, 0]), faces.labels),
        "majority_baseline": float(np.bincount(faces.labels).max() / len(faces)),
    }
    return told | _by_voters(guesses[:, -1], faces)

"""Training a face network on FER-2013, cleanly: never on a copy of a test image, judged while training on a part of it.

Leaves in the run's directory: model.keras, contract.json, calibration.npz, held.npz, card.json.
"""
# Keras ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import cast

import keras
import numpy as np
import numpy.typing as npt

from edge.bundle import Bundle
from edge.flow import EMOTIONS, Floats
from edge.inference.arrays import softmax
from edge.inference.glances import MOST
from models import face_augment, metrics, training
from models.catalog import Task
from models.datasets import fer2013
from models.datasets.fer2013 import Faces, Labels
from models.face_protocol import CleanSplit, clean_split, groups
from models.faces import (
    DIVISOR,
    GLANCE,
    OFFSET,
    SIDE,
    face_deep,
    face_wide,
    glancing,
    middles,
    vagus_face,
)
from models.processor import multiplies_bfloat16
from models.restored import restored_face

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
    label_smoothing: float = 0.05
    bfloat16: bool = field(default_factory=multiplies_bfloat16)


def train_ours(task: Task) -> dict[str, object]:
    """Train `vagus_face` cleanly: the wide trunk, then the deep one as its pupil, then both joined.

    The pupil learns from halves of the labels and halves of what its teacher says of them: which mistakes are
    forgivable (Furlanello et al. 2018, "Born-again neural networks"). Each trunk has a directory of its own in the
    run; one that is finished there is not trained again when the run is resumed.
    """
    clean = _cleanly(task, FaceRecipe())
    wide = FaceRecipe(epochs=task.epochs or 80)
    deep = FaceRecipe(epochs=task.epochs or 75, label_smoothing=0.0)
    first = _trunk(face_wide, _part(task, "wide", 0, 0.0, 0.45), clean, wide)
    looking = face_wide(GLANCE)
    looking.set_weights(first)
    teacher = glancing(looking)
    second = _trunk(face_deep, _part(task, "deep", 1, 0.45, 1.0), clean, deep, teacher)
    model = vagus_face()
    model.get_layer("face_wide").set_weights(first)
    model.get_layer("face_deep").set_weights(second)
    epochs = training.history(task.run / "deep")
    return _leave(model, clean, task, {"recipe": {"wide": asdict(wide), "deep": asdict(deep)}}, epochs)


def restore_ours(task: Task, bundle: Bundle, record: Mapping[str, object]) -> dict[str, object]:
    """Leave the run of a bundle's face network without training: weights from its float file, all else computed anew.

    `record` is what is known of its training, for the card. Raises TrainingError when the bundle has no such network,
    or when a training of somebody's own lies where the run is to go.
    """
    training.must_hold_none(task.run, task.run / "wide", task.run / "deep")
    model = restored_face(bundle)
    of = f"{bundle.contract.name} {bundle.contract.version}"
    told = {**record, "command": record.get("command", task.command), "restored_from": of}
    return _leave(model, _cleanly(task, FaceRecipe()), task, told, [])


@dataclass(frozen=True, slots=True)
class _Clean:
    """The faces of a file, divided."""

    faces: Faces
    split: CleanSplit
    learning: Faces
    tuning: Faces
    test: Faces


def _cleanly(task: Task, recipe: FaceRecipe) -> _Clean:
    faces = fer2013.load(task.data / FILE if task.data.is_dir() else task.data)
    split = clean_split(faces, recipe.tuning_share, recipe.split_seed)
    return _Clean(faces, split, *(faces.take(rows) for rows in (split.learning, split.tuning, split.test)))


def _part(task: Task, name: str, seed: int, start: float, end: float) -> Task:
    """One trunk's share of a task, from `start` to `end` of the whole."""

    def seen(done: float, note: str) -> None:
        task.seen(start + done * (end - start), f"{name}: {note}")

    return replace(task, run=task.run / name, seed=task.seed + seed, seen=seen)


def _trunk(
    build: Callable[[int | None], keras.Model],
    task: Task,
    clean: _Clean,
    recipe: FaceRecipe,
    teacher: keras.Model | None = None,
) -> list[Floats]:
    """The weights of a trunk: those of an earlier run that finished by the same recipe, when this one is resumed."""
    finished, by = task.run / "model.keras", task.run / "recipe.json"
    parts = [each for faces in (clean.learning, clean.tuning) for each in (faces.images, faces.labels, faces.votes)]
    of = {
        "recipe": asdict(recipe),
        "data_checksum": training.checksum(*parts),
        "teacher_checksum": training.checksum(*(teacher.get_weights() if teacher is not None else [])),
    }
    wanted = json.dumps({"seed": task.seed, **of}, indent=1) + "\n"
    if not (task.resume and finished.exists() and by.exists() and by.read_text() == wanted):
        if not task.resume:
            finished.unlink(missing_ok=True)
        _fitted(build, task, clean, recipe, of, teacher).save(finished)
        by.write_text(wanted)
    return cast(keras.Model, keras.models.load_model(finished)).get_weights()


def _fitted(
    build: Callable[[int | None], keras.Model],
    task: Task,
    clean: _Clean,
    recipe: FaceRecipe,
    of: Mapping[str, object],
    teacher: keras.Model | None = None,
) -> keras.Model:
    """`build(side)`, fitted on the learning part.

    A network's first head learns the contest's label, a second one the FER+ votes. Voters agree with one another and
    call many a fearful or sad face neutral: they teach the eye, but answer their own question, not the contest's.
    """
    steps = len(clean.learning) // recipe.batch
    fit = training.Recipe(recipe.epochs, steps, label_smoothing=recipe.label_smoothing, bfloat16=recipe.bfloat16)
    total, heads = fit.epochs * fit.steps, len(build(None).outputs)
    targets: Floats = np.concatenate([clean.learning.targets(1.0), clean.learning.targets(0.0)][:heads], axis=1)
    if teacher is not None:
        targets += softmax(logits(teacher, clean.learning.images)).reshape(targets.shape)
        targets *= np.float32(0.5)
    fitted = training.fit(
        lambda: _joined(build(None)),
        _batches(clean.learning, targets, recipe, task.seed),
        fit,
        task.run,
        of=of,
        seed=task.seed,
        resume=task.resume,
        heads=heads,
        score=lambda model: _tuning_scores(model, clean.tuning),
        seen=lambda epoch, step, loss: task.seen((epoch * fit.steps + step + 1) / total, f"loss {loss:.3f}"),
        ended=lambda epoch: task.say(training.told(epoch)),
    )
    final = build(SIDE)
    final.set_weights(fitted.get_weights())
    return final


def logits(model: keras.Model, images: npt.NDArray[np.uint8]) -> Floats:
    """The heads' logits (n, heads, 7) for faces (n, 48, 48) as they are."""
    said = np.asarray(_joined(model).predict(face_augment.scaled(images), batch_size=512, verbose="0"), np.float32)
    return said.reshape(len(images), -1, len(EMOTIONS))


def _joined(model: keras.Model) -> keras.Model:
    """The same network with its heads' logits side by side."""
    if len(model.outputs) == 1:
        return model
    return keras.Model(model.inputs, keras.layers.Concatenate(dtype="float32", name="heads")(model.outputs))


def _batches(faces: Faces, targets: Floats, recipe: FaceRecipe, seed: int) -> Callable[[int], Iterator[training.Batch]]:
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
    model: keras.Model, clean: _Clean, task: Task, recipe: dict[str, object], epochs: list[training.Epoch]
) -> dict[str, object]:
    """Write the run's files. The test part is looked at here for the card, and for nothing that is chosen."""
    run, split, tuning, test = task.run, clean.split, clean.tuning, clean.test
    run.mkdir(parents=True, exist_ok=True)
    figures: dict[str, object] = {"network": task.network, "seed": task.seed, "command": task.command, **recipe}
    ten_ways = glancing(model)
    said, tested = logits(ten_ways, tuning.images), logits(ten_ways, test.images)
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
        "epochs": [asdict(epoch) for epoch in epochs],
    }
    model.save(run / "model.keras")
    rows = np.random.default_rng(0).choice(split.learning, min(_CALIBRATION, len(split.learning)), replace=False)
    np.savez_compressed(run / "calibration.npz", face=middles(face_augment.scaled(clean.faces.images[rows])))
    np.savez_compressed(run / "held.npz", face=middles(face_augment.scaled(test.images)), labels=test.labels)
    np.savez_compressed(run / "tuning.npz", logits=said[:, -1], labels=believed, alike=groups(tuning.images))
    piece = {"labels": list(EMOTIONS), "offset": OFFSET, "divisor": DIVISOR, "glances": MOST, **temperatures}
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

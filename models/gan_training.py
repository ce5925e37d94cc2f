"""How a generator and its judge are built, and real examples, in; the generator, trained against the judge, out."""
# Keras and TensorFlow tell little of their types. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast
from zipfile import BadZipFile

import keras
import numpy as np
import tensorflow as tf

from edge.flow import Floats
from models.catalog import TrainingError
from models.put_whole import put_arrays

_SMOOTH = 0.9
"""What the judge is to say of real examples: less than 1, so that it stays unsure (Salimans et al. 2016)."""


@dataclass(frozen=True, slots=True)
class GanRecipe:
    """How long and how fast both learn; rate and momentum are those of Radford et al. 2016."""

    epochs: int
    batch: int = 64
    rate: float = 2e-4
    momentum: float = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Adversaries:
    """Builders of both networks, which take the number of classes, and the shape of the noise that examples come from.

    They are built where they are trained, once the seed is set: it is to start their weights too.
    """

    generator: Callable[[int], keras.Model]
    judge: Callable[[int], keras.Model]
    noise: tuple[int, ...]
    classes: int


@dataclass(frozen=True, slots=True)
class Origin:
    """What a generator comes from. One that has another origin is another generator."""

    protocol: str
    seed: int
    recipe: GanRecipe
    examples: int
    checksum: str
    """Of the examples and their classes."""


def train(
    both: Adversaries,
    real: Floats,
    named: Floats,
    origin: Origin,
    run: Path,
    seen: Callable[[float], None],
    *,
    network: str,
    resume: bool,
) -> keras.Model:
    """Learn from examples (n, ...) of classes (n, k) for a network; returns the generator.

    After each epoch a checkpoint is left in `run`, with its origin and the network beside it. With `resume` one of the
    same origin is taken up; without, only one that was made to its end for another network, because those of a family
    share it. All else begins anew. TrainingError if what is to be resumed is damaged or of other networks.
    """
    run.mkdir(parents=True, exist_ok=True)
    recipe, seed = origin.recipe, origin.seed
    keras.utils.set_random_seed(seed)
    generator, judge = both.generator(both.classes), both.judge(both.classes)
    optimizers = [cast(Any, keras.optimizers.Adam)(recipe.rate, beta_1=recipe.momentum) for _ in range(2)]
    for optimizer, model in zip(optimizers, (generator, judge), strict=True):
        optimizer.build(model.trainable_variables)
    variables = [*generator.variables, *judge.variables, *optimizers[0].variables, *optimizers[1].variables]
    step = _step(generator, judge, *optimizers)
    begin = _taken_up(variables, origin, run, network=network, resume=resume)
    if begin == 0:
        (run / "state.npz").unlink(missing_ok=True)
        told = {"network": network, **asdict(origin)}
        (run / "origin.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    for epoch in range(begin, recipe.epochs):
        keras.utils.set_random_seed(seed + epoch)
        rng = np.random.default_rng((seed, epoch))
        order = rng.permutation(len(real))
        for start in range(0, len(order) - recipe.batch + 1, recipe.batch):
            here = order[start : start + recipe.batch]
            noise = rng.normal(size=(len(here), *both.noise)).astype(np.float32)
            step(tf.constant(noise), tf.constant(named[here]), tf.constant(real[here]))
            seen((epoch + (start + recipe.batch) / len(order)) / recipe.epochs)
        put_arrays(run / "state.npz", *(np.asarray(each) for each in variables), epochs=np.array(epoch + 1))
    return generator


def made(generator: keras.Model, noise: tuple[int, ...], named: Floats, seed: int) -> Floats:
    """Examples of classes (n, k)."""
    drawn = np.random.default_rng((seed, 9)).normal(size=(len(named), *noise)).astype(np.float32)
    return np.asarray(cast(Any, generator).predict([drawn, named], batch_size=256, verbose="0"), np.float32)


def _step(generator: Any, judge: Any, making: Any, judging: Any) -> Callable[..., None]:
    """One turn of each, on the same batch."""
    loss = cast(Any, keras.losses.BinaryCrossentropy(from_logits=True))

    def step(noise: Any, named: Any, real: Any) -> None:
        with tf.GradientTape() as makes, tf.GradientTape() as judges:
            shown = generator([noise, named], training=True)
            true, false = judge([real, named], training=True), judge([shown, named], training=True)
            caught = loss(tf.fill(tf.shape(true), _SMOOTH), true) + loss(tf.zeros_like(false), false)
            fooled = loss(tf.ones_like(false), false)
        weights = generator.trainable_variables
        making.apply(makes.gradient(fooled, weights), weights)
        weights = judge.trainable_variables
        judging.apply(judges.gradient(caught, weights), weights)

    return cast(Callable[..., None], tf.function(step))


def _taken_up(variables: list[Any], origin: Origin, run: Path, *, network: str, resume: bool) -> int:
    """Epochs behind the checkpoint that may be taken up, 0 where none may."""
    try:
        told = cast(dict[str, object], json.loads((run / "origin.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return 0
    maker = told.pop("network", network)
    if told != asdict(origin):
        return 0
    if resume:
        return _restored(variables, run / "state.npz", 0)
    if maker == network:
        return 0
    try:
        return _restored(variables, run / "state.npz", origin.recipe.epochs)
    except TrainingError:
        return 0


def _restored(variables: list[Any], state: Path, least: int) -> int:
    """Epochs behind the checkpoint, 0 without one of at least so many."""
    if not state.exists():
        return 0
    try:
        with state.open("rb") as file, np.load(file) as held:
            arrays = [held[f"arr_{index}"] for index in range(len(held.files) - 1)]
            epochs = int(held["epochs"])
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise TrainingError(f"{state} cannot be read ({error}); train without --resume") from error
    if [array.shape for array in arrays] != [tuple(variable.shape) for variable in variables]:
        raise TrainingError(f"{state} is of other networks; train without --resume, or into another --run")
    if epochs < least:
        return 0
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return epochs

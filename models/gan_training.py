"""A generator, its judge and real examples in; the generator, trained against the judge, out."""
# Keras and TensorFlow tell little of their types. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAttributeAccessIssue=false

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import keras
import numpy as np
import tensorflow as tf

from edge.flow import Floats
from models.catalog import TrainingError

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
    """Both networks, untrained, the shape of the noise that examples are made from, and how many classes there are."""

    generator: keras.Model
    judge: keras.Model
    noise: tuple[int, ...]
    classes: int


def train(
    both: Adversaries,
    real: Floats,
    named: Floats,
    recipe: GanRecipe,
    run: Path,
    seed: int,
    seen: Callable[[float], None],
) -> keras.Model:
    """Learn from examples (n, ...) of classes (n, k); returns the generator.

    After each epoch a checkpoint is left in `run`; a training that finds one goes on from it, and one that finds its
    last epoch there is over at once. TrainingError if the checkpoint is of other networks.
    """
    run.mkdir(parents=True, exist_ok=True)
    optimizers = [cast(Any, keras.optimizers.Adam)(recipe.rate, beta_1=recipe.momentum) for _ in range(2)]
    for optimizer, model in zip(optimizers, (both.generator, both.judge), strict=True):
        optimizer.build(model.trainable_variables)
    variables = [*both.generator.variables, *both.judge.variables, *optimizers[0].variables, *optimizers[1].variables]
    step = _step(both, *optimizers)
    for epoch in range(_restored(variables, run / "state.npz"), recipe.epochs):
        keras.utils.set_random_seed(seed + epoch)
        rng = np.random.default_rng((seed, epoch))
        order = rng.permutation(len(real))
        for start in range(0, len(order) - recipe.batch + 1, recipe.batch):
            here = order[start : start + recipe.batch]
            noise = rng.normal(size=(len(here), *both.noise)).astype(np.float32)
            step(tf.constant(noise), tf.constant(named[here]), tf.constant(real[here]))
            seen((epoch + (start + recipe.batch) / len(order)) / recipe.epochs)
        _save(variables, run / "state.npz", epoch + 1)
    return both.generator


def made(generator: keras.Model, noise: tuple[int, ...], named: Floats, seed: int) -> Floats:
    """Examples of classes (n, k)."""
    drawn = np.random.default_rng((seed, 9)).normal(size=(len(named), *noise)).astype(np.float32)
    return np.asarray(cast(Any, generator).predict([drawn, named], batch_size=256, verbose="0"), np.float32)


def _step(both: Adversaries, making: Any, judging: Any) -> Callable[..., None]:
    """One turn of each, on the same batch."""
    loss = cast(Any, keras.losses.BinaryCrossentropy(from_logits=True))
    generator, judge = cast(Any, both.generator), cast(Any, both.judge)

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


def _save(variables: list[Any], state: Path, epochs: int) -> None:
    """All at once, so that a run broken off leaves the checkpoint before."""
    part = state.with_name("part.npz")
    cast(Any, np.savez)(part, *[np.asarray(variable) for variable in variables], epochs=np.array(epochs))
    part.replace(state)


def _restored(variables: list[Any], state: Path) -> int:
    """Epochs behind the checkpoint, 0 without one."""
    if not state.exists():
        return 0
    with np.load(state) as held:
        arrays = [held[f"arr_{index}"] for index in range(len(held.files) - 1)]
        epochs = int(held["epochs"])
    if [array.shape for array in arrays] != [tuple(variable.shape) for variable in variables]:
        raise TrainingError(f"{state} is of other networks; remove it, or train into another --run")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return epochs

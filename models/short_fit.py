"""A small network and its rows in; the same network fitted, out. Folds that take seconds need no checkpoint."""
# Keras ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import keras
import numpy as np

from edge.flow import Floats
from edge.inference.arrays import softmax
from models.metrics import Labels


@dataclass(frozen=True, slots=True)
class ShortRecipe:
    """How long and how fast."""

    epochs: int = 10
    batch: int = 32
    rate: float = 2e-3
    decay: float = 1e-2
    smoothing: float = 0.05
    noise: float = 0.0
    """Standard deviation of what is added to the rows while learning"""


def fit(build: Callable[[], keras.Model], rows: Floats, labels: Labels, recipe: ShortRecipe, seed: int) -> keras.Model:
    """Learn from rows (n, ...) and labels (n,); the rate falls as a cosine to nothing."""
    keras.utils.set_random_seed(seed)
    model = build()
    classes = int(model.output_shape[-1])
    turns = recipe.epochs * -(-len(rows) // recipe.batch)
    rate = keras.optimizers.schedules.CosineDecay(recipe.rate, turns)
    optimizer = cast(Any, keras.optimizers.AdamW)(rate, weight_decay=recipe.decay, clipnorm=5.0)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.smoothing)
    cast(Any, model).compile(optimizer, loss)
    rng = np.random.default_rng(seed)
    wanted = np.eye(classes, dtype=np.float32)[labels]
    for _ in range(recipe.epochs):
        # every batch is full, so that one graph serves them all: the last takes rows of the first
        order = np.resize(rng.permutation(len(rows)), -(-len(rows) // recipe.batch) * recipe.batch)
        for here in order.reshape(-1, recipe.batch):
            noise = rng.normal(0, recipe.noise, rows[here].shape) if recipe.noise else 0.0
            model.train_on_batch((rows[here] + noise).astype(np.float32), wanted[here])
    return model


def chances(model: keras.Model, rows: Floats, batch: int = 64) -> Floats:
    """Probabilities (n, classes) of rows (n, ...)."""
    parts = [np.asarray(cast(Any, model)(rows[a : a + batch], training=False)) for a in range(0, len(rows), batch)]
    return softmax(np.concatenate(parts).astype(np.float32))

"""Fitting a wrist network on crops of the learning people's recordings."""
# Keras ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import keras
import numpy as np
import numpy.typing as npt

from edge.flow import Floats
from edge.signals import heart, motion, skin
from edge.signals.features import NAMES
from edge.signals.normalise import TREND
from models.wrist import STEPS, UNITS, Weights, vagus_wrist
from models.wrist_streams import LABELS, Told

Seen = Callable[[float], None]
"""Told the share of a fit that is done, 0 to 1."""


def with_trends(names: Iterable[str]) -> tuple[str, ...]:
    """The names, and after them the trend of each."""
    base = tuple(names)
    return (*base, *(name + TREND for name in base))


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that was chosen; the same for the wrist and for the motion-only network beside it."""

    names: tuple[str, ...] = with_trends(name for name in NAMES if not name.startswith("temperature"))
    window_s: float = 60.0
    hop_s: float = 5.0
    steps: int = STEPS
    units: int = UNITS
    classes: int = len(LABELS)
    batches: int = 150
    batch: int = 32
    rate: float = 3e-3
    dropout: float = 0.3
    decay: float = 1e-4
    noise: float = 0.3
    """Standard deviation of the noise on each feature, in the person's own spread."""
    silence: float = 0.15
    """Chance that a crop lacks a sensor altogether: the device must do with what is there."""
    smoothing: float = 0.05
    late_starts: tuple[int, ...] = (0, 60, 120, 180, 260)
    """Hops at which the watch is put on: what the person's usual was learned from must not tell the time."""
    late_watch: int = 120
    """Hops after which the watch is put on when the judged are judged once more: what leans on the clock falls then."""
    folds: int = 7
    prior: float = 8.0
    memory: int = 240
    stride: int = 3
    trend: int = 60
    clip: float = 4.0
    least_quality: float = 0.25

    def constants(self) -> dict[str, float]:
        """Those of the normaliser."""
        return {
            "prior": self.prior,
            "memory": self.memory,
            "stride": self.stride,
            "trend": self.trend,
            "clip": self.clip,
        }


def fit(people: Sequence[Sequence[Told]], recipe: Recipe, seed: int, seen: Seen) -> Weights:
    """Train on these people, each told from several late starts (the first from the beginning)."""
    keras.utils.set_random_seed(seed)
    model = vagus_wrist(
        len(recipe.names), recipe.units, recipe.steps,
        classes=recipe.classes, every_step=True, dropout=recipe.dropout, decay=recipe.decay,
    )  # fmt: skip
    rate = keras.optimizers.schedules.CosineDecay(recipe.rate, recipe.batches)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.smoothing)
    cast(Any, model).compile(keras.optimizers.Adam(cast(Any, rate)), loss)
    rng = np.random.default_rng(seed)
    balance = _balance([starts[0] for starts in people], recipe.classes)
    for batch in range(recipe.batches):
        model.train_on_batch(*_crops(people, recipe, balance, rng))
        seen((batch + 1) / recipe.batches)
    return Weights.of(model)


def network(weights: Weights, recipe: Recipe) -> keras.Model:
    """The trained network as it is handed on: a whole sequence in, the logits after it out."""
    model = vagus_wrist(
        len(recipe.names), recipe.units, recipe.steps,
        classes=recipe.classes, dropout=recipe.dropout, decay=recipe.decay,
    )  # fmt: skip
    model.set_weights([weights.kernel, weights.recurrent, weights.bias, weights.dense, weights.dense_bias])
    return model


def sequences(
    people: Sequence[Told], recipe: Recipe, count: int, seed: int
) -> tuple[Floats, npt.NDArray[np.int64], list[str]]:
    """About `count` sequences (n, steps, names), each ending at a labelled window; those labels; whose they are."""
    rng = np.random.default_rng(seed)
    rows, labels, names = list[Floats](), list[int](), list[str]()
    for k in range(count):
        told = people[k % len(people)]
        ends = np.flatnonzero(told.usable & (told.labels == (k // len(people)) % recipe.classes))
        ends = ends[ends >= recipe.steps - 1]
        if not len(ends):
            continue
        end = int(rng.choice(ends))
        rows.append(told.features[end + 1 - recipe.steps : end + 1])
        labels.append(int(told.labels[end]))
        names.append(told.subject)
    return np.stack(rows), np.array(labels, np.int64), names


def _balance(people: Sequence[Told], classes: int) -> Floats:
    """Weight of each label, so that all count the same."""
    labels = np.concatenate([p.labels[p.usable] for p in people])
    counts = np.array([(labels == k).sum() for k in range(classes)])
    return (counts.sum() / (classes * np.maximum(counts, 1))).astype(np.float32)


def _crops(
    people: Sequence[Sequence[Told]], recipe: Recipe, balance: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """A batch: features (b, steps, k), one-hot labels (b, steps, classes), weights (b, steps), 0 where not judged."""
    shape = (recipe.batch, recipe.steps)
    features = np.zeros((*shape, len(recipe.names)), np.float32)
    labels, weights = np.zeros(shape, np.int64), np.zeros(shape, np.float32)
    for row in range(recipe.batch):
        starts = people[int(rng.integers(len(people)))]
        told = starts[0 if rng.random() < 0.5 else int(rng.integers(len(starts)))]
        first = int(rng.integers(max(1, len(told.labels) - recipe.steps // 2)))
        part = slice(first, min(len(told.labels), first + recipe.steps))
        length = part.stop - first
        features[row, :length] = told.features[part] + rng.normal(0, recipe.noise, (length, len(recipe.names)))
        labels[row, :length] = np.maximum(told.labels[part], 0)
        weights[row, :length] = told.usable[part] & (told.labels[part] >= 0)
        for columns in _sensors(recipe.names):
            if rng.random() < recipe.silence:
                features[row][:, columns] = 0
    return features, np.eye(recipe.classes, dtype=np.float32)[labels], weights * balance[labels]


def _sensors(names: Sequence[str]) -> list[list[int]]:
    """Columns that fall silent together; none when there is but one sensor."""
    owners = (heart.NAMES, skin.NAMES[:-2], skin.NAMES[-2:], motion.NAMES)
    columns = [[i for i, name in enumerate(names) if name.removesuffix(TREND) in owner] for owner in owners]
    present = [c for c in columns if c]
    return present if len(present) > 1 else []

"""A network and its rows in; fitted as Mouthami et al. 2025 say (section 4.1.4), out.

Early stopping with a patience of five epochs, the learning rate reduced when the judged loss no longer falls.
"""
# Keras ships no types: what its objects return is unknown to the checker. The functions' own signatures are typed.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import keras
import numpy as np

from edge.flow import Floats
from models.catalog import TrainingError
from models.metrics import Labels, agreement
from models.put_whole import put_arrays
from models.training import sow


@dataclass(frozen=True, slots=True)
class PlateauRecipe:
    """What Table 2 leaves to be chosen of learning."""

    epochs: int = 30
    batch: int = 32
    rate: float = 1e-3
    optimizer: str = "adam"
    patience: int = 5


def fit(
    build: Callable[[], keras.Model],
    learned: tuple[Floats, Labels],
    judged: tuple[Floats, Labels],
    recipe: PlateauRecipe,
    seed: int,
    *,
    backup: Path | None = None,
    ended: Callable[[int, dict[str, float]], None] = lambda _epoch, _seen: None,
) -> keras.Model:
    """Build a network, its first weights drawn from the seed, and learn; it has the weights of its best epoch.

    With `backup` each epoch is left there, and a fit that was broken off goes on from it (TrainingError where it cannot
    be read); its patience begins anew, but what was best before is kept.
    """
    keras.utils.set_random_seed(seed)
    model = build()
    optimizer = {"adam": keras.optimizers.Adam, "rmsprop": keras.optimizers.RMSprop}[recipe.optimizer]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    cast(Any, model).compile(cast(Any, optimizer)(recipe.rate), loss)

    def begun(epoch: int, _logs: Any) -> None:
        sow(model, seed, epoch)

    def each(epoch: int, logs: dict[str, Any]) -> None:
        ended(epoch + 1, {name: float(value) for name, value in logs.items()})

    told = cast(Any, keras.callbacks)
    callbacks: list[Any] = [
        told.EarlyStopping("val_loss", patience=recipe.patience, restore_best_weights=True),
        told.ReduceLROnPlateau("val_loss", factor=0.5, patience=2),
        told.LambdaCallback(on_epoch_begin=begun, on_epoch_end=each),
    ]
    kept = None if backup is None else _Kept(model, backup.with_name(backup.name + "_best"))
    if backup is not None and kept is not None:
        # the best goes first: a fit that is broken off between the two judges an epoch twice rather than not at all
        callbacks += [kept.callback(backup.exists()), _Backup(str(backup), double_checkpoint=True)]
    cast(Any, model).fit(
        *learned, batch_size=recipe.batch, epochs=recipe.epochs, validation_data=judged, callbacks=callbacks,
        verbose=0,
    )  # fmt: skip
    if kept is not None:
        kept.restore()
    return model


def accuracy(model: keras.Model, judged: tuple[Floats, Labels]) -> float:
    """Share of right answers."""
    return agreement(said(model, judged[0]).argmax(axis=1).astype(np.int64), judged[1])


class _Backup(keras.callbacks.BackupAndRestore):
    """Keras' own, which says in a sentence when it cannot be read."""

    def on_train_begin(self, logs: Any = None) -> None:
        """Take up what was left."""
        try:
            super().on_train_begin(logs)
        except (OSError, ValueError) as error:
            raise TrainingError(f"{self.backup_dir} cannot be read ({error}); train without --resume") from error


class _Kept:
    """The weights of the best epoch on disk, over broken-off fits; Keras forgets them when a fit begins."""

    def __init__(self, model: keras.Model, place: Path) -> None:
        self._model = model
        self._weights = place.with_suffix(".npz")

    def callback(self, going_on: bool) -> Any:
        """Judges each epoch; unless the fit goes on from a backup, what an earlier one left is deleted."""
        if not going_on:
            self._weights.unlink(missing_ok=True)
        return cast(Any, keras.callbacks).LambdaCallback(on_epoch_end=self._ended)

    def restore(self) -> None:
        """Put the best weights back, and delete them here."""
        with np.load(self._weights) as held:
            self._model.set_weights([held[f"arr_{n}"] for n in range(len(held.files) - 1)])
        self._weights.unlink()

    def _ended(self, _epoch: int, logs: dict[str, Any]) -> None:
        loss = float(logs["val_loss"])
        if self._weights.exists():
            with np.load(self._weights) as held:
                if loss >= float(held["loss"]):
                    return
        # one file: a fit that is killed meanwhile leaves the best before, with its loss
        put_arrays(self._weights, *self._model.get_weights(), loss=np.array(loss))


def said(model: keras.Model, rows: Floats) -> Floats:
    """Outputs (n, k)."""
    return np.asarray(cast(Any, model).predict(rows, batch_size=256, verbose="0"), np.float32)

"""A fit that was broken off goes on as if it had not been, and keeps what was best before."""

# Keras ships no types: what its objects return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import shutil
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from edge.flow import Floats
from edge.inference.arrays import softmax
from models import plateau_fit
from models.catalog import Task, TrainingError
from models.metrics import Labels
from models.mouthami_training import checkpoint_of
from models.plateau_fit import PlateauRecipe
from models.tuning import Choice

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def network() -> keras.Model:
    """Fitted from seed 0: from one start in seven what is learned before the break is no better than the opposite."""
    rows = keras.Input((4,), name="rows")
    return keras.Model(rows, keras.layers.Dense(2, name="logits")(rows))


def dropping() -> keras.Model:
    rows = keras.Input((4,), name="rows")
    x = keras.layers.Dense(16, activation="relu")(rows)
    # one below another, as a network within a network has them
    x = keras.Sequential([keras.Input((16,)), keras.layers.Dropout(0.5)])(x)
    return keras.Model(rows, keras.layers.Dense(2, name="logits")(keras.layers.Dropout(0.2)(x)))


def some() -> tuple[Floats, Labels]:
    rows = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
    return rows, (rows[:, 0] > 0).astype(np.int64)


class BrokenOffError(Exception):
    pass


def test_the_best_epoch_outlives_a_break(tmp_path: Path) -> None:
    rows, labels = some()
    losses: list[float] = []

    def ended(epoch: int, seen: dict[str, float]) -> None:
        losses.append(seen["val_loss"])
        if epoch == 3:
            raise BrokenOffError

    backup = tmp_path / "backup"
    with pytest.raises(BrokenOffError):
        plateau_fit.fit(
            network, (rows, labels), (rows, labels), PlateauRecipe(6, 16, 0.05), 0, backup=backup, ended=ended
        )
    # what follows the break learns the opposite from rows so large that nothing of before steers it any more
    opposite = ((1000 * rows).astype(np.float32), 1 - labels)
    later: list[float] = []
    model = plateau_fit.fit(
        network, opposite, (rows, labels), PlateauRecipe(6, 16, 0.5), 0, backup=backup,
        ended=lambda _epoch, seen: later.append(seen["val_loss"]),
    )  # fmt: skip
    assert min(later) > min(losses[:2])
    said = plateau_fit.said(model, rows)
    loss = float(-np.log(softmax(said)[np.arange(len(said)), labels]).mean())
    # the third epoch ended after nothing was kept of it
    assert loss == pytest.approx(min(losses[:2]), rel=1e-3)
    assert not list(tmp_path.glob("backup_best*"))


def test_a_fit_begun_anew_owes_nothing_to_one_that_was_broken_off(tmp_path: Path) -> None:
    rows, labels = some()

    def broken(epoch: int, _seen: dict[str, float]) -> None:
        if epoch == 3:
            raise BrokenOffError

    task = Task("x", tmp_path, tmp_path / "run", 0, False, None, "", lambda _done, _note: None, lambda _line: None)
    with pytest.raises(BrokenOffError):
        plateau_fit.fit(
            network, (rows, labels), (rows, labels), PlateauRecipe(6, 16, 0.05), 0,
            backup=checkpoint_of(task, Choice()), ended=broken,
        )  # fmt: skip
    assert list((tmp_path / "run").glob("checkpoint_0_*_best*"))
    resumed = replace(task, resume=True)
    assert not checkpoint_of(replace(resumed, seed=1), Choice()).exists(), "another seed goes on from nothing of it"
    assert not checkpoint_of(resumed, Choice(units=128)).exists(), "nor does another size, as a search may find it"
    assert checkpoint_of(resumed, Choice()).exists()
    # the new one learns the opposite: it never does as well as the one before
    opposite = ((1000 * rows).astype(np.float32), 1 - labels)
    model = plateau_fit.fit(
        network, opposite, (rows, labels), PlateauRecipe(2, 16, 0.5), 0, backup=checkpoint_of(task, Choice())
    )
    assert (plateau_fit.said(model, rows).argmax(axis=1) == labels).mean() < 0.5


def test_a_fit_that_was_killed_before_its_best_was_whole_goes_on(tmp_path: Path) -> None:
    rows, labels = some()
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup_best.npz.part").write_bytes(b"PK")
    plateau_fit.fit(network, (rows, labels), (rows, labels), PlateauRecipe(6, 16, 0.05), 0, backup=tmp_path / "backup")
    assert not list(tmp_path.glob("backup_best*"))


def test_the_first_weights_are_of_the_seed() -> None:
    fitted: list[list[Floats]] = []
    for before in (5, 6):
        keras.utils.set_random_seed(before)
        fitted.append(plateau_fit.fit(network, some(), some(), PlateauRecipe(1, 64, 0.001), 0).get_weights())
    assert all(np.array_equal(one, other) for one, other in zip(*fitted, strict=True))


def test_a_resumed_fit_is_the_unbroken_one_with_dropout_too(tmp_path: Path) -> None:
    def fitted(name: str, last: int = 4) -> tuple[list[float], list[Floats]]:
        losses: list[float] = []

        def ended(epoch: int, seen: dict[str, float]) -> None:
            losses.append(seen["loss"])
            if epoch == last + 1:
                raise BrokenOffError

        model = plateau_fit.fit(
            dropping, some(), some(), PlateauRecipe(4, 16, 0.02), 0, backup=tmp_path / name, ended=ended
        )
        return losses, model.get_weights()

    losses, weights = fitted("whole")
    with pytest.raises(BrokenOffError):
        fitted("broken", 2)
    for name in ("broken", "broken_best.npz"):
        whole = tmp_path / name
        (shutil.copytree if whole.is_dir() else shutil.copy)(whole, tmp_path / name.replace("broken", "cut"))
    later, same = fitted("broken")
    assert later == pytest.approx(losses[2:])
    assert all(np.allclose(one, other) for one, other in zip(weights, same, strict=True))
    # half of a checkpoint: the one before serves; half of both kinds of file is refused in a sentence
    newest = tmp_path / "cut" / "latest.weights.h5"
    newest.write_bytes(newest.read_bytes()[:1000])
    with pytest.raises(BrokenOffError):
        fitted("cut", 1)
    (tmp_path / "cut" / "training_metadata.json").write_text("{")
    with pytest.raises(TrainingError, match="train without --resume"):
        fitted("cut")

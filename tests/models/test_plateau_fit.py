"""A fit that was broken off keeps what was best before."""

# Keras ships no types: what its objects return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from edge.inference.arrays import softmax
from models import plateau_fit
from models.catalog import Task
from models.mouthami_training import checkpoint_of
from models.plateau_fit import PlateauRecipe

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def network() -> keras.Model:
    """Always the same: from one start in seven what is learned before the break is no better than the opposite."""
    keras.utils.set_random_seed(0)
    rows = keras.Input((4,), name="rows")
    return keras.Model(rows, keras.layers.Dense(2, name="logits")(rows))


class BrokenOffError(Exception):
    pass


def test_the_best_epoch_outlives_a_break(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(64, 4)).astype(np.float32)
    labels = (rows[:, 0] > 0).astype(np.int64)
    losses: list[float] = []

    def ended(epoch: int, seen: dict[str, float]) -> None:
        losses.append(seen["val_loss"])
        if epoch == 3:
            raise BrokenOffError

    backup = tmp_path / "backup"
    with pytest.raises(BrokenOffError):
        plateau_fit.fit(
            network(), (rows, labels), (rows, labels), PlateauRecipe(6, 16, 0.05), 0, backup=backup, ended=ended
        )
    # what follows the break learns the opposite from rows so large that nothing of before steers it any more
    model = network()
    opposite = ((1000 * rows).astype(np.float32), 1 - labels)
    later: list[float] = []
    plateau_fit.fit(
        model, opposite, (rows, labels), PlateauRecipe(6, 16, 0.5), 0, backup=backup,
        ended=lambda _epoch, seen: later.append(seen["val_loss"]),
    )  # fmt: skip
    assert min(later) > min(losses[:2])
    said = plateau_fit.said(model, rows)
    loss = float(-np.log(softmax(said)[np.arange(len(said)), labels]).mean())
    # the third epoch ended after nothing was kept of it
    assert loss == pytest.approx(min(losses[:2]), rel=1e-3)
    assert not list(tmp_path.glob("backup_best*"))


def test_a_fit_begun_anew_owes_nothing_to_one_that_was_broken_off(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(64, 4)).astype(np.float32)
    labels = (rows[:, 0] > 0).astype(np.int64)

    def broken(epoch: int, _seen: dict[str, float]) -> None:
        if epoch == 3:
            raise BrokenOffError

    task = Task("x", tmp_path, tmp_path / "run", 0, False, None, "", lambda _done, _note: None, lambda _line: None)
    with pytest.raises(BrokenOffError):
        plateau_fit.fit(
            network(),
            (rows, labels),
            (rows, labels),
            PlateauRecipe(6, 16, 0.05),
            0,
            backup=checkpoint_of(task),
            ended=broken,
        )
    assert list((tmp_path / "run").glob("checkpoint_0_best*"))
    assert not checkpoint_of(replace(task, seed=1, resume=True)).exists(), "another seed goes on from nothing of it"
    assert checkpoint_of(replace(task, resume=True)).exists()
    # the new one learns the opposite: it never does as well as the one before
    model = network()
    opposite = ((1000 * rows).astype(np.float32), 1 - labels)
    plateau_fit.fit(model, opposite, (rows, labels), PlateauRecipe(2, 16, 0.5), 0, backup=checkpoint_of(task))
    assert (plateau_fit.said(model, rows).argmax(axis=1) == labels).mean() < 0.5


def test_a_fit_that_was_killed_before_its_best_was_whole_goes_on(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
    labels = (rows[:, 0] > 0).astype(np.int64)
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup_best.part.npz").write_bytes(b"PK")
    model = network()
    plateau_fit.fit(model, (rows, labels), (rows, labels), PlateauRecipe(6, 16, 0.05), 0, backup=tmp_path / "backup")
    assert not list(tmp_path.glob("backup_best*"))

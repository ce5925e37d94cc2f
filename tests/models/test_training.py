"""A run that was broken off and taken up again ends where an unbroken one ends."""
# Keras ships no types: what its objects return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from edge.flow import Floats
from models import training
from models.catalog import TrainingError
from models.training import Batch, Epoch, Recipe, fit, history

_RECIPE = Recipe(epochs=4, steps=20, rate=0.05, averaging=0.8, bfloat16=False)


def _build() -> keras.Model:
    point = keras.Input((2,), name="point")
    x = keras.layers.Dense(8, activation="relu", name="hidden")(point)
    x = keras.layers.BatchNormalization(name="norm")(x)
    return keras.Model(point, keras.layers.Dense(2, name="logits")(x))


def _batches(epoch: int) -> Iterator[Batch]:
    rng = np.random.default_rng(epoch)
    for _ in range(_RECIPE.steps):
        points = rng.normal(size=(32, 2)).astype(np.float32)
        yield points, np.eye(2, dtype=np.float32)[(points[:, 0] > points[:, 1]).astype(int)]


def _accuracy(model: keras.Model) -> dict[str, float]:
    points, targets = next(_batches(99))
    guesses = np.asarray(model(points)).argmax(axis=1)
    return {"accuracy": float(np.mean(guesses == targets.argmax(axis=1)))}


class _StopError(Exception):
    """The plug is pulled."""


def _fit(
    run: Path, *, resume: bool = False, stop_after: int | None = None, seed: int = 5
) -> tuple[keras.Model, list[Epoch]]:
    epochs: list[Epoch] = []

    def ended(epoch: Epoch) -> None:
        epochs.append(epoch)
        if epoch.number == stop_after:
            raise _StopError

    model = fit(
        _build,
        _batches,
        _RECIPE,
        run,
        seed=seed,
        resume=resume,
        score=_accuracy,
        seen=lambda _e, _s, _loss: None,
        ended=ended,
    )
    return model, epochs


def test_resumed_run_equals_unbroken_run(tmp_path: Path) -> None:
    whole, epochs = _fit(tmp_path / "whole")
    with pytest.raises(_StopError):
        _fit(tmp_path / "broken", stop_after=2)
    taken_up, rest = _fit(tmp_path / "broken", resume=True)
    assert [epoch.number for epoch in rest] == [3, 4]
    assert history(tmp_path / "broken") == epochs
    for ours, theirs in zip(taken_up.get_weights(), whole.get_weights(), strict=True):
        assert np.allclose(ours, theirs, atol=1e-6)
    assert epochs[-1].scores["accuracy"] > 0.8


def test_without_resume_a_run_begins_anew(tmp_path: Path) -> None:
    with pytest.raises(_StopError):
        _fit(tmp_path, stop_after=2)
    _, epochs = _fit(tmp_path)
    assert [epoch.number for epoch in epochs] == [1, 2, 3, 4]
    assert len(history(tmp_path)) == 4


def test_finished_run_taken_up_again_is_the_same_network(tmp_path: Path) -> None:
    whole, _ = _fit(tmp_path)
    again, epochs = _fit(tmp_path, resume=True)
    assert epochs == []
    assert all(np.array_equal(a, b) for a, b in zip(again.get_weights(), whole.get_weights(), strict=True))


def test_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    _fit(tmp_path)
    with pytest.raises(TrainingError, match="another network"):
        fit(
            lambda: keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]),
            _batches,
            _RECIPE,
            tmp_path,
            seed=5,
            resume=True,
            score=_accuracy,
            seen=lambda _e, _s, _loss: None,
            ended=lambda _epoch: None,
        )


def test_checkpoint_of_another_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(_StopError):
        _fit(tmp_path, stop_after=2)
    with pytest.raises(TrainingError, match="is of seed 5; go on with --seed 5, or train without --resume"):
        _fit(tmp_path, resume=True, seed=6)
    assert len(history(tmp_path)) == 2, "what was begun is still there"


def test_learning_that_no_longer_helps_stops_and_the_best_epoch_is_kept(tmp_path: Path) -> None:
    scores = iter([0.5, 0.7, 0.6, 0.65, 0.9])
    kept: list[list[Floats]] = []

    def score(model: keras.Model) -> dict[str, float]:
        kept.append(model.get_weights())
        return {"tuning": next(scores)}

    def again(*, resume: bool) -> keras.Model:
        return fit(
            _build, _batches, replace(_RECIPE, epochs=9, patience=2), tmp_path, seed=5, resume=resume, score=score,
            seen=lambda _e, _s, _loss: None, ended=lambda _epoch: None,
        )  # fmt: skip

    model = again(resume=False)
    assert [epoch.scores["tuning"] for epoch in history(tmp_path)] == [0.5, 0.7, 0.6, 0.65]
    for held, best in zip(model.get_weights(), kept[1], strict=True):
        assert np.array_equal(held, best)
    # resumed, it has nothing left to do
    assert np.array_equal(again(resume=True).get_weights()[0], kept[1][0])
    assert len(history(tmp_path)) == 4


def test_a_run_that_was_killed_between_log_and_state_tells_each_epoch_once(tmp_path: Path) -> None:
    with pytest.raises(_StopError):
        _fit(tmp_path, stop_after=2)
    before = (tmp_path / "checkpoint" / "state.npz").read_bytes()
    with pytest.raises(_StopError):
        _fit(tmp_path, resume=True, stop_after=3)
    (tmp_path / "checkpoint" / "state.npz").write_bytes(before)
    with (tmp_path / "checkpoint" / "epochs.jsonl").open("a") as log:
        log.write('{"number": 4, "lo')
    _fit(tmp_path, resume=True)
    assert [epoch.number for epoch in history(tmp_path)] == [1, 2, 3, 4]


def test_every_epoch_behind_the_state_is_in_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put: Any = vars(training)["_put"]

    def killed(place: Path, *listed: Any, **named: Any) -> None:
        put(place, *listed, **named)
        if place.name == "state.npz" and int(named["epochs"]) == 2:
            raise _StopError

    monkeypatch.setattr(training, "_put", killed)
    with pytest.raises(_StopError):
        _fit(tmp_path)
    monkeypatch.undo()
    _fit(tmp_path, resume=True)
    assert [epoch.number for epoch in history(tmp_path)] == [1, 2, 3, 4]


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    _fit(tmp_path)
    state = tmp_path / "checkpoint" / "state.npz"
    state.write_bytes(state.read_bytes()[:-300])
    with pytest.raises(TrainingError, match=r"state\.npz cannot be read .* train without --resume"):
        _fit(tmp_path, resume=True)

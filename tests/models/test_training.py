"""A run that was broken off and taken up again ends where an unbroken one ends."""
# Keras ships no types: what its objects return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from edge.flow import Floats
from models import training
from models.catalog import TrainingError
from models.training import Batch, Epoch, Recipe, fit, history, must_hold_none, remember

_RECIPE = Recipe(epochs=4, steps=20, rate=0.05, averaging=0.8, bfloat16=False)
_OF: Mapping[str, object] = {"protocol": "clean", "recipe": {"epochs": 4, "mirrored": False}, "data_checksum": "0a"}


def _build() -> keras.Model:
    point = keras.Input((2,), name="point")
    x = keras.layers.Dense(8, activation="relu", name="hidden")(point)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.Dropout(0.2, name="dropout")(x)
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
    run: Path,
    *,
    resume: bool = False,
    stop_after: int | None = None,
    seed: int = 5,
    recipe: Recipe = _RECIPE,
    of: Mapping[str, object] = _OF,
) -> tuple[keras.Model, list[Epoch]]:
    epochs: list[Epoch] = []

    def ended(epoch: Epoch) -> None:
        epochs.append(epoch)
        if epoch.number == stop_after:
            raise _StopError

    model = fit(
        _build,
        _batches,
        recipe,
        run,
        of=of,
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
            of=_OF,
            seed=5,
            resume=True,
            score=_accuracy,
            seen=lambda _e, _s, _loss: None,
            ended=lambda _epoch: None,
        )


def test_checkpoint_of_anything_else_is_refused_and_stays(tmp_path: Path) -> None:
    with pytest.raises(_StopError):
        _fit(tmp_path, stop_after=2)
    checkpoint = tmp_path / "checkpoint"
    before = {file.name: file.read_bytes() for file in checkpoint.iterdir()}
    assert json.loads(before["of.json"])["fit"]["rate"] == 0.05
    others: list[tuple[str, dict[str, Any]]] = [
        ("seed 5 instead of 6", {"seed": 6}),
        ("protocol clean instead of paper", {"of": {**_OF, "protocol": "paper"}}),
        ("data checksum 0a instead of 0b", {"of": {**_OF, "data_checksum": "0b"}}),
        (
            "epochs 4 instead of 2, mirrored False instead of True",
            {"of": {**_OF, "recipe": {"epochs": 2, "mirrored": True}}, "recipe": replace(_RECIPE, epochs=2)},
        ),
        ("bfloat16 False instead of True", {"recipe": replace(_RECIPE, bfloat16=True)}),
        ("patience None instead of 4", {"recipe": replace(_RECIPE, patience=4)}),
    ]
    for words, other in others:
        with pytest.raises(TrainingError, match=rf"\({words}\); leave out --resume .* another --run"):
            _fit(tmp_path, resume=True, **other)
    assert {file.name: file.read_bytes() for file in checkpoint.iterdir()} == before


@pytest.mark.parametrize("content", [None, b'{"seed": 5, "fi', b"5", b"\xff"])
def test_checkpoint_that_does_not_say_of_what_it_is_is_refused(tmp_path: Path, content: bytes | None) -> None:
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "state.npz").write_bytes(b"of whatever")
    if content is not None:
        (tmp_path / "checkpoint" / "of.json").write_bytes(content)
    with pytest.raises(TrainingError, match=r"cannot be read from .*of\.json .*leave out --resume"):
        _fit(tmp_path, resume=True)
    assert (tmp_path / "checkpoint" / "state.npz").read_bytes() == b"of whatever"


def test_less_than_a_batch_is_refused_before_anything_is_cleared(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").mkdir()
    with pytest.raises(TrainingError, match="less to learn from than one batch; give more recordings"):
        _fit(tmp_path, recipe=replace(_RECIPE, steps=0))
    assert (tmp_path / "checkpoint").is_dir()


def test_a_run_from_elsewhere_keeps_nothing_of_a_training(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").mkdir()
    for name in ("state.npz", "best.npz", "of.json"):
        (tmp_path / "checkpoint" / name).write_bytes(b"of another training")
    with pytest.raises(TrainingError, match="name another --run"):
        must_hold_none(tmp_path / "elsewhere", tmp_path)
    epochs = [Epoch(1, 0.5, {"tuning": 0.25}), Epoch(2, 0.25, {"tuning": 0.5})]
    remember(tmp_path, epochs)
    assert [file.name for file in (tmp_path / "checkpoint").iterdir()] == ["epochs.jsonl"]
    assert history(tmp_path) == epochs
    must_hold_none(tmp_path)


def test_learning_that_no_longer_helps_stops_and_the_best_epoch_is_kept(tmp_path: Path) -> None:
    scores = iter([0.5, 0.7, 0.6, 0.65, 0.9])
    kept: list[list[Floats]] = []

    def score(model: keras.Model) -> dict[str, float]:
        kept.append(model.get_weights())
        return {"tuning": next(scores)}

    def again(*, resume: bool) -> keras.Model:
        return fit(
            _build, _batches, replace(_RECIPE, epochs=9, patience=2), tmp_path, of=_OF, seed=5, resume=resume,
            score=score, seen=lambda _e, _s, _loss: None, ended=lambda _epoch: None,
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
    put: Any = training.put_arrays

    def killed(place: Path, *listed: Any, **named: Any) -> None:
        put(place, *listed, **named)
        if place.name == "state.npz" and int(named["epochs"]) == 2:
            raise _StopError

    monkeypatch.setattr(training, "put_arrays", killed)
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

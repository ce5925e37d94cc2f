"""A trained network is kept as a small file, and its run comes back without training."""
# Keras ships no types: what its objects return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

import json
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import cast

import keras
import numpy as np
import pytest

from edge.flow import Floats
from models import bagga_training, kept
from models.catalog import NETWORKS, Task, TrainingError
from tests.fakes.pictures import stored_faces

# Keras 3.15 saves a variable through NumPy's old protocol, and NumPy 2 says so.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture
def task(tmp_path: Path) -> Task:
    stored_faces(tmp_path)
    return Task(
        "bagga_model_1", tmp_path, tmp_path / "bagga_model_1_paper", seed=3, resume=False, epochs=1,
        command="python -m models train bagga_model_1", seen=lambda _done, _note: None, say=lambda _line: None,
        protocol="paper",
    )  # fmt: skip


def test_a_run_comes_back_as_it_was(task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = NETWORKS["bagga_model_1"].train(task)
    assert kept.keep(task.run, tmp_path / "weights") == tmp_path / "weights" / "bagga_model_1_paper.npz"
    monkeypatch.setattr(bagga_training, "kept", partial(kept.kept, place=tmp_path / "weights"))
    again = replace(task, run=tmp_path / "again", seed=0, command="python -m models restore bagga_model_1")
    assert json.dumps(NETWORKS["bagga_model_1"].restore(again)) == json.dumps(trained)
    (one, other) = (_weights(run) for run in (task.run, again.run))
    assert all(np.array_equal(mine, its) for mine, its in zip(one, other, strict=True))


def _weights(run: Path) -> list[Floats]:
    return cast(keras.Model, keras.models.load_model(run / "model.keras")).get_weights()


def test_what_is_not_kept_or_damaged_is_told(task: Task, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    with pytest.raises(TrainingError, match="nothing is kept of hegh_face"):
        NETWORKS["hegh_face"].restore(replace(task, network="hegh_face"))
    with pytest.raises(TrainingError, match="only of nothing; python -m models train"):
        kept.kept("bagga_model_1_paper", weights)
    with pytest.raises(TrainingError, match="is no run that can be kept"):
        kept.keep(tmp_path / "nowhere", weights)
    weights.mkdir()
    (weights / "bagga_model_1_paper.npz").write_bytes(b"PK\x03\x04 half of a file")
    with pytest.raises(TrainingError, match="cannot be read"):
        kept.kept("bagga_model_1_paper", weights)


def test_nobodys_training_is_overwritten(task: Task) -> None:
    state = task.run / "checkpoint" / "state.npz"
    state.parent.mkdir(parents=True)
    state.write_bytes(b"two epochs of mine")
    with pytest.raises(TrainingError, match=r"a training of your own lies in .*name another --run"):
        NETWORKS["bagga_model_1"].restore(task)
    assert [file.read_bytes() for file in task.run.rglob("*.*")] == [b"two epochs of mine"]


def test_weights_of_another_network_are_refused() -> None:
    model = NETWORKS["bagga_model_1"].build()
    with pytest.raises(TrainingError, match="of another network"):
        kept.fill(model, kept.Kept(model.get_weights()[1:], {}))


@pytest.mark.parametrize("file", sorted(kept.KEPT.glob("*.npz")), ids=lambda file: file.stem)
def test_what_the_repository_keeps_fits_its_network(file: Path) -> None:
    network = next(name for name in NETWORKS if file.stem.removesuffix("_paper") == name)
    kept.fill(NETWORKS[network].build(), kept.kept(file.stem))


@pytest.mark.parametrize("file", sorted(kept.KEPT.glob("*.npz")), ids=lambda file: file.stem)
def test_what_the_repository_keeps_was_trained_by_its_recipe(file: Path) -> None:
    """One of before a recipe was changed is to be trained anew: its card would tell of what the code does not do."""
    recipes = bagga_training.PAPER if file.stem.endswith("_paper") else bagga_training.CLEAN
    told = dict(kept.kept(file.stem).told["recipe"])
    del told["fit"]
    assert told == asdict(recipes[file.stem.removesuffix("_paper")])

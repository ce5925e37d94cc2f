"""A face network comes back from the bundle that carries it."""
# Keras ships no types: what its objects return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

import json
from pathlib import Path

import pytest

from edge.bundle import Bundle
from edge.settings import shipped_bundle
from models.catalog import NETWORKS, Task, TrainingError
from models.face_training import restore_ours
from models.model_card import training_record
from models.restored import restored_face
from tests.fakes.bundles import tiny_bundle

CARDS = Path(__file__).parents[2] / "models" / "cards"


def test_the_shipped_face_says_what_its_float_file_says() -> None:
    """`restored_face` itself asks both, and refuses when they differ."""
    model = restored_face(Bundle.open(shipped_bundle()))
    assert model.count_params() == NETWORKS["face"].parameters


def test_another_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="face network"):
        restored_face(tiny_bundle(tmp_path / "bundle"))


def test_a_trunk_that_somebody_trains_is_not_overwritten(tmp_path: Path) -> None:
    task = Task(
        "face", tmp_path, tmp_path / "face", seed=0, resume=False, epochs=None, command="",
        seen=lambda _done, _note: None, say=lambda _line: None,
    )  # fmt: skip
    (task.run / "deep" / "checkpoint").mkdir(parents=True)
    (task.run / "deep" / "checkpoint" / "state.npz").write_bytes(b"two epochs of mine")
    with pytest.raises(TrainingError, match=r"a training of your own lies in .*deep; name another --run"):
        restore_ours(task, tiny_bundle(tmp_path / "bundle"), {})


def test_a_card_remembers_the_training() -> None:
    record = training_record(CARDS / "face_fer2013.md")
    assert str(record["command"]).startswith("python -m models train face")
    assert json.dumps(record["recipe"])
    assert training_record(CARDS / "nobody.md") == {}

"""Clips change their expression as they say; what follows it leaves its run beside the frame network."""
# Keras ships no types: what its objects return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import json
from pathlib import Path
from typing import Any, cast

import cv2
import keras
import numpy as np
import pytest

from models.catalog import NETWORKS, Task, TrainingError
from models.datasets.fer2013 import Faces
from models.expression_clips import LONGEST, SHORTEST, STEPS, Kind, assembled
from models.faces import face_wide
from models.frame_features import fingerprint, moved, seen
from models.sequence_figures import Judged, compared, smoothed
from models.sequence_training import SequenceRecipe, train

# Keras 3.15 saves a variable through NumPy's old protocol, and NumPy 2 says so.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
_RNG = np.random.default_rng(3)


@pytest.mark.parametrize("kind", ["people", "held"])
def test_a_clip_holds_an_expression_then_shows_another(kind: Kind) -> None:
    labels = np.array([0, 0, 0, 1, 1, 3, 3, 3, 3, 3])
    clips = assembled(labels, 50, 2, kind, np.random.default_rng(0))
    assert np.array_equal(labels[clips.rows], clips.labels)
    assert set(np.unique(clips.views)) == {0, 1}
    for row, said in zip(clips.rows, clips.labels, strict=True):
        edges = np.flatnonzero(np.diff(said)) + 1
        assert len(edges) >= 1
        spans = np.diff(edges)
        assert ((spans >= SHORTEST) & (spans <= LONGEST)).all()
        if kind == "held":
            assert np.array_equal(np.flatnonzero(np.diff(row)) + 1, edges)


def test_one_expression_cannot_change() -> None:
    with pytest.raises(ValueError, match="give faces of two or more"):
        assembled(np.zeros(5, np.int64), 3, 1, "held", _RNG)


def test_the_next_frame_is_nearly_the_same_face() -> None:
    blurred = np.asarray(cv2.GaussianBlur(_RNG.normal(0, 1, (48, 48)), (0, 0), 5)) * 4
    face = np.clip(blurred, -1, 1).astype(np.float32)
    near = moved(face, np.random.default_rng(0))
    assert near.shape == (48, 48)
    assert 0.8 < np.corrcoef(near.ravel(), face.ravel())[0, 1] < 1


def test_smoothing_keeps_a_share_of_the_past() -> None:
    chances = np.zeros((1, 3, 7), np.float32)
    chances[0, [0, 1, 2], [0, 1, 1]] = 1
    assert np.array_equal(smoothed(chances, 0.0), chances)
    assert smoothed(chances, 0.5)[0, 2, :2].tolist() == [0.25, 0.75]


def test_figures_stand_beside_each_other_on_the_same_clips() -> None:
    labels = _RNG.integers(0, 7, (20, STEPS))
    right = np.eye(7, dtype=np.float32)[labels]
    wrong = np.eye(7, dtype=np.float32)[(labels + 1) % 7]
    told = compared(Judged(labels, wrong, right), Judged(labels, wrong, right))
    assert told["GRU"]["accuracy"] == 1.0
    assert told["frame network"]["gru_better_by"] == 1.0
    assert told["frame network"]["gru_better_by_95"] == (1.0, 1.0)


def test_a_cache_cut_short_is_made_anew(tmp_path: Path) -> None:
    face = keras.Input((48, 48, 1), name="face")
    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(face)
    network, cache = tmp_path / "model.keras", tmp_path / "run" / "seen0.npz"
    cast(Any, keras.Model(face, keras.layers.Dense(7, name="logits")(pooled))).save(network)
    images = _RNG.integers(0, 255, (6, 48, 48)).astype(np.uint8)
    faces = Faces(images, np.arange(6), np.zeros(6, np.int64), np.zeros((6, 7), np.float32))
    first = seen(network, faces, cache, seed=0, rough=False)
    whole = cache.read_bytes()
    for share in (0, len(whole) // 2, len(whole) - 1):
        cache.write_bytes(whole[:share])
        again = seen(network, faces, cache, seed=0, rough=False)
        assert np.array_equal(again.features, first.features)
        assert len(cache.read_bytes()) == len(whole)
    assert [path.name for path in cache.parent.iterdir()] == ["seen0.npz"]


def test_a_run_needs_a_frame_network_and_leaves_what_the_exporter_reads(tmp_path: Path) -> None:
    images = _RNG.integers(0, 255, (90, 48, 48)).astype(np.uint8)
    np.savez(
        tmp_path / "fer2013_train_public.npz", images=images, fer_label=np.arange(90) % 7,
        usage=np.array([0] * 60 + [1] * 30),
    )  # fmt: skip
    task = Task(
        network="face_sequence", data=tmp_path, run=tmp_path / "runs" / "face_sequence", seed=0, resume=False, epochs=1,
        command="python -m models train face_sequence", seen=lambda _done, _note: None, say=lambda _line: None,
    )  # fmt: skip
    small = SequenceRecipe(clips=64, batch=32, judged=12)
    with pytest.raises(TrainingError, match="python -m models train face"):
        train(task, small)
    frames = tmp_path / "runs" / "face_wide" / "model.keras"
    frames.parent.mkdir(parents=True)
    cast(Any, face_wide()).save(frames)
    figures = train(task, small)
    assert figures["frame_network"] == "face_wide/model.keras"
    with np.load(task.run / "held.npz") as held:
        assert held["features"].shape == (12, STEPS, 192)
        assert held["labels"].shape == (12,)
    contract = json.loads((task.run / "contract.json").read_text())
    assert len(contract["centre"]) == 192
    assert contract["frame_network_sha256"] == fingerprint(frames)
    page = NETWORKS["face_sequence"].write_card(tmp_path / "runs", tmp_path / "cards").read_text()
    assert "held: GRU" in page
    assert "Nobody's identity is kept" in page

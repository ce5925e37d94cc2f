"""Roughened faces stay faces, and a run leaves what the exporter needs."""

import json
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.flow import EMOTIONS
from models.catalog import NETWORKS, Task, TrainingError
from models.face_augment import GENTLE, Roughness, batch, scaled
from models.face_training import FaceRecipe
from tests.fakes.pictures import stored_faces

# Keras 3.15 saves a variable through NumPy's old protocol, and NumPy 2 says so.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

_RNG = np.random.default_rng(7)
_IMAGES = np.stack(
    [
        np.clip(128 + 700 * np.asarray(cv2.GaussianBlur(_RNG.normal(0, 1, (48, 48)), (0, 0), 4)), 0, 255)
        for _ in range(200)
    ]
).astype(np.uint8)
_TARGETS = np.eye(7, dtype=np.float32)[_RNG.integers(0, 7, 200)]


@pytest.mark.parametrize("side", [40, 48])
def test_batches_are_in_range_and_targets_stay_shares(side: int) -> None:
    inputs, targets = batch(_IMAGES, _TARGETS, np.random.default_rng(0), side, Roughness(mixed=1.0))
    assert inputs.shape == (200, side, side, 1)
    assert inputs.dtype == targets.dtype == np.float32
    assert np.abs(inputs).max() <= 1
    assert targets.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_the_same_seed_makes_the_same_batch() -> None:
    first, second = (batch(_IMAGES[:8], _TARGETS[:8], np.random.default_rng(4), 48, Roughness()) for _ in range(2))
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])


def test_without_roughness_a_face_is_itself_or_its_mirror_image() -> None:
    still = Roughness(
        turn_deg=0, zoom=0, shift=0, shear=0, contrast=0, brightness=0, blurred=0, noisy=0, covered=0, mixed=0
    )
    inputs, _ = batch(_IMAGES, _TARGETS, np.random.default_rng(1), 48, still)
    plain, mirrored = scaled(_IMAGES), scaled(np.ascontiguousarray(_IMAGES[:, :, ::-1]))
    same = np.abs(inputs - plain).max(axis=(1, 2, 3)) < 1e-3
    assert (same | (np.abs(inputs - mirrored).max(axis=(1, 2, 3)) < 1e-3)).all()
    assert 0.3 < same.mean() < 0.7


def test_gentle_batches_are_never_mixed() -> None:
    for seed in range(20):
        _, targets = batch(_IMAGES[:16], _TARGETS[:16], np.random.default_rng(seed), 48, GENTLE)
        assert set(np.unique(targets)) == {0, 1}


def test_a_run_leaves_model_contract_calibration_held_and_card(tmp_path: Path) -> None:
    usage = np.array([0] * 150 + [1] * 50)
    np.savez(tmp_path / "fer2013_train_public.npz", images=_IMAGES, fer_label=_TARGETS.argmax(axis=1), usage=usage)
    run, shares = tmp_path / "run", list[float]()
    figures = NETWORKS["bagga_model_1"].train(
        Task(
            network="bagga_model_1",
            data=tmp_path,
            run=run,
            seed=3,
            resume=False,
            epochs=1,
            command="python -m models train bagga_model_1 --data D --seed 3",
            seen=lambda done, _note: shares.append(done),
            say=lambda _line: None,
        )
    )
    assert shares[-1] == 1.0
    assert (run / "model.keras").exists()
    contract = json.loads((run / "contract.json").read_text())
    assert contract["labels"] == list(EMOTIONS)
    assert (contract["offset"], contract["divisor"]) == (127.5, 127.5)
    assert 0.25 <= contract["temperature"] <= 8
    with np.load(run / "held.npz") as held, np.load(run / "calibration.npz") as calibration:
        assert np.array_equal(held["face"], scaled(_IMAGES[150:]))
        assert held["labels"].shape == (50,)
        assert calibration["face"].shape[1:] == (48, 48, 1)
    card = json.loads((run / "card.json").read_text())
    assert card == json.loads(json.dumps(figures))
    assert card["command"].endswith("--seed 3")
    split = card["split"]
    assert split["learning"] + split["tuning"] + split["exact_copies_left_out"] + split["near_copies_left_out"] == 150


def test_a_trunk_of_another_recipe_is_neither_taken_up_nor_lost(tmp_path: Path) -> None:
    run, resumed = tmp_path / "face", list[str]()
    of = {"recipe": asdict(FaceRecipe(epochs=80)), "seed": 3}
    for name, content in {"model.keras": "80", "recipe.json": "80", "checkpoint/state.npz": "80"}.items():
        (run / "wide" / name).parent.mkdir(parents=True, exist_ok=True)
        (run / "wide" / name).write_text(content)
    (run / "wide" / "checkpoint" / "of.json").write_text(json.dumps(of))
    task = Task(
        network="face", data=stored_faces(tmp_path), run=run, seed=3, resume=True, epochs=2, command="",
        seen=lambda _done, _note: None, say=resumed.append,
    )  # fmt: skip
    with pytest.raises(TrainingError, match=r"epochs 80 instead of 2, .*leave out --resume"):
        NETWORKS["face"].train(task)
    assert (run / "wide" / "model.keras").read_text() == "80"
    assert resumed == []

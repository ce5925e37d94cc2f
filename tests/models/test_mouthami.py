"""The fusion of Mouthami et al. leaves three runs that a device's own arithmetic repeats; its search can be resumed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest
from typer.testing import CliRunner

from edge.inference.tensor_arrays import judge as judge_of
from models import body_steps, tuning
from models.__main__ import app
from models.catalog import NETWORKS, Task, TrainingError
from models.face_sequences import face_sequence
from models.faces import face_wide
from models.mouthami_search import tune
from models.mouthami_training import train
from models.tuning import Choice

# Keras 3.15 saves a variable through NumPy's old protocol, and NumPy 2 says so.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
_RNG = np.random.default_rng(5)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise for faces, ten people whose hearts go faster under stress, an untrained frame network and its follower."""
    place = tmp_path_factory.mktemp("mouthami")
    images = _RNG.integers(0, 255, (120, 48, 48)).astype(np.uint8)
    np.savez(
        place / "fer2013_train_public.npz", images=images, fer_label=np.arange(120) % 7,
        usage=np.array([0] * 90 + [1] * 30),
    )  # fmt: skip
    arrays: dict[str, npt.NDArray[Any]] = {}
    for person in range(10):
        name, seconds = f"S{person:02d}", 410
        state = np.repeat([0, 1, 0, 1], 100).astype(np.int8)
        arrays[f"{name}_label1hz"] = np.concatenate([np.full(10, -1, np.int8), state])
        arrays[f"{name}_HR"] = (70 + 20 * state + _RNG.normal(0, 3, 400)).astype(np.float32)
        arrays[f"{name}_BVP"] = np.zeros(seconds * 64, np.float32)
        arrays[f"{name}_EDA"] = _RNG.random(seconds * 4).astype(np.float32)
        arrays[f"{name}_TEMP"] = np.full(seconds * 4, 33, np.float32)
        arrays[f"{name}_ACC"] = _RNG.integers(-64, 64, (seconds * 32, 3)).astype(np.int8)
    np.savez(place / "stress_predict.npz", **cast(Any, arrays))
    for name, model in (("face_wide", face_wide()), ("face_sequence", face_sequence())):
        (place / "runs" / name).mkdir(parents=True)
        cast(Any, model).save(place / "runs" / name / "model.keras")
    contract = {"centre": [0.0] * 192, "scale": [1.0] * 192}
    (place / "runs" / "face_sequence" / "contract.json").write_text(json.dumps(contract))
    return place


def _task(data: Path) -> Task:
    return Task(
        network="mouthami_fusion", data=data, run=data / "runs" / "mouthami_fusion", seed=0, resume=False, epochs=1,
        command="python -m models train mouthami_fusion", seen=lambda _done, _note: None, say=lambda _line: None,
    )  # fmt: skip


def test_a_step_tells_heart_skin_warmth_and_motion(data: Path) -> None:
    person = body_steps.read(data)[0]
    assert person.values.shape == (200, len(body_steps.NAMES))
    stressed = person.values[person.labels == 1].mean(axis=0)
    calm = person.values[person.labels == 0].mean(axis=0)
    assert stressed[0] - calm[0] == pytest.approx(20, abs=2)
    assert calm[body_steps.NAMES.index("skin_temperature")] == pytest.approx(33)
    cut = body_steps.sequences([person], 30)
    assert cut.values.shape[1:] == (30, 6)
    assert sorted(set(cut.labels.tolist())) == [0, 1]


def test_the_fusion_leaves_what_a_device_repeats_without_scikit_learn(data: Path) -> None:
    figures = train(_task(data))
    rows = cast("dict[str, dict[str, object]]", figures["rows"])
    alone = {"LSTM, face alone", "LSTM, wrist alone"}
    assert set(rows) == {"LSTM with attention", "SVM at the end", "commonest state"} | alone
    for name in ("mouthami_pca", "mouthami_svm"):
        run = data / "runs" / name
        with np.load(run / "tensors.npz") as stored, np.load(run / "held.npz") as held:
            judge = judge_of({key: stored[key] for key in stored.files})
            said = np.stack([judge(row) for row in held["features"][:20]])
            assert np.allclose(said, held["answers"][:20], atol=1e-3)
    page = NETWORKS["mouthami_fusion"].write_card(data / "runs", data / "cards").read_text()
    assert "SVM at the end" in page
    assert "(.92)" in page
    assert "no recordings of a face and a wrist of one person exist" in page


def test_a_search_goes_on_where_it_was_and_training_uses_what_it_found(data: Path, tmp_path: Path) -> None:
    def judge(choice: Choice, fold: int) -> float:
        return choice.dropout + choice.units / 1e4 + fold / 1e6

    def again(trials: int) -> dict[str, Any]:
        found = tuning.search(
            "mouthami_fusion", tmp_path, judge, sampler="random", trials=trials, seed=0, told={"share": 1.0},
            ended=lambda _done, _best: None,
        )  # fmt: skip
        return cast("dict[str, Any]", found["random"])

    first, second = again(2)["tried"], again(5)["tried"]
    assert second[:2] == first
    assert len(second) == 5
    best = max(second, key=lambda one: one["accuracy"])
    picked = tuning.chosen("mouthami_fusion", tmp_path)
    assert (picked.units, picked.dropout, picked.steps) == (best["units"], best["dropout"], best["steps"])
    assert picked.filters == Choice().filters
    # a network that nobody searched is built with what its function says
    assert tuning.chosen("mouthami_face", data) == Choice()


def test_refusals_say_what_would_work(data: Path) -> None:
    with pytest.raises(TrainingError, match="there are mouthami_face, mouthami_fusion"):
        tuning.searchable("wrist")
    with pytest.raises(TrainingError, match="there are random and tpe"):
        tune(
            "mouthami_fusion", data, data / "runs" / "x", trials=1, share=1.0, sampler="grid", epochs=1, seed=0,
            seen=lambda _done, _note: None,
        )  # fmt: skip
    with pytest.raises(TrainingError, match="python -m models train face_sequence"):
        train(replace(_task(data), run=data / "elsewhere" / "mouthami_fusion"))
    told = CliRunner().invoke(app, ["tune", "wrist", "--data", str(data)])
    assert told.exit_code == 2
    told = CliRunner().invoke(app, ["train", "wrist", "--data", str(data), "--protocol", "paper"])
    assert told.exit_code == 2
    told = CliRunner().invoke(app, ["train", "bagga_model_1", "--data", str(data), "--protocol", "rough"])
    assert told.exit_code == 2

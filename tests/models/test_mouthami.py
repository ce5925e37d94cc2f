"""The fusion of Mouthami et al. leaves three runs that a device's own arithmetic repeats; its search can be resumed."""
# Keras ships no types.
# pyright: reportMissingTypeStubs=false

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import keras
import numpy as np
import numpy.typing as npt
import pytest
from typer.testing import CliRunner

from edge.inference.tensor_arrays import judge as judge_of
from models import body_steps, plateau_fit, tuning
from models.__main__ import app
from models.body_steps import BodySteps
from models.catalog import NETWORKS, Task, TrainingError
from models.face_sequences import face_sequence
from models.faces import face_wide
from models.frame_features import fingerprint
from models.mouthami_data import learned_from, sources
from models.mouthami_search import tune
from models.mouthami_training import places_of, train
from models.plateau_fit import PlateauRecipe
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
    frames = fingerprint(place / "runs" / "face_wide" / "model.keras")
    contract = {"centre": [0.0] * 192, "scale": [1.0] * 192, "frame_network_sha256": frames}
    (place / "runs" / "face_sequence" / "contract.json").write_text(json.dumps(contract))
    return place


def _task(data: Path) -> Task:
    return Task(
        network="mouthami_fusion", data=data, run=data / "runs" / "mouthami_fusion", seed=0, resume=False, epochs=1,
        command="python -m models train mouthami_fusion", seen=lambda _done, _note: None, say=lambda _line: None,
    )  # fmt: skip


def untaught(
    build: Callable[[], keras.Model], _learned: object, _judged: object, recipe: PlateauRecipe, _seed: int, *,
    ended: Callable[[int, dict[str, float]], None] = lambda _epoch, _seen: None, **_backup: object,
) -> keras.Model:  # fmt: skip
    for epoch in range(recipe.epochs):
        ended(epoch + 1, {"loss": 0.0})
    return build()


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


def test_nobody_in_one_state_for_long_enough_is_said_in_a_sentence() -> None:
    restless = BodySteps("S00", np.zeros((200, 6), np.float32), np.arange(200) // 40 % 2)
    assert len(body_steps.sequences([restless], 30).labels)
    with pytest.raises(TrainingError, match=r"for 70 steps \(140 s\)"):
        body_steps.sequences([restless], 70)


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
        return cast("dict[str, Any]", found["random, share 1.0"])

    first, second = again(2)["tried"], again(5)["tried"]
    assert second[:2] == first
    assert len(second) == 5
    best = max(second, key=lambda one: one["accuracy"])
    picked = tuning.chosen("mouthami_fusion", tmp_path)
    assert (picked.units, picked.dropout, picked.steps) == (best["units"], best["dropout"], best["steps"])
    assert picked.filters == Choice().filters
    # a network that nobody searched is built with what its function says
    assert tuning.chosen("mouthami_face", data) == Choice()


def test_a_search_worth_less_replaces_none(tmp_path: Path) -> None:
    def search(value: float, trials: int, **told: object) -> Choice:
        tuning.search(
            "mouthami_face", tmp_path, lambda choice, _fold: value + choice.filters / 1e4, sampler="tpe", seed=0,
            trials=trials, told=told, ended=lambda _done, _best: None,
        )  # fmt: skip
        return tuning.chosen("mouthami_face", tmp_path, "these")

    good = search(0.60, 3, share=0.5, epochs=10, data="these")
    assert good.filters != Choice().filters
    assert search(0.90, 1, share=0.001, epochs=10, data="these") == good
    assert search(0.90, 1, share=0.5, epochs=1, data="these") == good
    assert search(0.90, 1, share=1.0, epochs=90, data="others") == good
    held = tuning.found(tmp_path)
    assert sorted(one["trials"] for one in held.values()) == [1, 1, 1, 3]
    assert search(0.10, 1, share=0.6, epochs=1, data="these") != good
    # what was never searched of these data has the best of others
    assert tuning.chosen("mouthami_face", tmp_path, "unknown") == tuning.chosen("mouthami_face", tmp_path, "others")


@pytest.mark.parametrize("network", ["mouthami_face", "mouthami_fusion"])
def test_a_search_says_of_which_data_it_was(data: Path, monkeypatch: pytest.MonkeyPatch, network: str) -> None:
    monkeypatch.setattr(plateau_fit, "fit", untaught)
    run = data / "runs" / f"search_{network}"
    # this seed draws 30 steps; these people stay in no state for 70
    found = tune(
        network, data, run, trials=1, share=0.001, sampler="random", epochs=1, seed=5, seen=lambda _done, _note: None
    )
    (entry,) = cast("dict[str, dict[str, Any]]", found).values()
    assert entry["data"] == tuning.checksum(learned_from(network, data, data / "runs"))
    assert 0 <= entry["accuracy"] <= 1


def test_half_of_what_a_search_left_is_refused_before_anything_is_tried(tmp_path: Path) -> None:
    (tmp_path / "search.json").write_text('{"tpe')
    with pytest.raises(TrainingError, match=r"search\.json cannot be read"):
        tuning.chosen("mouthami_fusion", tmp_path)
    with pytest.raises(TrainingError, match="delete it, and tune again"):
        tuning.search(
            "mouthami_fusion", tmp_path, lambda _choice, _fold: pytest.fail("it was tried"), sampler="random", trials=1,
            seed=0, told={}, ended=lambda _done, _best: None,
        )  # fmt: skip


def test_a_checksum_tells_data_apart(tmp_path: Path) -> None:
    for name, words in (("one", b"a"), ("same", b"a"), ("other", b"b")):
        (tmp_path / name).write_bytes(words)
    one, same, other = (tuning.checksum([tmp_path / name]) for name in ("one", "same", "other"))
    assert one == same != other


@pytest.mark.parametrize("contract", [{}, {"frame_network_sha256": "of another"}])
def test_a_gru_that_followed_another_frame_network_is_refused(
    data: Path, tmp_path: Path, contract: dict[str, str]
) -> None:
    for name in ("face_wide", "face_sequence"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.keras").write_bytes(b"weights")
    (tmp_path / "face_sequence" / "contract.json").write_text(json.dumps({"centre": [], "scale": []} | contract))
    with pytest.raises(TrainingError, match="train face_sequence again"):
        sources(data, tmp_path)


@pytest.mark.parametrize(
    ("network", "run", "beside"),
    [
        ("fusion", "runs/mouthami_fusion", {"pca": "runs/mouthami_pca", "svm": "runs/mouthami_svm"}),
        ("fusion", "runs/try", {"pca": "runs/try_pca", "svm": "runs/try_svm"}),
        ("svm", "runs/mouthami_svm", {"fusion": "runs/mouthami_fusion", "pca": "runs/mouthami_pca"}),
        ("svm", "runs/try", {"fusion": "runs/try_fusion", "pca": "runs/try_pca"}),
        ("pca", "try", {"fusion": "try_fusion", "svm": "try_svm"}),
    ],
)
def test_what_was_asked_for_goes_where_it_was_asked_to(
    data: Path, network: str, run: str, beside: dict[str, str]
) -> None:
    task = replace(_task(data), network=f"mouthami_{network}", run=Path(run))
    wanted = {f"mouthami_{name}": Path(place) for name, place in (beside | {network: run}).items()}
    assert places_of(task) == wanted
    with pytest.raises(TrainingError, match="give another name"):
        places_of(replace(task, run=Path("runs/mouthami")))


def test_a_try_leaves_what_is_there_alone_and_its_progress_never_goes_back(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plateau_fit, "fit", untaught)
    for name in ("fusion", "pca", "svm"):
        (data / "runs" / f"mouthami_{name}").mkdir(exist_ok=True)
    before = {path: path.stat().st_mtime_ns for path in data.glob("runs/mouthami_*/**/*")}
    shares: list[float] = []

    def seen(done: float, _note: str) -> None:
        shares.append(done)

    train(replace(_task(data), run=data / "runs" / "try", epochs=2, seen=seen))
    assert {path: path.stat().st_mtime_ns for path in data.glob("runs/mouthami_*/**/*")} == before
    for file in ("try/model.keras", "try/card.json", "try_pca/tensors.npz", "try_svm/tensors.npz"):
        assert (data / "runs" / file).exists()
    assert shares == pytest.approx([number / 6 for number in range(1, 7)])


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

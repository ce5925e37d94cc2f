"""The head adds evidence: more from the wrist is never less stress, no face is a veto, either may be absent."""

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.flow import EMOTIONS
from models.catalog import Task
from models.datasets import DatasetError
from models.fusion import TENSE, Pairs, label_matched, late_fusion, with_dropout
from models.fusion_training import chosen, halves, logits, read, train

# Keras 3.15 saves a variable through NumPy's old protocol, and NumPy 2 says so.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

_RNG = np.random.default_rng(0)
_SMILE = np.eye(7, dtype=np.float32)[[EMOTIONS.index("happy")]] * 0.9 + np.float32(0.1 / 7)


def _said(directory: Path) -> None:
    """Two networks' answers, made up: calibrated, and right about as often as real ones."""
    (directory / "face").mkdir()
    (directory / "wrist").mkdir()
    emotions = _RNG.integers(0, 7, 1500)
    face = _RNG.normal(0, 1, (1500, 7)).astype(np.float32)
    face[np.arange(1500), emotions] += 1.5
    np.savez(directory / "face" / "tuning.npz", logits=face, labels=emotions)
    (directory / "face" / "contract.json").write_text(json.dumps({"temperature": 1.0}))
    said = _RNG.normal(0, 1.5, 3000)
    probability = 1 / (1 + np.exp(-said))
    stress = (_RNG.random(3000) < probability).astype(np.int64)
    subject = np.array([f"S{row // 200:02d}" for row in range(3000)])
    np.savez(directory / "wrist" / "oof.npz", probability=probability, label=stress, subject=subject)
    (directory / "wrist" / "contract.json").write_text(json.dumps({"threshold": 0.42}))


def _task(directory: Path) -> Task:
    return Task(
        network="fusion",
        data=directory,
        run=directory / "fusion",
        seed=0,
        resume=False,
        epochs=None,
        command="python -m models train fusion --data D --seed 0",
        seen=lambda _done, _note: None,
        say=lambda _line: None,
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("runs")
    _said(directory)
    train(_task(directory))
    return directory / "fusion"


@pytest.fixture(scope="module")
def head(trained: Path) -> Any:
    keras: Any = importlib.import_module("keras")
    return keras.saving.load_model(trained / "model.keras", compile=False)


def _pairs(face: Any, wrist: Any, *, present: tuple[float, float] = (1.0, 1.0)) -> Pairs:
    wrist = np.asarray(wrist, np.float32).reshape(-1, 1)
    rows = len(wrist)
    return Pairs(
        np.repeat(face, rows, axis=0), wrist, np.tile(np.array([present], np.float32), (rows, 1)), np.zeros(rows, int)
    )


def test_more_from_the_wrist_is_never_less_stress(head: Any) -> None:
    wrist = np.linspace(-8, 8, 50)
    for face in (_SMILE, *(np.eye(7, dtype=np.float32)[[i]] for i in range(7))):
        assert (np.diff(logits(head, _pairs(face, wrist))) > 0).all()


def test_a_smile_lowers_but_does_not_veto_a_clear_wrist(head: Any) -> None:
    sure = float(np.log(0.95 / 0.05))
    smiling = logits(head, _pairs(_SMILE, [sure]))[0]
    assert 0 < smiling < sure


def test_the_wrist_alone_keeps_about_its_own_probability(head: Any) -> None:
    wrist = np.linspace(-3, 3, 13)
    said = logits(head, _pairs(np.zeros((1, 7), np.float32), wrist, present=(0.0, 1.0)))
    assert np.abs(1 / (1 + np.exp(-said)) - 1 / (1 + np.exp(-wrist))).max() < 0.06


def test_card_shows_the_head_no_worse_than_the_better_single_modality(trained: Path) -> None:
    card = json.loads((trained / "card.json").read_text())
    both, wrist, face = (card["held"][name]["head"]["auc"] for name in ("both", "wrist", "face"))
    assert both > max(wrist, face)
    assert wrist == pytest.approx(card["held"]["wrist_itself"]["auc"])
    assert "label-matched" in card["pairing"]


def test_the_contract_holds_what_the_card_says_was_chosen(trained: Path) -> None:
    card, piece = (json.loads((trained / name).read_text()) for name in ("card.json", "contract.json"))
    choice, held = card["chosen"], card["held"]["both"]
    assert choice["late_gain"] == pytest.approx(held["late"]["accuracy"] - held["head"]["accuracy"])
    assert piece.get("kind", "head") == choice["kind"]
    assert ("late" in piece) == (choice["kind"] == "late")
    assert choice["kind"] == ("late" if choice["interval"][0] > 0 else "head")
    assert "so the" in choice["why"]


@pytest.mark.parametrize(
    ("better", "worse", "kind", "why"),
    [
        (20, 0, "late", "two experts are chosen"),
        (0, 20, "head", "beyond chance, so the head is chosen"),
        (11, 9, "head", "may be chance, so the head stays"),
        (9, 11, "head", "may be chance, so the head stays"),
    ],
)
def test_experts_are_chosen_where_they_are_better_by_more_than_chance(
    better: int, worse: int, kind: str, why: str
) -> None:
    """Of 20 people, one in ten windows of so many is told rightly by one alone."""
    rows = np.arange(4000)
    people, labels = rows % 20, rows // 20 % 2
    odd = rows // 20 % 10 == 0
    sides = (2 * labels - 1).astype(np.float32)
    held = Pairs(np.zeros((4000, 7), np.float32), sides[:, None], np.ones((4000, 2), np.float32), labels, people)
    head = np.where(odd & (people < better), -sides, sides)
    late = np.where(odd & (people >= 20 - worse), -sides, sides)
    choice = chosen(head, late, held)
    assert choice.kind == kind
    assert why in choice.why
    assert choice.late_gain == pytest.approx((better - worse) / 200)
    assert choice.interval[0] <= choice.late_gain + 1e-9


def test_threshold_is_the_wrists(trained: Path) -> None:
    assert json.loads((trained / "contract.json").read_text())["threshold"] == 0.42


def test_run_leaves_calibration_and_held_rows_named_like_the_inputs(trained: Path) -> None:
    with np.load(trained / "calibration.npz") as calibration, np.load(trained / "held.npz") as held:
        assert set(calibration.files) == {"face", "wrist", "present"}
        assert set(held.files) == {"face", "wrist", "present", "labels"}


def test_pairs_agree_as_often_as_told() -> None:
    faces = np.eye(7, dtype=np.float32)
    stress = np.array([0, 1] * 50)
    pairs = label_matched(faces, np.arange(7), np.zeros(100, np.float32), stress, count=20_000, agreement=0.7, rng=_RNG)
    tense = np.isin(pairs.face.argmax(axis=1), [EMOTIONS.index(name) for name in TENSE])
    assert np.mean(tense == (pairs.labels == 1)) == pytest.approx(0.7, abs=0.02)


@pytest.mark.parametrize("agreement", [0.4, 1.0])
def test_an_agreement_that_makes_no_sense_is_refused(agreement: float) -> None:
    with pytest.raises(ValueError, match="and below 1"):
        label_matched(
            np.eye(7, dtype=np.float32),
            np.arange(7),
            np.zeros(2, np.float32),
            np.array([0, 1]),
            count=1,
            agreement=agreement,
            rng=_RNG,
        )


def test_dropout_leaves_somebody_present_and_nothing_of_the_absent() -> None:
    shown = with_dropout(_pairs(_SMILE, np.ones(5000)), _RNG)
    assert (shown.present.sum(axis=1) >= 1).all()
    assert shown.present.mean(axis=0) == pytest.approx([0.75, 0.75], abs=0.03)
    assert not shown.face[shown.present[:, 0] == 0].any()
    assert not shown.wrist[shown.present[:, 1] == 0].any()


def test_late_fusion_without_a_face_is_the_wrist() -> None:
    pairs = _pairs(_SMILE, [-1.0, 2.0]).with_only(face=False, wrist=True)
    assert late_fusion(pairs, 0.4, 0.7, 0.5) == pytest.approx([-1, 2])


def test_late_fusion_bounds_what_a_face_may_say() -> None:
    most = np.log(0.7 / 0.3)
    said = late_fusion(_pairs(_SMILE, [0.0]), 0.4, 0.7, 0.5)[0]
    assert -most <= said < 0


def test_missing_runs_are_named_with_the_command_that_makes_them(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="python -m models train face"):
        train(_task(tmp_path))


@pytest.mark.parametrize("told", [True, False])
def test_copies_of_one_face_are_on_one_side(tmp_path: Path, told: bool) -> None:
    _said(tmp_path)
    with np.load(tmp_path / "face" / "tuning.npz") as held:
        picture = np.arange(1500) % 400
        logits, labels = held["logits"][picture], held["labels"][picture]
    copies: dict[str, Any] = {"alike": picture} if told else {}
    np.savez(tmp_path / "face" / "tuning.npz", logits=logits, labels=labels, **copies)
    learn, judge = halves(read(tmp_path / "face", tmp_path / "wrist"), 0)
    assert not {row.tobytes() for row in learn.faces} & {row.tobytes() for row in judge.faces}
    assert 500 < len(learn.faces) < 1000
    assert len(learn.faces) + len(judge.faces) == 1500


def test_a_run_cut_short_is_refused(tmp_path: Path) -> None:
    _said(tmp_path)
    tuning = tmp_path / "face" / "tuning.npz"
    tuning.write_bytes(tuning.read_bytes()[:1000])
    with pytest.raises(DatasetError, match="holds no whole run"):
        train(_task(tmp_path))

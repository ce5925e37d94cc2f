"""Hegh's networks learn from what their protocols allow, with generated examples of the scarce classes and without."""

# Keras ships no types: what its objects return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import cv2
import keras
import numpy as np
import numpy.typing as npt
import pytest

from models.catalog import NETWORKS, Task, TrainingError
from models.datasets.stress_predict import HeartRates, heart_rates
from models.gan_training import Adversaries
from models.heart_windows import HOP_S, STATISTICS, STEPS, WINDOW_S, windows
from models.hegh_data import Examples, at_random, divided_people, lacking, matched, paired, telling
from models.hegh_parts import Material, material
from models.training import Batch, Recipe

# Keras 3.15 saves a variable through NumPy's old protocol, and NumPy 2 says so.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
_RNG = np.random.default_rng(7)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Blurred noise for faces, eight people whose hearts go faster under stress."""
    place = tmp_path_factory.mktemp("hegh")
    _write_faces(place)
    _write_hearts(place)
    return place


def _write_faces(place: Path, kinds: int = 7) -> None:
    rng = np.random.default_rng(7)
    images = [
        np.clip(128 + 700 * np.asarray(cv2.GaussianBlur(rng.normal(0, 1, (48, 48)), (0, 0), 4)), 0, 255)
        for _ in range(240)
    ]
    labels = np.concatenate([np.arange(7), rng.choice(7, 233, p=[0.1, 0.02, 0.1, 0.4, 0.14, 0.1, 0.14])]) % kinds
    np.savez(
        place / "fer2013_train_public.npz", images=np.stack(images).astype(np.uint8), fer_label=labels,
        usage=np.array([0] * 190 + [1] * 50),
    )  # fmt: skip


def _write_hearts(place: Path, states: Sequence[int] = (0, 1, 0), seconds: int = 150) -> None:
    rng = np.random.default_rng(7)
    arrays: dict[str, npt.NDArray[Any]] = {}
    for person in range(8):
        state = np.repeat(states, seconds).astype(np.int8)
        arrays[f"S{person:02d}_label1hz"] = np.concatenate([np.full(10, -1, np.int8), state])
        arrays[f"S{person:02d}_HR"] = (70 + 20 * state + rng.normal(0, 3, len(state))).astype(np.float32)
    np.savez(place / "stress_predict.npz", **cast(Any, arrays))


def _task(data: Path, network: str, protocol: str = "clean") -> Task:
    return Task(
        network=network, data=data, run=data / "runs" / NETWORKS[network].run(protocol), seed=0, resume=True, epochs=1,
        command=f"python -m models train {network}", seen=lambda _done, _note: None, say=lambda _line: None,
        protocol=protocol,
    )  # fmt: skip


@contextmanager
def _unlearned() -> Generator[None, None, None]:
    """Generators and networks are built and not trained; they are told of as if they were."""

    def generator(
        both: Adversaries, _real: object, _named: object, _origin: object, _run: Path, seen: Callable[[float], None],
        **_: object,
    ) -> keras.Model:  # fmt: skip
        seen(0.5)
        seen(1.0)
        return both.generator(both.classes)

    def fit(
        build: Callable[[], keras.Model], batches: Callable[[int], Iterator[Batch]], recipe: Recipe, *_: object,
        seen: Callable[[int, int, float], None], **__: object,
    ) -> keras.Model:  # fmt: skip
        model = build()
        assert next(batches(0))[1].shape[1:] == model.output_shape[1:]
        seen(0, 0, 1.0)
        seen(recipe.epochs - 1, recipe.steps - 1, 1.0)
        return model

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.hegh_parts.train_gan", generator)
        patch.setattr("models.training.fit", fit)
        yield


@pytest.fixture
def unlearned() -> Generator[None, None, None]:
    with _unlearned():
        yield


@dataclass(frozen=True)
class _Run:
    run: Path
    card: Mapping[str, Any]
    shares: list[float]


@pytest.fixture(scope="module")
def hybrid(data: Path) -> _Run:
    """A run of the hybrid as the paper divides."""
    shares = list[float]()

    def seen(done: float, _note: str) -> None:
        shares.append(done)

    task = replace(_task(data, "hegh_hybrid", "paper"), run=data / "hybrid" / "hegh_hybrid_paper", seen=seen)
    with _unlearned():
        return _Run(task.run, NETWORKS["hegh_hybrid"].train(task), shares)


def test_heart_rates_begin_when_their_labels_do(data: Path) -> None:
    person = heart_rates(data)[0]
    assert len(person.bpm) == len(person.labels) == 450
    assert person.bpm[person.labels == 1].mean() > person.bpm[person.labels == 0].mean() + 15


def test_windows_stay_in_one_state_and_are_scaled_and_told() -> None:
    bpm = np.linspace(60, 120, 200).astype(np.float32)
    bpm[20] = np.nan
    labels = np.array([0] * 100 + [1] * 90 + [-1] * 10, np.int8)
    cut = windows([HeartRates("S01", bpm, labels)])
    # starts 30 (seconds 21 to 99), then 105 and 120 of the other state; HOP_S apart, none over an edge
    assert cut.labels.tolist() == [0, 1, 1]
    assert cut.sequences.shape == (3, STEPS)
    assert cut.statistics.shape == (3, STATISTICS)
    assert cut.sequences.min(axis=1).tolist() == [0, 0, 0]
    assert cut.sequences.max(axis=1).tolist() == [1, 1, 1]
    assert cut.statistics[0, 0] == pytest.approx(bpm[30:90].mean(), abs=1e-3)
    assert (WINDOW_S, HOP_S) == (60, 15)


def test_hearts_without_a_whole_window_are_refused() -> None:
    with pytest.raises(TrainingError, match=r"nobody's heart rate is labelled here; .*stress_predict.npz"):
        windows([])
    bpm, labels = np.full(100, 70, np.float32), np.repeat([0, 1], 50).astype(np.int8)
    with pytest.raises(TrainingError, match="none of 1 people has 60 s of heart rate in one state"):
        windows([HeartRates("S01", bpm, labels)])


def test_nobody_is_learned_from_and_judged() -> None:
    people = tuple(f"S{n % 9}" for n in range(90))
    sides = [{people[int(row)] for row in rows} for rows in divided_people(people, 0)]
    assert not sides[0] & sides[1]
    assert not sides[2] & (sides[0] | sides[1])
    assert sides[0] | sides[1] | sides[2] == set(people)


def test_the_scarcest_classes_are_filled_up() -> None:
    labels = np.array([0] * 50 + [1] * 40 + [2] * 10)
    wanted = lacking(labels)
    assert len(wanted) == 20
    assert set(wanted) == {2}
    assert sorted(np.concatenate(at_random(100, 3)).tolist()) == list(range(100))


def test_pairs_are_of_one_state() -> None:
    faces, hearts = np.array([0, 1, 2, 3, 4, 5, 6]), np.array([0, 0, 1, 1])
    assert hearts[matched(faces, hearts, 0)].tolist() == [1, 1, 1, 0, 1, 0, 0]


def test_a_pair_goes_with_the_person_of_its_heart() -> None:
    names = tuple(f"face {n}" for n in range(7))
    faces = Examples((np.zeros((7, 48, 48), np.uint8),), np.arange(7), names)
    hearts = Examples((np.zeros((4, STEPS, 1)),), np.array([0, 0, 1, 1]), ("S01", "S02", "S03", "S04"))
    pairs = paired(faces, hearts, 0)
    drawn = matched(faces.labels, hearts.labels, 0)
    assert pairs.people == tuple(hearts.people[int(row)] for row in drawn)
    assert pairs.faces == names
    few = pairs.take(np.array([6, 2]))
    assert (few.people, few.faces) == ((pairs.people[6], pairs.people[2]), ("face 6", "face 2"))


def test_calibration_sees_how_far_each_statistic_reaches() -> None:
    statistics = _RNG.normal(size=(5000, 8)).astype(np.float32)
    faces = _RNG.integers(0, 255, (5000, 4, 4), np.uint8)
    told = statistics[telling(Examples((faces, statistics), np.zeros(5000, np.int64), ("S01",) * 5000), 64)]
    assert len(told) == 64
    assert np.array_equal(told.min(axis=0), statistics.min(axis=0))
    assert np.array_equal(told.max(axis=0), statistics.max(axis=0))
    alone = telling(Examples((faces,), np.zeros(5000, np.int64), ("S01",) * 5000), 64)
    assert len(set(alone.tolist())) == 64


def test_progress_never_goes_back(hybrid: _Run) -> None:
    assert hybrid.shares == sorted(hybrid.shares)
    assert hybrid.shares[:4] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert hybrid.shares[-1] == pytest.approx(1.0)


def test_each_row_has_the_commonest_class_of_its_own_test(hybrid: _Run) -> None:
    without, fuller = (hybrid.card["rows"][way] for way in ("without GAN", "with GAN"))
    assert without["n"] < fuller["n"]
    for row in (without, fuller):
        assert row["majority"]["accuracy"] == pytest.approx(np.sum(row["confusion"], axis=1).max() / row["n"])
    assert without["majority"] != fuller["majority"]


def test_a_card_tells_of_one_run_and_shows_its_pictures(hybrid: _Run, tmp_path: Path) -> None:
    assert (hybrid.run / "hearts.svg").exists()
    assert hybrid.card["rows"]["without GAN"]["people"] <= 8 < hybrid.card["rows"]["without GAN"]["n"]
    runs, cards = tmp_path / "runs", tmp_path / "cards"
    for place in (runs / "hegh_hybrid", runs / "hegh_gan_clean_0", runs / "hegh_hybrid_try"):
        place.mkdir(parents=True)
        (place / "hearts.svg").write_text(place.name)
    (runs / "hegh_hybrid" / "card.json").write_text(json.dumps({**hybrid.card, "protocol": "clean"}))
    page = NETWORKS["hegh_hybrid"].write_card(runs, cards).read_text()
    assert (cards / "hegh_gan_hearts.svg").read_text() == "hegh_hybrid"
    assert "Hearts (hegh_hybrid, seed 0)" in page
    for way in ("without GAN", "with GAN"):
        row = hybrid.card["rows"][way]
        told = next(line for line in page.splitlines() if line.startswith(f"| hegh_hybrid {way}: commonest class"))
        assert f"| {row['majority']['accuracy']:.3f} |" in told
        assert told.endswith(f"| {row['n']} |")
    assert "pairs too go together by the person whose heart they have" in page
    assert f"{hybrid.card['rows']['without GAN']['people']} people's hearts" in page


def test_only_what_a_network_needs_is_read(tmp_path: Path, unlearned: None) -> None:
    for network, write, has in (("hegh_heart", _write_hearts, "hearts"), ("hegh_face", _write_faces, "faces")):
        (place := tmp_path / network).mkdir()
        write(place)
        used = material(_task(place, network), 1)
        assert [kind for kind in ("faces", "hearts") if len(getattr(used, kind))] == [has]
        assert set(used.parts(network, generated=True).learning.labels) == set(range(2 if has == "hearts" else 7))


def test_an_absent_class_is_told_before_a_generator_learns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def learned(*_: object, **__: object) -> None:
        pytest.fail("a generator began to learn")

    monkeypatch.setattr("models.hegh_parts.train_gan", learned)
    _write_faces(tmp_path, kinds=6)
    _write_hearts(tmp_path, states=(0, 0))
    for protocol in ("clean", "paper"):
        with pytest.raises(TrainingError, match="faces to learn from none is neutral"):
            NETWORKS["hegh_face"].train(_task(tmp_path, "hegh_face", protocol))
        with pytest.raises(TrainingError, match="windows of heart rate to learn from none is stress"):
            NETWORKS["hegh_heart"].train(_task(tmp_path, "hegh_heart", protocol))
    with pytest.raises(TrainingError, match="nobody's heart rate is labelled"):
        NETWORKS["hegh_heart"].train(replace(_task(tmp_path, "hegh_heart"), data=tmp_path / "fer2013_train_public.npz"))


def test_a_run_learns_twice_and_the_card_tells_what_is_missing(data: Path) -> None:
    task = _task(data, "hegh_heart", "clean")
    figures = NETWORKS["hegh_heart"].train(replace(task, resume=False))
    assert json.loads((task.run / "card.json").read_text()) == json.loads(json.dumps(figures))
    with np.load(task.run / "held.npz") as held, np.load(task.run / "calibration.npz") as calibration:
        assert {name: held[name].shape[1:] for name in held.files if name != "labels"} == dict(
            NETWORKS["hegh_heart"].inputs
        )
        assert set(calibration.files) == set(held.files)
    page = NETWORKS["hegh_heart"].write_card(data / "runs", data / "cards").read_text()
    assert "hegh_heart with GAN" in page
    assert "hegh_face: not trained" in page
    assert (data / "cards" / "hegh_gan_hearts.svg").read_bytes() == (task.run / "hearts.svg").read_bytes()
    assert not [*data.glob("runs/hegh_gan_clean_0/*.svg")]
    assert [*data.glob("runs/hegh_gan_clean_0/hearts/*/origin.json")]


def test_under_the_papers_protocol_generated_examples_are_judged_by_too() -> None:
    faces = Examples((_RNG.integers(0, 255, (50, 48, 48), np.uint8),), np.arange(50) % 7, ("real",) * 50)
    hearts = Examples((_RNG.random((40, STEPS, 1)), _RNG.random((40, 8))), np.arange(40) % 2, ("S01",) * 40)
    more = Examples((_RNG.integers(0, 255, (10, 48, 48), np.uint8),), np.arange(10) % 7, ("made",) * 10)
    beats = Examples((_RNG.random((8, STEPS, 1)), _RNG.random((8, 8))), np.arange(8) % 2, ("made",) * 8)
    rows = (np.arange(30), np.arange(30, 40), np.arange(40, 50))
    hours = (np.arange(24), np.arange(24, 32), np.arange(32, 40))
    used = Material(faces, hearts, more, beats, "paper", 0, rows, hours, 0)
    leaky = used.parts("hegh_face", generated=True)
    assert sum(name == "made" for name in leaky.test.people + leaky.tuning.people) > 0
    clean = replace(used, protocol="clean").parts("hegh_hybrid", generated=True)
    assert "made" not in clean.test.people + clean.tuning.people
    assert len(clean.learning) == 40
    assert [len(each.shape) for each in clean.test.inputs] == [3, 3, 2]
    assert abs(used.parts("hegh_heart", generated=False).learning.inputs[1].mean()) < 1e-6

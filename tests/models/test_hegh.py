"""Hegh's networks learn from what their protocols allow, with generated examples of the scarce classes and without."""

# Keras ships no types: what its objects return is unknown to the checker.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import cv2
import keras
import numpy as np
import numpy.typing as npt
import pytest

from models import gan
from models.catalog import NETWORKS, Task, TrainingError
from models.datasets.stress_predict import HeartRates, heart_rates
from models.gan_training import Adversaries, GanRecipe, made
from models.gan_training import train as train_gan
from models.heart_windows import HOP_S, STATISTICS, STEPS, WINDOW_S, windows
from models.hegh_data import Examples, at_random, divided_people, lacking, matched
from models.hegh_parts import Material

# Keras 3.15 saves a variable through NumPy's old protocol, and NumPy 2 says so.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
_RNG = np.random.default_rng(7)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Blurred noise for faces, eight people whose hearts go faster under stress."""
    place = tmp_path_factory.mktemp("hegh")
    images = [
        np.clip(128 + 700 * np.asarray(cv2.GaussianBlur(_RNG.normal(0, 1, (48, 48)), (0, 0), 4)), 0, 255)
        for _ in range(240)
    ]
    labels = np.concatenate([np.arange(7), _RNG.choice(7, 233, p=[0.1, 0.02, 0.1, 0.4, 0.14, 0.1, 0.14])])
    np.savez(
        place / "fer2013_train_public.npz", images=np.stack(images).astype(np.uint8), fer_label=labels,
        usage=np.array([0] * 190 + [1] * 50),
    )  # fmt: skip
    arrays: dict[str, npt.NDArray[Any]] = {}
    for person in range(8):
        state = np.repeat([0, 1, 0], 150).astype(np.int8)
        arrays[f"S{person:02d}_label1hz"] = np.concatenate([np.full(10, -1, np.int8), state])
        arrays[f"S{person:02d}_HR"] = (70 + 20 * state + _RNG.normal(0, 3, 450)).astype(np.float32)
    np.savez(place / "stress_predict.npz", **cast(Any, arrays))
    return place


def _task(data: Path, network: str, protocol: str) -> Task:
    return Task(
        network=network, data=data, run=data / "runs" / NETWORKS[network].run(protocol), seed=0, resume=True, epochs=1,
        command=f"python -m models train {network}", seen=lambda _done, _note: None, say=lambda _line: None,
        protocol=protocol,
    )  # fmt: skip


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


@pytest.mark.parametrize(
    ("network", "parameters"),
    [
        (gan.face_generator(7), 510_337),
        (gan.face_judge(7), 188_129),
        (gan.heart_generator(2), 19_265),
        (gan.heart_judge(2), 17_473),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_generators_and_judges_have_their_parameters(network: object, parameters: int) -> None:
    assert getattr(network, "count_params")() == parameters  # noqa: B009 - Keras ships no types


def _small(noise: int, size: int) -> Adversaries:
    """A generator and a judge of one layer each."""
    inputs = [keras.Input((width,), name=name) for name, width in (("noise", noise), ("class", 2), ("row", size))]
    wanted = keras.layers.Concatenate(name="wanted")(inputs[:2])
    generator = keras.Model(inputs[:2], keras.layers.Dense(size, "sigmoid", name="made")(wanted))
    said = keras.layers.Concatenate(name="said")([inputs[2], inputs[1]])
    judge = keras.Model([inputs[2], inputs[1]], keras.layers.Dense(1, name="real")(said))
    return Adversaries(generator, judge, (noise,), 2)


def test_a_generator_broken_off_goes_on_and_one_that_is_ready_stays(tmp_path: Path) -> None:
    real = _RNG.random((24, 5)).astype(np.float32)
    named = np.eye(2, dtype=np.float32)[np.arange(24) % 2]

    def learned(both: Adversaries, epochs: int, run: str) -> npt.NDArray[np.float32]:
        generator = train_gan(
            both, real, named, GanRecipe(epochs, batch=12), tmp_path / run, 0, lambda done: shares.append(done)
        )
        return made(generator, both.noise, named, 0)

    shares = list[float]()
    first = learned(_small(3, 5), 1, "broken")
    assert shares[-1] == 1.0
    second = learned(_small(3, 5), 2, "broken")
    assert not np.array_equal(first, second)
    shares.clear()
    assert np.array_equal(learned(_small(3, 5), 2, "broken"), second)
    assert shares == []
    with pytest.raises(TrainingError, match="other networks"):
        learned(_small(4, 5), 1, "broken")


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
    assert (data / "cards" / "hegh_gan_hearts.svg").exists()


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

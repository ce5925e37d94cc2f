"""Both protocols divide as they say, and a run leaves what the exporter and the card need."""

import json
from pathlib import Path

import numpy as np
import pytest

from edge.flow import EMOTIONS
from models.catalog import NETWORKS, Task, TrainingError
from models.datasets import fer2013
from models.face_augment import scaled
from models.face_division import divided
from models.leaky_protocol import leaky_split, oversampled
from tests.fakes.pictures import IMAGES, LABELS, stored_faces

# Keras 3.15 saves a variable through NumPy's old protocol, and NumPy 2 says so.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    return stored_faces(tmp_path)


def _task(data: Path, protocol: str, shares: list[float]) -> Task:
    return Task(
        network="bagga_model_1", data=data, run=data / "runs" / f"bagga_model_1_{protocol}", seed=3, resume=False,
        epochs=1, command="python -m models train bagga_model_1 --data D --seed 3",
        seen=lambda done, _note: shares.append(done), say=lambda _line: None, protocol=protocol,
    )  # fmt: skip


def test_oversampling_keeps_every_row_and_evens_the_classes() -> None:
    labels = np.array([0] * 10 + [1] * 3 + [2])
    rows = oversampled(labels, 0)
    assert np.bincount(labels[rows]).tolist() == [10, 10, 10]
    assert set(rows) == set(range(14))


def test_the_papers_division_leaks_as_much_as_it_says() -> None:
    labels = np.array([0] * 500 + [1] * 100)
    split = leaky_split(labels, 1)
    assert (len(split.learning), len(split.test)) == (900, 100)
    both = [row for row in split.test if row in set(split.learning)]
    assert split.leaked == len(both) / 100
    # nothing of the commonest class has a copy; of a class repeated five times, nearly everything has
    assert {int(labels[row]) for row in both} == {1}
    assert 0.3 < split.leaked < 0.7


def test_the_clean_division_learns_from_no_test_row(faces: Path) -> None:
    division = divided(fer2013.load(faces / "fer2013_train_public.npz"), "clean", 0)
    assert not set(division.learning) & (set(division.watched) | set(division.test))
    assert not set(division.watched) & set(division.test)
    counts = np.bincount(LABELS[division.learning])
    assert (counts == counts.max()).all()


@pytest.mark.parametrize("protocol", ["clean", "paper"])
def test_a_run_leaves_what_the_exporter_and_the_card_read(faces: Path, protocol: str) -> None:
    shares = list[float]()
    task = _task(faces, protocol, shares)
    figures = NETWORKS["bagga_model_1"].train(task)
    assert shares[-1] == 1.0
    contract = json.loads((task.run / "contract.json").read_text())
    assert contract["labels"] == list(EMOTIONS)
    assert (contract["offset"], contract["divisor"]) == (127.5, 127.5)
    with np.load(task.run / "held.npz") as held, np.load(task.run / "calibration.npz") as calibration:
        if protocol == "clean":
            assert np.array_equal(held["face"], scaled(IMAGES[150:]))
        assert calibration["face"].shape[1:] == (48, 48, 1)
    assert json.loads((task.run / "card.json").read_text()) == json.loads(json.dumps(figures))
    if protocol == "clean":
        # as the CLI names it: the honest run has the network's own name
        task.run.rename(task.run.with_name("bagga_model_1"))
    page = NETWORKS["bagga_model_1"].write_card(faces / "runs", faces / "cards").read_text()
    assert ("LEAKY" in page) == (protocol == "paper")
    assert f"--protocol {'clean' if protocol == 'paper' else 'paper'}`" in page
    assert (faces / "cards" / f"bagga_model_1_{protocol}_confusion.svg").exists()


def test_a_card_without_a_run_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="python -m models train bagga_model_2"):
        NETWORKS["bagga_model_2"].write_card(tmp_path, tmp_path)

"""Both protocols divide as they say, and a run leaves what the exporter and the card need."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.flow import EMOTIONS, Floats
from models import face_run
from models.catalog import NETWORKS, Task, TrainingError
from models.datasets import fer2013
from models.face_augment import scaled
from models.face_division import divided
from models.face_evaluation import figures as judged
from models.leaky_protocol import leaky_split, oversampled
from models.metrics import Labels
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


def test_a_face_that_is_judged_four_times_makes_no_interval_narrower() -> None:
    rng = np.random.default_rng(0)
    chances, labels = rng.dirichlet(np.ones(7), 60).astype(np.float32), rng.integers(0, 7, 60)
    four = judged(np.tile(chances, (4, 1)), np.tile(labels, 4), np.tile(np.arange(60), 4))
    assert four["accuracy_95"] == pytest.approx(judged(chances, labels)["accuracy_95"])


@pytest.mark.parametrize("protocol", ["clean", "paper"])
def test_a_run_leaves_what_the_exporter_and_the_card_read(
    faces: Path, protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares, shown = list[float](), list[Labels]()

    def noted(chances: Floats, labels: Labels, rows: Labels) -> dict[str, object]:
        shown.append(rows)
        return judged(chances, labels, rows)

    monkeypatch.setattr(face_run, "figures", noted)
    task = _task(faces, protocol, shares)
    figures = NETWORKS["bagga_model_1"].train(task)
    assert shares[-1] == 1.0
    assert (len(np.unique(shown[0])) < len(shown[0])) == (protocol == "paper")
    other = "paper" if protocol == "clean" else "clean"
    with pytest.raises(TrainingError, match=f"protocol {protocol} instead of {other}"):
        NETWORKS["bagga_model_1"].train(replace(task, protocol=other, resume=True))
    contract = json.loads((task.run / "contract.json").read_text())
    assert contract["labels"] == list(EMOTIONS)
    assert (contract["offset"], contract["divisor"]) == (127.5, 127.5)
    with np.load(task.run / "held.npz") as held, np.load(task.run / "calibration.npz") as calibration:
        if protocol == "clean":
            assert np.array_equal(held["face"], scaled(IMAGES[150:]))
        assert calibration["face"].shape[1:] == (48, 48, 1)
    card = json.loads((task.run / "card.json").read_text())
    assert card == json.loads(json.dumps(figures))
    assert card["recipe"]["patience"] == (1 if protocol == "clean" else None)
    # as if there had been three
    card["epochs"] = [{"number": n, "loss": 1.0, "scores": {"accuracy": s}} for n, s in ((1, 0.3), (2, 0.5), (3, 0.4))]
    (task.run / "card.json").write_text(json.dumps(card))
    if protocol == "clean":
        # as the CLI names it: the honest run has the network's own name
        task.run.rename(task.run.with_name("bagga_model_1"))
    page = NETWORKS["bagga_model_1"].write_card(faces / "runs", faces / "cards").read_text()
    assert ("LEAKY" in page) == (protocol == "paper")
    assert ("of 3 epochs number 2 is kept" in page) == ("epoch 2 of 3; recall" in page) == (protocol == "clean")
    assert ("seed 3, 3 epochs; recall" in page) == (protocol == "paper")
    assert f"--protocol {'clean' if protocol == 'paper' else 'paper'}`" in page
    assert (faces / "cards" / f"bagga_model_1_{protocol}_confusion.svg").exists()


def test_a_card_without_a_run_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="python -m models train bagga_model_2"):
        NETWORKS["bagga_model_2"].write_card(tmp_path, tmp_path)

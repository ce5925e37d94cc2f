"""Activity is learned from made-up wrists: split by person, condensed, left as a run, judged from a bundle."""

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edge.bundle import Bundle, BundleError
from edge.bundle_canary import CANARY
from edge.bundle_contract import TensorModel
from edge.signals.activity import LEVELS, NAMES
from export.pack import describe, write_bundle
from models.activity import Recipe, guessed, learn, train
from models.activity_evaluation import score_hmp
from models.activity_windows import windows
from models.catalog import Task, TrainingError
from models.datasets import hmp
from tests.fakes.bundles import KEY, canary, tiny_bundle, tiny_files

KINDS = {"drink_glass": (0.0, 0.3), "comb_hair": (0.15, 4.5), "walk": (0.4, 1.8), "climb_stairs": (0.8, 1.0)}
PEOPLE = ("f1", "m1", "m2")


def recorded(directory: Path, people: tuple[str, ...] = PEOPLE) -> Path:
    """Three bouts of sixteen seconds of each kind by each person, each kind with its size and rhythm."""
    rng = np.random.default_rng(4)
    t = np.arange(16 * 32) / 32
    bouts = dict[str, np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]()
    for person in people:
        for kind, (size, hz) in KINDS.items():
            for k in range(3):
                swing = size * np.sin(2 * np.pi * (hz + rng.normal(0, 0.05)) * t + rng.uniform(0, 6))
                g = np.stack((swing, 0.3 * swing, 0.9 + 0 * t), axis=1) + rng.normal(0, 0.03, (len(t), 3))
                counts = (g * 9.80665 + 14.709) / 29.418 * 63
                bouts[f"{person}/{kind}/{k}"] = np.clip(np.rint(counts), 0, 63).astype(np.uint8)
    np.savez(directory / hmp.FILE, allow_pickle=False, **bouts)
    return directory


def test_bouts_become_windows_of_one_person_each(tmp_path: Path) -> None:
    made = windows(hmp.load(recorded(tmp_path)))
    assert made.rows.shape == (3 * 4 * 3 * 3, len(NAMES))
    assert np.isfinite(made.rows).all()
    assert set(made.levels.tolist()) == {0, 1, 2, 3}
    one = made.of(np.array([name == "f1" for name in made.people]))
    assert set(one.people) == {"f1"}
    assert len(one.rows) == len(one.levels) == 36


def test_prototypes_are_few_and_tell_an_unseen_person(tmp_path: Path) -> None:
    made = windows(hmp.load(recorded(tmp_path)))
    out = np.array([name == "m2" for name in made.people])
    recipe = Recipe(prototypes=5, neighbours=3)
    learned = learn(made.of(~out), recipe, 0)
    assert guessed(learned, made.of(out), recipe).tolist() == made.levels[out].tolist()
    again = learn(made.of(~out), recipe, 0)
    assert guessed(again, made, recipe).tolist() == guessed(learned, made, recipe).tolist()


def task(data: Path, run: Path) -> Task:
    return Task(
        network="activity", data=data, run=run, seed=0, resume=False, epochs=None, command="pytest",
        seen=lambda share, what: None, say=lambda text: None,
    )  # fmt: skip


def test_a_run_is_judged_by_people_left_out(tmp_path: Path) -> None:
    run = tmp_path / "run"
    card = train(task(recorded(tmp_path), run))
    told = msgspec.convert(card["activity"], dict[str, object])
    assert told["people"] == 3
    assert told["macro_f1"] == 1
    assert msgspec.convert(card["majority"], dict[str, float])["macro_f1"] < 0.3
    assert card["prototypes"] == 108
    contract = json.loads((run / "contract.json").read_text())
    assert (contract["kind"], tuple(contract["labels"])) == ("knn", LEVELS)

    bundle = bundled(tmp_path / "bundle", run, tuple(contract["features"]))
    scored = score_hmp(bundle, tmp_path, None)
    assert scored["macro_f1"] == 1
    assert scored["majority_baseline"] == pytest.approx(0.25)


def bundled(out: Path, run: Path, features: tuple[str, ...]) -> Bundle:
    made, files = tiny_files()
    files["activity.npz"] = (run / "tensors.npz").read_bytes()
    judge = TensorModel(describe("activity.npz", files["activity.npz"], "knn"), features=features, labels=LEVELS)
    made = msgspec.structs.replace(made, models=msgspec.structs.replace(made.models, tensors={"activity": judge}))
    files[CANARY] = canary(files, made)
    return write_bundle(out, made, files, KEY)


def test_one_person_cannot_be_judged(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="holds 1 people; two or more"):
        train(task(recorded(tmp_path, ("f1",)), tmp_path / "run"))


def test_a_bundle_without_activity_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="holds no activity judge"):
        score_hmp(tiny_bundle(tmp_path / "b"), recorded(tmp_path), None)

"""Whole runs of the benchmarks on made-up people: figures, baselines, what the exporter reads, and their cards."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.signals import eeg as signals
from models import left_out
from models.benchmark_card import write_benchmark_card
from models.catalog import Task, TrainingError
from models.datasets import wesad
from models.ecg_run import train as train_ecg
from models.eeg_run import METHODS, EegRecipe
from models.eeg_run import run as run_eeg
from models.eeg_selection import Effort
from models.left_out import LeftOut
from models.seeds import across
from models.selection import Budget
from models.short_fit import ShortRecipe
from models.wesad_benchmark import benchmark
from models.wrist_training import Recipe
from tests.models.datasets import e4, mental

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
"""Keras under NumPy 2."""


def task(network: str, data: Path, runs: Path) -> Task:
    return Task(network, data, runs / network, 0, False, 1, "as typed", _unseen, _unsaid)


def _unseen(done: float, note: str) -> None:
    del done, note


def _unsaid(line: str) -> None:
    del line


def card_of(runs: Path, network: str) -> dict[str, Any]:
    return json.loads((runs / network / "card.json").read_text())


@pytest.mark.parametrize(("calm", "classes"), [(wesad.Calm.BASELINE, 2), (wesad.Calm.AMUSEMENT_APART, 3)])
def test_wesad_leaves_everybody_out_once(tmp_path: Path, calm: wesad.Calm, classes: int) -> None:
    people = ("S4", "S5", "S7")
    e4.wesad(tmp_path, subjects=people)
    name = "wesad_binary" if classes == 2 else "wesad_three"
    benchmark(task(name, tmp_path, tmp_path / "runs"), calm, Recipe(window_s=30, hop_s=5, steps=4, batches=2, batch=4))
    card = card_of(tmp_path / "runs", name)
    assert set(card["ours"]["per_person"]) == set(people)
    assert card["ours"]["n"] == card["motion_only"]["n"]
    with np.load(tmp_path / "runs" / name / "held.npz", allow_pickle=False) as held:
        unseen = set(held["subjects"].tolist())
    with np.load(tmp_path / "runs" / name / "calibration.npz", allow_pickle=False) as seen:
        assert not unseen & set(seen["subjects"].tolist())
    page = write_benchmark_card(name, tmp_path / "runs", tmp_path / "cards").read_text()
    assert "motion only" in page
    assert (tmp_path / "cards" / f"{name}_confusion.svg").exists()
    assert (tmp_path / "cards" / f"{name}_operating.svg").exists() == (classes == 2)


def test_eeg_tells_every_search_and_the_leaky_protocol(tmp_path: Path) -> None:
    mental.eegmat(tmp_path, 4)
    recipe = EegRecipe(Effort(Budget(4, 2), 1), ShortRecipe(epochs=1), networks=1, folds=2, leaky=("none",))
    run_eeg(task("eeg", tmp_path, tmp_path / "runs"), recipe)
    card = card_of(tmp_path / "runs", "eeg")
    features = 3 * len(signals.STATISTICS)
    assert card["features"] == features
    kept = {name: card["methods"][name]["selected"] for name in METHODS}
    assert max(max(kept[name]) for name in METHODS[:-1]) <= features // 2
    assert set(kept["none"]) == {features}
    page = write_benchmark_card("eeg", tmp_path / "runs", tmp_path / "cards").read_text()
    assert "LEAKY" in page
    assert (tmp_path / "cards" / "eeg_convergence.svg").exists()


def test_several_seeds_are_told_together(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    right = {0: {"ours": 0.75, "other": 0.5}, 1: {"ours": 0.25, "other": 1.0}}
    for seed, name in enumerate(("eeg", "eeg_seed1")):
        _kept_run(runs / name, seed, right[seed])
    seeds = across(runs, "eeg")
    assert seeds.seeds == (0, 1)
    assert seeds.accuracies() == {0: [0.75, 0.5], 1: [0.25, 1.0]}
    page = write_benchmark_card("eeg", runs, tmp_path / "cards").read_text()
    assert "typed for 0\n    typed for 1" in page
    assert "| ours | 0.500" in page
    assert "| other | 0.750" in page
    assert "| 1 | 0.250 | 1.000 |" in page
    _kept_run(runs / "eeg_seed1", 1, right[1], recipe="another")
    with pytest.raises(TrainingError, match="another recipe"):
        write_benchmark_card("eeg", runs, tmp_path / "cards")


def _kept_run(run: Path, seed: int, right: dict[str, float], recipe: str = "one") -> None:
    """What a comparison of two methods leaves, each right on a share of 8 rows of 4 people."""
    run.mkdir(parents=True, exist_ok=True)
    labels = np.tile([0, 1], 4)
    figures: dict[str, object] = {}
    for name, share in right.items():
        guesses = np.where(np.arange(8) < 8 * share, labels, 1 - labels)
        chances = np.eye(2, dtype=np.float32)[guesses] * np.float32(0.8) + np.float32(0.1)
        said = LeftOut(chances, labels, tuple(f"S{k // 2}" for k in range(8)), np.arange(8.0))
        left_out.save(said, run / f"oof_{name}.npz")
        figures[name] = left_out.figures(said, ("rest", "task")) | {"selected": [2]}
    card = {
        "seed": seed, "command": f"typed for {seed}", "recipe": recipe, "methods": figures, "ours": figures["ours"],
        "dataset": "made up", "judged_on": "people left out", "parameters": 1,
    }  # fmt: skip
    (run / "card.json").write_text(json.dumps(card))


def test_ecg_by_the_compact_head(tmp_path: Path) -> None:
    mental.eegmat(tmp_path, 5)
    train_ecg(task("ecg", tmp_path, tmp_path / "runs"))
    card = card_of(tmp_path / "runs", "ecg")
    assert card["ours"]["people"] == 5
    assert card["parameters"] == 58
    page = write_benchmark_card("ecg", tmp_path / "runs", tmp_path / "cards").read_text()
    assert "majority" in page


def test_a_run_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="train ecg"):
        write_benchmark_card("ecg", tmp_path, tmp_path / "cards")

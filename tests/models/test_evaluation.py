"""`evaluate` scores what the device would say, in the fields of its contract; or one sentence says why not, exit 2."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from edge.bundle_keys import key_line, own_keys_path
from edge.flow import EMOTIONS
from edge.inference.arrays import softmax
from edge.signals.features import FEATURE_VERSION
from models.__main__ import app
from models.evaluation import DATASETS
from models.metrics import confusion
from tests.fakes.bundles import KEY, tiny_bundle

_FIELDS = {
    "dataset", "bundle", "n", "accuracy", "balanced_accuracy", "macro_f1", "confusion", "float_agreement",
    "majority_baseline", "labels", "command",
}  # fmt: skip


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    own_keys_path().parent.mkdir(parents=True)
    own_keys_path().write_text(key_line(KEY.public_key(), "tests"))
    tiny_bundle(tmp_path / "bundle", feature_version=FEATURE_VERSION)
    return tmp_path / "bundle"


def _faces(path: Path, usage: list[int], *, votes: bool = True) -> Path:
    rng = np.random.default_rng(1)
    count = len(usage)
    arrays: dict[str, Any] = {
        "images": rng.integers(0, 256, (count, 48, 48), np.uint8),
        "fer_label": rng.integers(0, 7, count, np.uint8),
        "usage": np.array(usage, np.uint8),
        "fer_classes": np.array(EMOTIONS),
    }
    if votes:
        columns = [
            "neutral",
            "happiness",
            "surprise",
            "sadness",
            "anger",
            "disgust",
            "fear",
            "contempt",
            "unknown",
            "NF",
        ]
        arrays |= {"ferplus_columns": np.array(columns), "ferplus_votes": rng.integers(0, 9, (count, 10), np.int8)}
    np.savez(path, **arrays)
    return path


def _evaluate(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["evaluate", *arguments])


def _figures(bundle: Path, dataset: str, *more: str) -> dict[str, Any]:
    told = _evaluate("--bundle", str(bundle), "--dataset", dataset, *more)
    assert told.exit_code == 0, told.output
    return json.loads(told.stdout)


def test_faces_are_scored_with_every_field_of_the_contract(bundle: Path, tmp_path: Path) -> None:
    path = _faces(tmp_path / "faces.npz", [0] * 10 + [1] * 30)
    out = tmp_path / "figures.json"
    told = _figures(bundle, f"fer2013={path}", "--json", str(out))
    assert told.keys() >= _FIELDS
    assert json.loads(out.read_text()) == told
    assert told["n"] == 30
    assert told["labels"] == list(EMOTIONS)
    assert told["bundle"] == "tiny 1.2.0"
    assert np.sum(told["confusion"]) == 30
    assert 0.9 <= told["float_agreement"] <= 1
    assert told["ferplus_majority"]["n"] <= 30


def test_accuracy_is_that_of_the_network_in_the_bundle(bundle: Path, tmp_path: Path) -> None:
    from edge.bundle import Bundle

    path = _faces(tmp_path / "faces.npz", [2] * 25, votes=False)
    told = _figures(bundle, f"fer2013={path}")
    with np.load(path) as arrays:
        images, labels = arrays["images"], arrays["fer_label"].astype(np.int64)
    network = Bundle.open(bundle).network("face")
    inputs = ((images.astype(np.float32) - 127.5) / np.float32(127.5))[:, np.newaxis, :, :, np.newaxis]
    said = np.stack([network.run({"face": row})["logits"][0] for row in inputs])
    guesses = softmax(said).argmax(axis=1)
    assert told["confusion"] == confusion(labels, guesses, 7).tolist()
    assert told["usages"] == [2]
    assert "ferplus_majority" not in told


@pytest.mark.parametrize(("split", "n"), [(None, 9), ("1", 4), ("1,2", 9), ("all", 12)])
def test_split_chooses_usages(bundle: Path, tmp_path: Path, split: str | None, n: int) -> None:
    path = _faces(tmp_path / "faces.npz", [0] * 3 + [1] * 4 + [2] * 5)
    more = () if split is None else ("--split", split)
    assert _figures(bundle, f"fer2013={path}", *more)["n"] == n


def test_a_file_with_training_only_is_scored_whole(bundle: Path, tmp_path: Path) -> None:
    path = _faces(tmp_path / "faces.npz", [0] * 6)
    assert _figures(bundle, f"fer2013={path}")["n"] == 6


def test_pairs_are_scored_by_who_is_present(bundle: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    labels = np.array([0, 1] * 20)
    present = np.array([[1, 1], [1, 1], [1, 0], [0, 1]] * 10, np.float32)
    wrist = ((labels * 2 - 1) + rng.normal(0, 0.5, 40)).astype(np.float32)[:, np.newaxis] * present[:, 1:]
    face = np.full((40, 7), 1 / 7, np.float32) * present[:, :1]
    np.savez(tmp_path / "held.npz", face=face, wrist=wrist, present=present, labels=labels)
    told = _figures(bundle, f"pairs={tmp_path / 'held.npz'}")
    assert told.keys() >= _FIELDS
    assert told["auc_by_presence"]["both"] > 0.9


def test_card_holds_command_figures_and_plots(bundle: Path, tmp_path: Path) -> None:
    path = _faces(tmp_path / "faces.npz", [1] * 20)
    run = tmp_path / "runs" / "face"
    run.mkdir(parents=True)
    epochs = [{"number": k, "loss": 1 / k, "scores": {"tuning_accuracy": 0.1 * k}} for k in (1, 2, 3)]
    record = {"network": "face", "command": "python -m models train face --seed 4", "seed": 4, "epochs": epochs}
    (run / "card.json").write_text(json.dumps(record))
    cards = tmp_path / "cards"
    _figures(bundle, f"fer2013={path}", "--card", "--cards", str(cards), "--runs", str(tmp_path / "runs"))
    page = (cards / "face_fer2013.md").read_text()
    assert "python -m models evaluate --bundle" in page
    assert "python -m models train face --seed 4" in page
    assert "Seed 4" in page
    for plot in ("confusion", "reliability", "learning"):
        assert f"face_fer2013_{plot}.svg" in page
        assert (cards / f"face_fer2013_{plot}.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("dataset", "said"),
    [
        ("fer2013", "names no file"),
        ("faces=x.npz", "no data set is called faces; there are fer2013"),
        ("fer2013=nowhere.npz", "nothing at nowhere.npz"),
        ("stress_predict=nowhere.npz", "nothing at nowhere.npz"),
    ],
)
def test_what_names_no_data_is_refused(bundle: Path, dataset: str, said: str) -> None:
    told = _evaluate("--bundle", str(bundle), "--dataset", dataset)
    assert told.exit_code == 2
    assert said in told.stderr
    assert "Traceback" not in told.output


@pytest.mark.parametrize("name", ["fer2013", "stress_predict", "pairs"])
def test_a_file_that_is_no_archive_is_refused(bundle: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / "broken.npz"
    path.write_bytes(b"PK no archive at all")
    told = _evaluate("--bundle", str(bundle), "--dataset", f"{name}={path}")
    assert told.exit_code == 2
    assert "broken.npz" in told.stderr


def test_a_split_that_is_not_there_is_refused(bundle: Path, tmp_path: Path) -> None:
    path = _faces(tmp_path / "faces.npz", [0, 1])
    told = _evaluate("--bundle", str(bundle), "--dataset", f"fer2013={path}", "--split", "5")
    assert told.exit_code == 2
    assert "no rows of usage 5; it has 0, 1" in told.stderr


def test_a_missing_bundle_is_refused(tmp_path: Path) -> None:
    path = _faces(tmp_path / "faces.npz", [1])
    told = _evaluate("--bundle", str(tmp_path / "none"), "--dataset", f"fer2013={path}")
    assert told.exit_code == 2
    assert "no bundle directory" in told.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["nothing", "--data", "."], "no network is called nothing"), (["face", "--data", "absent"], "nothing at absent")],
)
def test_training_refuses_what_it_does_not_know(arguments: list[str], said: str) -> None:
    told = CliRunner().invoke(app, ["train", *arguments])
    assert told.exit_code == 2
    assert said in told.stderr


@pytest.mark.parametrize("dataset", DATASETS)
def test_evaluation_loads_no_tensorflow(dataset: str) -> None:
    module = DATASETS[dataset][1].partition(":")[0]
    asked = f"import sys, models.__main__, {module}; print({{m.split('.')[0] for m in sys.modules}} & set(sys.argv))"
    unwanted = ("tensorflow", "keras", "scipy", "sklearn", "pandas", "matplotlib")
    told = subprocess.run([sys.executable, "-c", asked, *unwanted], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"

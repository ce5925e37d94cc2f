"""Judges without a graph go into a bundle by their run's name, and must say there what their parent said."""

import json
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from typer.testing import CliRunner

from edge.bundle import Bundle, BundleError
from edge.bundle_keys import key_line
from export.cli import app
from export.errors import BarError, ExportError
from export.release import Order, release_bundle
from tests.fakes.bundles import KEY

TRUSTED = [KEY.public_key()]
NAMES = ["enmo", "heart_rate", "motion_spread"]
RNG = np.random.default_rng(2)
CENTRES = np.array([[0, 60, 0], [0.5, 110, 0.4]])
LABELS = np.arange(160) % 2
ROWS = (CENTRES[LABELS] + RNG.normal(0, [0.05, 5, 0.05], (160, 3))).astype(np.float32)


def nearest_run(run: Path, **changes: Any) -> Path:
    """Still or moving, by the one nearest of a hundred rows."""
    run.mkdir(parents=True)
    arrays: dict[str, Any] = {
        "kind": "knn", "rows": ROWS[:100] / [0.1, 10, 0.1], "classes": LABELS[:100], "neighbours": 1,
        "weighting": "uniform", "metric": "euclidean", "centre": np.zeros(3), "scale": np.array([0.1, 10, 0.1]),
    }  # fmt: skip
    held, labels = ROWS[100:], LABELS[100:]
    np.savez(run / "tensors.npz", **{**arrays, **changes.get("arrays", {})})
    answers = np.eye(2)[labels] if "answers" not in changes else changes["answers"]
    np.savez(run / "held.npz", features=held, labels=labels, answers=answers)
    piece = {"kind": "knn", "features": NAMES, "labels": ["still", "moving"], "window_s": 60.0}
    (run / "contract.json").write_text(json.dumps({**piece, **changes.get("piece", {})}))
    return run.parent


def test_a_run_of_arrays_becomes_a_judge_of_the_bundle(tmp_path: Path) -> None:
    bundle, choices = release_bundle(Order(nearest_run(tmp_path / "runs" / "activity"), tmp_path / "b", "x"), KEY)
    assert choices == {}
    judge = Bundle.open(bundle.path, TRUSTED).contract.models.tensors["activity"]
    assert (judge.network.file, judge.network.lowering) == ("models/activity.npz", "knn")
    assert (judge.features, judge.labels, judge.told) == (tuple(NAMES), ("still", "moving"), {"window_s": 60.0})
    said = bundle.network("activity").run({"features": np.array([[0.5, 110, 0.4]], np.float32)})
    assert said["probability"].tolist() == [[0, 1]]
    measured = cast("dict[str, dict[str, Any]]", bundle.report["networks"])["activity"]["measured"]
    assert (measured["agreement"], measured["accuracy"], measured["loss_points"]) == (1, 1, 0)


def test_it_is_shown_timed_compared_and_guarded_like_any_network(tmp_path: Path) -> None:
    runs = nearest_run(tmp_path / "runs" / "activity")
    first, _ = release_bundle(Order(runs, tmp_path / "a", "x", network="activity"), KEY)
    nearest_run(tmp_path / "other" / "activity", arrays={"neighbours": 3})
    second, _ = release_bundle(Order(tmp_path / "other", tmp_path / "b", "x"), KEY)
    (tmp_path / "trusted.pub").write_text(key_line(KEY.public_key(), "tests"))

    def told(*line: str) -> Any:
        result = CliRunner().invoke(app, [*line, "--trusted", str(tmp_path / "trusted.pub"), "--json", "-"])
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout), result.stderr

    assert "features 1x3 float32" in told("inspect", str(first.path))[1]
    assert told("bench", str(first.path))[0]["networks"][0]["network"] == "activity"
    changed = told("diff", str(first.path), str(second.path))[0]["changed"]
    assert "files.models/activity.npz" in changed
    report = (first.path / "report.html").read_text()
    assert "activity" in report
    file = first.path / "models" / "activity.npz"
    content = bytearray(file.read_bytes())
    content[70] ^= 1
    file.write_bytes(content)
    with pytest.raises(BundleError, match=r"models/activity\.npz is not the file that was signed"):
        Bundle.open(first.path, TRUSTED)


def test_a_judge_that_is_not_its_parent_is_refused_by_the_bar(tmp_path: Path) -> None:
    wrong = np.eye(2)[1 - LABELS[100:]]
    runs = nearest_run(tmp_path / "runs" / "activity", answers=wrong)
    with pytest.raises(BarError, match=r"activity as knn agrees with its float parent on 0\.0% of 60 held rows"):
        release_bundle(Order(runs, tmp_path / "b", "x"), KEY)
    assert not (tmp_path / "b").exists()


def test_a_projection_must_agree_in_every_component(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "axes"
    nearest_run(run)
    parts = np.array([[1, 0, 0], [0, 0.6, 0.8]])
    np.savez(run / "tensors.npz", kind="pca", mean=np.zeros(3), components=parts)
    np.savez(run / "held.npz", features=ROWS[:90], answers=ROWS[:90] @ parts.T)
    (run / "contract.json").write_text(json.dumps({"kind": "pca", "features": NAMES}))
    bundle, _ = release_bundle(Order(run.parent, tmp_path / "b", "x"), KEY)
    assert bundle.contract.models.tensors["axes"].network.outputs[0].name == "components"
    np.savez(run / "held.npz", features=ROWS[:90], answers=ROWS[:90] @ parts.T + 1)
    with pytest.raises(BarError, match=r"axes as pca agrees with its float parent on 0\.0%"):
        release_bundle(Order(run.parent, tmp_path / "c", "x"), KEY)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"piece": {"kind": "forest"}}, r"contract\.json has kind 'forest', expected knn, pca or svm"),
        ({"piece": {"kind": "svm"}}, r"tensors\.npz is of kind knn, its contract says svm"),
        ({"piece": {"labels": ["still"]}}, r"contract\.json names 1 labels, its arrays have 2"),
        ({"piece": {"features": ["enmo"]}}, r"contract\.json names 1 features, its arrays have 3"),
        ({"piece": {"note": None}}, r"contract\.json: Expected"),
        ({"arrays": {"neighbours": 0}}, "neighbours is 0, expected 1 to 100"),
        ({"answers": np.zeros((60, 5))}, r"answers are \(60, 5\), its arrays give \(60, 2\)"),
        ({"answers": np.full((60, 2), np.nan)}, "answers holds NaN or infinity"),
    ],
)
def test_a_run_that_is_no_judge_is_refused(tmp_path: Path, changes: dict[str, Any], sentence: str) -> None:
    runs = nearest_run(tmp_path / "runs" / "activity", **changes)
    with pytest.raises(ExportError, match=sentence):
        release_bundle(Order(runs, tmp_path / "b", "x"), KEY)
    assert not (tmp_path / "b").exists()


def test_a_judge_may_not_take_a_networks_name(tmp_path: Path) -> None:
    runs = nearest_run(tmp_path / "runs" / "wrist")
    with pytest.raises(ExportError, match="is no wrist but a judge without a graph"):
        release_bundle(Order(runs, tmp_path / "b", "x"), KEY)

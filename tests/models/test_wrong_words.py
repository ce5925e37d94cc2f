"""Wrong data, options and runs end `python -m models` in one sentence with exit status 2, never in a traceback."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from edge.settings import shipped_bundle
from models.__main__ import app
from tests.fakes.archives import bare, stored

ONE = {
    "S1_BVP": np.zeros(640), "S1_EDA": np.zeros(40), "S1_TEMP": np.zeros(40), "S1_ACC": np.zeros((320, 3)),
    "S1_label1hz": np.repeat([0, 1], 5),
}  # fmt: skip


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    (tmp_path / "file").touch()
    (tmp_path / "data").mkdir()
    return tmp_path


def ran(*words: object) -> tuple[int, str, str]:
    """Exit status, what stood on standard error, and on standard output; a traceback fails the test."""
    result = CliRunner().invoke(app, list(map(str, words)), env={"COLUMNS": "1000"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stderr, result.stdout


@pytest.mark.parametrize(
    ("network", "file", "content", "sentence"),
    [
        ("wrist", "stress_predict.npz", bare(), "cannot be read (one array, no archive of several)"),
        ("wrist", "stress_predict.npz", stored(x=np.zeros(3)), "it holds nobody's recordings"),
        ("wrist", "stress_predict.npz", stored(**ONE), "1 people cannot make 7 groups; recordings of two"),
        ("eeg", "eegmat_eeg128.npz", stored(channels=np.array(["EEG Fp1"])), "it holds nobody's recordings"),
        ("activity", "hmp_wrist_acc.npz", stored(**{"a/walk/1": np.zeros(3)}), "a/walk/1 is (3,), expected (n, 3)"),
        ("bagga_model_1", "fer2013_train_public.npz", bare(), "cannot read data/fer2013_train_public.npz as FER-2013"),
        (
            "bagga_model_1",
            "fer2013_train_public.npz",
            stored(images=np.zeros((9, 48, 48), np.uint8), fer_label=np.zeros(9, int), usage=np.zeros(9, int)),
            "9 faces of Training and 0 of a test part cannot be divided",
        ),
    ],
)  # fmt: skip
def test_data_that_are_none(network: str, file: str, content: bytes, sentence: str) -> None:
    Path("data", file).write_bytes(content)
    code, said, _ = ran("train", network, "--data", "data", "--run", "run")
    assert (code, sentence in said) == (2, True), said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("train activity --data data --run file/x", "file/x cannot be written in; name another place with --run"),
        ("train activity --data data --seed -1", "--seed"),
        ("card eeg --cards file", "file cannot be written in; name another place with --cards"),
        ("card wrist", "the card of wrist is of a bundle: evaluate --bundle DIR --dataset stress_predict=FILE --card"),
        ("card eeg --runs runs", "the run of eeg in runs is not whole"),
        ("operating --run runs/eeg --most nan", "--most nan is no rate"),
        ("evaluate --bundle BUNDLE --dataset pairs=file --json data", "cannot write data (it is a directory)"),
    ],
)
def test_a_wrong_option_or_run(words: str, sentence: str) -> None:
    Path("runs", "eeg").mkdir(parents=True)
    Path("runs", "eeg", "card.json").write_text("{")
    code, said, _ = ran(*words.split())
    assert (code, sentence in said) == (2, True), said


def pairs(labels: list[int]) -> bytes:
    rows, told = len(labels), np.array(labels, int)
    return stored(face=np.full((rows, 7), 0.1), wrist=np.zeros((rows, 1)), present=np.ones((rows, 2)), labels=told)


@pytest.mark.parametrize("labels", [[], [0, 7]])
def test_pairs_that_cannot_be_scored(labels: list[int]) -> None:
    Path("pairs.npz").write_bytes(pairs(labels))
    code, said, _ = ran("evaluate", "--bundle", shipped_bundle(), "--dataset", "pairs=pairs.npz")
    assert (code, "holds no rows, labels other than 0 and 1, or NaN" in said) == (2, True), said


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_cannot_be_computed_is_null() -> None:
    Path("pairs.npz").write_bytes(pairs([1, 1]))
    code, said, told = ran("evaluate", "--bundle", shipped_bundle(), "--dataset", "pairs=pairs.npz", "--json", "x.json")
    assert code == 0, said
    assert json.loads(told, parse_constant=lambda word: pytest.fail(word))["auc"] is None
    assert json.loads(Path("x.json").read_bytes())["auc"] is None


def test_a_run_that_is_damaged_stays_as_it_is(here: Path) -> None:
    run = here / "runs" / "wrist"
    run.mkdir(parents=True)
    np.savez(
        run / "oof.npz", probability=np.full(8, 0.4), label=np.arange(8) % 2, time_s=np.arange(8.0),
        subject=np.repeat(["a", "b"], 4),
    )  # fmt: skip
    (run / "card.json").write_text("{")
    code, said, _ = ran("operating", "--run", run)
    assert (code, "card.json is no JSON" in said) == (2, True), said
    assert sorted(path.name for path in run.iterdir()) == ["card.json", "oof.npz"]
    shutil.rmtree(run)

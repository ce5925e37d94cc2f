"""eegmat: as much rest as task, a quiet minute before, and no column that is no electrode."""

from pathlib import Path

import numpy as np
import pytest

from models.datasets import DatasetError
from models.datasets.eegmat import load
from tests.models.datasets import mental


def test_rest_and_task_are_equally_long_and_the_quiet_minute_comes_before(tmp_path: Path) -> None:
    mental.eegmat(tmp_path, 2, rest_s=84)
    for kind, rate in (("eeg", 128), ("ecg", 250)):
        (person, _) = load(tmp_path, kind).people  # pyright: ignore[reportArgumentType]  # a literal in a loop
        assert len(person.rest) == len(person.task) == 62 * rate
        assert len(person.quiet) == (84 - 62) * rate


def test_electrodes_are_in_microvolts_without_the_reference(tmp_path: Path) -> None:
    mental.eegmat(tmp_path, 1)
    told = load(tmp_path, "eeg")
    assert told.electrodes == ("Fp1", "Fp2", "Cz")
    assert told.people[0].task.shape[1] == 3
    assert 8 < float(np.std(told.people[0].task)) < 15


def test_a_file_that_is_not_there_or_too_short_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="give the directory"):
        load(tmp_path, "ecg")
    mental.eegmat(tmp_path, 1, rest_s=60)
    with pytest.raises(DatasetError, match="60 s of rest"):
        load(tmp_path, "ecg")

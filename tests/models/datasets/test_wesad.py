"""WESAD files: phases become labels, their edges are left out."""

from pathlib import Path

import numpy as np
import pytest

from models.datasets import DatasetError
from models.datasets.wesad import Calm, load
from tests.models.datasets import e4


def stretches(label: np.ndarray[tuple[int], np.dtype[np.int8]], value: int) -> tuple[int, int]:
    at = np.flatnonzero(label == value)
    return int(at.min()), int(at.max()) + 1


def test_stress_and_baseline_without_their_edges(tmp_path: Path) -> None:
    e4.wesad(tmp_path)
    (person,) = load(tmp_path)
    assert stretches(person.label_1hz, 0) == (21, 50)
    assert stretches(person.label_1hz, 1) == (90, 120)
    assert (person.label_1hz >= 0).sum() == 29 + 30


def test_every_calm_phase_when_asked(tmp_path: Path) -> None:
    e4.wesad(tmp_path)
    (person,) = load(tmp_path, Calm.ALL, trim_s=0)
    assert stretches(person.label_1hz, 0) == (11, 190)
    assert (person.label_1hz == 0).sum() == 49 + 50
    assert (person.label_1hz[60:80] == -1).all()


@pytest.mark.parametrize("missing", ["wesad_wrist.npz", "wesad_phases.csv"])
def test_a_file_that_is_not_there(tmp_path: Path, missing: str) -> None:
    e4.wesad(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(DatasetError, match=f"no {missing}"):
        load(tmp_path)


@pytest.mark.parametrize("rows", ["subject,phase\nS4,Base\n", "subject,label,e4_start_s,e4_end_s\nS4,x,1,2\n"])
def test_phases_that_cannot_be_read(tmp_path: Path, rows: str) -> None:
    e4.wesad(tmp_path)
    (tmp_path / "wesad_phases.csv").write_text(rows)
    with pytest.raises(DatasetError, match="needs the columns"):
        load(tmp_path)

"""Stress-Predict files, whole and broken."""

from pathlib import Path

import numpy as np
import pytest

from edge.flow import Channel
from models.datasets import DatasetError
from models.datasets.stress_predict import labelled, load
from tests.models.datasets import e4


def test_every_person_with_every_channel(tmp_path: Path) -> None:
    path = e4.stress_predict(tmp_path, 3, 30)
    people = load(tmp_path)
    assert [p.subject for p in people] == ["S00", "S01", "S02"]
    assert [p.subject for p in load(path)] == [p.subject for p in people]
    assert [p.subject for p in labelled(people)] == ["S01", "S02"]
    tracks = people[1].tracks
    assert {c: (t.rate_hz, t.values.shape) for c, t in tracks.items()} == {
        Channel.PULSE: (64, (1920,)),
        Channel.SKIN_CONDUCTANCE: (4, (120,)),
        Channel.SKIN_TEMPERATURE: (4, (120,)),
        Channel.MOTION: (32, (960, 3)),
    }
    assert np.linalg.norm(tracks[Channel.MOTION].values, axis=1).mean() == pytest.approx(1, abs=0.02)
    assert people[1].duration_s == 30
    assert people[1].label_1hz[[0, 9, 10, 20]].tolist() == [-1, 0, 1, 0]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="give the directory that holds stress_predict"):
        load(tmp_path)


def test_a_file_that_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "stress_predict.npz").write_bytes(b"PK but not really")
    with pytest.raises(DatasetError, match="cannot be read"):
        load(tmp_path)


def test_a_file_that_lacks_a_channel(tmp_path: Path) -> None:
    arrays = {k: v for k, v in e4.e4("S01", 5).items() if not k.endswith("EDA")}
    np.savez(tmp_path / "stress_predict.npz", allow_pickle=False, **arrays)
    with pytest.raises(DatasetError, match="lacks S01_EDA"):
        load(tmp_path)

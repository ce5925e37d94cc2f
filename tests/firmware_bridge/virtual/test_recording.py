"""A recording worn by the virtual watch: the right seconds, and clear words when it cannot be."""

from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.errors import LinkError
from firmware_bridge.virtual.recording import subjects, wear


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.npz"
    np.savez(
        path,
        S02_BVP=np.arange(64 * 10 + 5, dtype=np.float32),
        S02_EDA=np.arange(4 * 10, dtype=np.float32) / 10,
        S02_TEMP=np.full(4 * 11, 33.5, dtype=np.float32),
        S02_ACC=np.tile(np.array([0, 32, 64], dtype=np.int8), (32 * 10, 1)),
        S02_HR=np.array([70, np.nan, 71], dtype=np.float32),
        S04_BVP=np.zeros(64, dtype=np.float32),
        S04_EDA=np.zeros(4, dtype=np.float32),
        S04_TEMP=np.zeros(4, dtype=np.float32),
        S04_ACC=np.zeros((32, 3), dtype=np.int8),
    )
    return path


def test_seconds_from_the_start_to_the_shortest_channels_end(file: Path):
    seconds = list(wear(file, "S02", 0))
    assert len(seconds) == 10
    assert seconds[1].pulse[0] == 64
    assert np.allclose(seconds[2].skin_conductance_us, [0.8, 0.9, 1.0, 1.1])
    assert seconds[0].motion_g[0].tolist() == [0.0, 0.5, 1.0]
    assert [s.heart_bpm for s in seconds[:4]] == [70.0, None, 71.0, None]
    assert seconds[0].beats_ms == ()


def test_start_skips_seconds(file: Path):
    assert next(iter(wear(file, "S02", 9))).pulse[0] == 9 * 64


def test_a_subject_without_heart_rate_has_none(file: Path):
    assert [s.heart_bpm for s in wear(file, "S04")] == [None]


def test_an_unknown_subject_is_told_who_is_there(file: Path):
    assert subjects(file) == ("S02", "S04")
    with pytest.raises(LinkError, match="no subject 'S99'; there are S02, S04"):
        wear(file, "S99")


def test_a_start_behind_the_end_is_refused(file: Path):
    with pytest.raises(LinkError, match="10 s long; it cannot start at 10 s"):
        wear(file, "S02", 10)


def test_files_that_are_no_recording_are_refused(tmp_path: Path):
    with pytest.raises(LinkError, match="cannot read the recording"):
        wear(tmp_path / "none.npz", "S02")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(LinkError, match="cannot read the recording"):
        wear(tmp_path / "text.npz", "S02")
    np.save(tmp_path / "single.npy", np.zeros(3))
    with pytest.raises(LinkError, match="single array"):
        wear(tmp_path / "single.npy", "S02")

"""The stored baseline: whole or not at all, for its owner alone, and refused where it does not compare."""

import json
import stat
from pathlib import Path

import msgspec
import pytest

from edge.baseline_store import FILE, BaselineError, KeptBaseline, forget_baseline, keep_baseline, read_baseline
from edge.clock import UnixNs
from edge.signals.baseline import PersonalBaseline

REST = PersonalBaseline(("heart_rate", "enmo"), (61.5, None), (2.0, None), (49, 0), 60, 300)
KEPT = KeptBaseline(UnixNs(1_800_000_000_000_000_000), REST)


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    path = keep_baseline(tmp_path / "new" / "state", KEPT)
    assert read_baseline(tmp_path / "new" / "state", 60.0) == KEPT
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert KEPT.measured.year == 2027


def test_a_second_one_takes_the_place_of_the_first(tmp_path: Path) -> None:
    keep_baseline(tmp_path, KEPT)
    later = msgspec.structs.replace(KEPT, measured_unix_ns=UnixNs(1_900_000_000_000_000_000))
    keep_baseline(tmp_path, later)
    assert read_baseline(tmp_path) == later
    assert [p.name for p in tmp_path.iterdir()] == [FILE]


def test_a_half_written_one_from_a_power_cut_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / f"{FILE}.new").write_text("{")
    keep_baseline(tmp_path, KEPT)
    assert read_baseline(tmp_path) == KEPT


def test_nothing_measured_is_nothing(tmp_path: Path) -> None:
    assert read_baseline(tmp_path) is None
    assert not forget_baseline(tmp_path)


def test_it_is_forgotten_when_asked(tmp_path: Path) -> None:
    keep_baseline(tmp_path, KEPT)
    assert forget_baseline(tmp_path)
    assert read_baseline(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"measured_unix_ns": 1}', b"x" * 100_000])
def test_a_broken_file_is_refused_with_the_cure(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(BaselineError, match="measure again: edge-daemon baseline"):
        read_baseline(tmp_path)


def test_numbers_that_nobody_measured_are_refused(tmp_path: Path) -> None:
    told = json.loads(keep_baseline(tmp_path, KEPT).read_text())
    told["baseline"]["spread"] = [-2.0, None]
    (tmp_path / FILE).write_text(json.dumps(told))
    with pytest.raises(BaselineError, match="not below 0"):
        read_baseline(tmp_path)


def test_other_windows_and_other_features_do_not_compare(tmp_path: Path) -> None:
    path = keep_baseline(tmp_path, KEPT)
    with pytest.raises(BaselineError, match=r"windows of 60\.0 s, this bundle's are of 120\.0 s"):
        read_baseline(tmp_path, 120.0)
    told = json.loads(path.read_text())
    told["baseline"]["feature_version"] = 99
    path.write_text(json.dumps(told))
    with pytest.raises(BaselineError, match="features of version 99"):
        read_baseline(tmp_path)


def test_a_state_directory_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BaselineError, match="cannot be kept"):
        keep_baseline(tmp_path / "file", KEPT)
    with pytest.raises(BaselineError, match="cannot be used"):
        read_baseline(tmp_path / "file")

"""The baseline in a running line, and the verb that measures one."""

from pathlib import Path

import pytest

from edge.baseline_store import FILE, BaselineError, KeptBaseline, keep_baseline
from edge.baseline_verb import forget, measure
from edge.clock import SECOND, HostNs, StreamNs
from edge.flow import Features
from edge.refusal import RefusalError
from edge.resting import Resting
from edge.settings import Settings
from edge.signals.body import Reading
from edge.signals.features import extract
from edge.signals.wear import Wear
from tests.edge.signals.bodies import worn
from tests.fakes.clock import HandClock

QUIET = extract(worn())


def reading(end_s: float, worn_as: Wear = Wear.ON) -> Reading:
    raw = Features(StreamNs(round(end_s * SECOND)), QUIET.names, QUIET.values, QUIET.quality, HostNs(0))
    return Reading(worn_as, raw, raw if worn_as is Wear.ON else None)


def test_five_minutes_are_measured_kept_and_used(tmp_path: Path) -> None:
    clock = HandClock()
    resting = Resting(tmp_path, 60.0, clock)
    assert (resting.baseline, resting.progress) == (None, None)
    resting.start()
    clock.move(30)
    assert resting.progress == pytest.approx(0.1)
    assert [resting.hear(reading(60 + 5 * k)) for k in range(48)] == [None] * 48
    assert resting.progress == pytest.approx(295 / 300)
    done = resting.hear(reading(300))
    assert done is not None
    assert (resting.baseline, resting.progress) == (done, None)
    assert Resting(tmp_path, 60.0, clock).baseline == done


def test_what_has_ended_is_there_to_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resting, seen = Resting(tmp_path, 60.0, HandClock()), list[float | None]()

    def slow(state: Path, kept: KeptBaseline) -> Path:
        seen.append(resting.progress)
        return keep_baseline(state, kept)

    monkeypatch.setattr("edge.resting.keep_baseline", slow)
    resting.start()
    for k in range(49):
        resting.hear(reading(60 + 5 * k))
    assert seen == [1.0]
    assert (resting.progress, resting.baseline is None) == (None, False)


def test_while_none_runs_readings_pass_by(tmp_path: Path) -> None:
    resting = Resting(tmp_path, 60.0, HandClock())
    assert resting.hear(reading(60)) is None
    resting.start()
    resting.stop()
    assert resting.hear(reading(60)) is None
    assert resting.progress is None


def test_a_watch_on_the_table_measures_nothing(tmp_path: Path) -> None:
    resting = Resting(tmp_path, 60.0, HandClock())
    resting.start()
    for k in range(100):
        assert resting.hear(reading(60 + 5 * k, Wear.OFF)) is None
    assert (resting.progress, resting.refused) == (0, "off_wrist")


def test_a_disk_that_refuses_costs_the_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    resting = Resting(tmp_path / "file", 60.0, HandClock())
    resting.start()
    for k in range(49):
        resting.hear(reading(60 + 5 * k))
    assert resting.baseline is not None
    assert "cannot be kept" in resting.trouble


def test_a_baseline_that_does_not_compare_is_told_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{")
    resting = Resting(tmp_path, 60.0, HandClock())
    assert resting.baseline is None
    assert "measure again" in resting.trouble
    assert (tmp_path / FILE).exists()


def test_without_a_wrist_nothing_can_be_measured(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="no watch, or the bundle has no wrist model"):
        Resting(tmp_path, None, HandClock()).start()


async def test_nothing_to_listen_to_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusalError, match="no watch to measure with"):
        await measure(Settings(state_dir=str(tmp_path)), "", 1.0, None)


def test_forgetting_says_whether_there_was_one(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{}")
    settings = Settings(state_dir=str(tmp_path))
    assert [forget(settings)["forgotten"] for _ in range(2)] == [True, False]


def test_a_measurement_holds_no_two_watches(tmp_path: Path) -> None:
    clock = HandClock()
    resting = Resting(tmp_path, 60.0, clock)
    resting.begin_anew()
    assert resting.progress is None
    resting.start()
    for k in range(40):
        resting.hear(reading(60 + 5 * k))
    clock.move(260)
    resting.begin_anew()
    assert resting.progress == 0
    assert resting.hear(reading(300)) is None
    assert resting.progress == 0, "it began before"


def test_a_baseline_of_other_windows_does_not_suit_and_is_back_with_them(tmp_path: Path) -> None:
    resting = Resting(tmp_path, 60.0, HandClock())
    resting.start()
    for k in range(49):
        resting.hear(reading(60 + 5 * k))
    measured = resting.baseline
    assert measured is not None
    resting.start()
    resting.suit(60.0)
    assert (resting.baseline, resting.progress) == (measured, 0)
    resting.suit(30.0)
    assert (resting.baseline, resting.progress) == (None, None)
    assert "windows of 60.0 s, this bundle's are of 30.0 s" in resting.trouble
    resting.suit(60.0)
    assert (resting.baseline, resting.trouble) == (measured, "")


def test_a_wrist_that_comes_with_a_bundle_can_be_measured(tmp_path: Path) -> None:
    resting = Resting(tmp_path, None, HandClock())
    resting.suit(60.0)
    resting.start()
    assert resting.progress == 0

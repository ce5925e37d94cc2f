"""One person, over restarts, bundles and watches: what is known of another, or in other windows, is not theirs."""

from pathlib import Path

import msgspec

from edge.baseline_store import KeptBaseline, keep_baseline
from edge.clock import UnixNs
from edge.judges import usual
from edge.settings import Settings, WatchSettings
from edge.signals.baseline import seeded
from edge.wearer import Wearer
from tests.edge.panel.little_bundle import little_contract
from tests.edge.signals.test_baseline import measured
from tests.edge.test_acquaintance import OTHER, WATCH, decided
from tests.fakes.clock import HandClock


def wearer(state: Path, window_s: float | None = 60.0) -> Wearer:
    return Wearer(Settings(state_dir=str(state), watch=WatchSettings(WATCH)), window_s, HandClock())


def test_a_bundle_of_other_windows_is_told_nothing_of_a_baseline_in_these(tmp_path: Path) -> None:
    wrist = little_contract()[0].models.wrist
    assert wrist is not None
    keep_baseline(tmp_path, KeptBaseline(UnixNs(0), measured()))
    known = wearer(tmp_path)
    same, other = (known.body(msgspec.structs.replace(wrist, window_s=each), WATCH) for each in (60.0, 30.0))
    assert same is not None
    assert other is not None
    assert same.normaliser.usual == seeded(usual(wrist), measured())
    assert other.normaliser.usual == usual(wrist)
    assert "measure again" in known.resting.trouble


def test_a_wrist_that_a_new_bundle_brings_can_be_measured(tmp_path: Path) -> None:
    known, wrist = wearer(tmp_path, None), little_contract()[0].models.wrist
    known.body(wrist, WATCH)
    known.resting.start()
    assert known.resting.progress == 0


def test_another_watch_begins_with_a_person_of_whom_nothing_is_known(tmp_path: Path) -> None:
    known, decider = wearer(tmp_path), decided()
    known.follow(WATCH, decider)
    assert decider.remembered()[0].odds
    known.follow(OTHER, decider)
    assert not decider.remembered()[0].odds

"""One person, over restarts, bundles and watches: what is known of another, or in other windows, is not theirs."""

from pathlib import Path

import msgspec
import numpy as np

from edge.baseline_store import KeptBaseline, keep_baseline
from edge.bundle_contract import WristModel
from edge.clock import UnixNs
from edge.judges import usual
from edge.settings import Settings, WatchSettings
from edge.signals.baseline import seeded
from edge.signals.body import Body
from edge.wearer import Wearer
from tests.edge.panel.little_bundle import little_contract
from tests.edge.signals.test_baseline import measured
from tests.edge.test_acquaintance import OTHER, WATCH, decided, ended
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


def _judged(known: Wearer, wrist: WristModel, value: float | None = None) -> Body:
    """A body of a bundle's, as it is kept once a window was judged; with ``value``, after an hour of windows of it."""
    body = known.body(wrist, WATCH)
    assert body is not None
    if value is not None:
        body.recall(np.full((240, len(body.names)), value, np.float32))
    known.acquaintance.note(body, WATCH)
    return body


def _windows(known: Wearer, wrist: WristModel) -> list[float]:
    """By what windows, of one value each, a body of this bundle's would know the wearer."""
    body = known.body(wrist, WATCH)
    return [] if body is None else [float(row[0]) for row in body.remembered()]


async def test_a_bundle_that_fails_its_trial_leaves_the_wearer_known_to_the_one_before(tmp_path: Path) -> None:
    known, decider, wrist = wearer(tmp_path), decided(), little_contract()[0].models.wrist
    assert wrist is not None
    first, second, third = (msgspec.structs.replace(wrist, window_s=each) for each in (60.0, 30.0, 90.0))
    _judged(known, first, 1.0)
    hour = _windows(known, first)
    assert set(hour) == {1.0}
    for trial in (second, third):  # each fails: the first comes back, and is in use for no window between
        _judged(known, trial, 2.0)
        assert _windows(known, first) == hour
    assert _windows(known, second) == [], "two are remembered at most"
    await ended(known.acquaintance, decider)
    assert _windows(wearer(tmp_path), first) == hour, "the one in use is kept for the next start"
    _judged(known, first)
    known.follow(OTHER, decider)
    known.follow(WATCH, decider)
    assert (_windows(known, first), _windows(known, third)) == (hour, []), "what the disk has, and nothing else"

"""A person at rest: five quiet minutes, whatever lies between them, and what a model is told afterwards."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.clock import SECOND, HostNs, StreamNs
from edge.flow import Features
from edge.signals.baseline import Baseline, PersonalBaseline, seeded
from edge.signals.body import Body
from edge.signals.features import NAMES, extract
from edge.signals.normalise import Usual
from edge.signals.wear import Wear
from tests.edge.signals.bodies import worn

QUIET = extract(worn())
USUAL = Usual(("heart_rate", "heart_rate_trend", "enmo"), (90.0, 90.0, -4.0), (5.0, 5.0, 0.8))


def hop(end_s: float, **told: float) -> Features:
    """A quiet window that ends at `end_s`, with some features told otherwise."""
    values = np.array([told.get(name, QUIET.named()[name]) for name in NAMES], np.float32)
    quality = float(np.isfinite(values).mean())
    return Features(StreamNs(round(end_s * SECOND)), NAMES, values, quality, HostNs(0))


def measured(**told: float) -> PersonalBaseline:
    baseline = Baseline(60, StreamNs(0))
    for k in range(49):
        baseline.feed(hop(60 + 5 * k, **told))
    result = baseline.result()
    assert result is not None
    return result


def test_five_quiet_minutes_are_five_minutes() -> None:
    baseline = Baseline(60, StreamNs(0))
    told = [baseline.feed(hop(60 + 5 * k)) for k in range(49)]
    assert told[0] == pytest.approx(60 / 300)
    assert told[1] == pytest.approx(65 / 300)
    assert [t >= 1 for t in told] == [False] * 48 + [True]
    result = baseline.result()
    assert result is not None
    assert (result.seconds, result.window_s, result.names) == (300, 60, NAMES)
    assert result.value("heart_rate") == pytest.approx(72, rel=0.02)
    assert result.value("rmssd") == pytest.approx(QUIET.named()["rmssd"], rel=1e-3)
    assert result.value("no such feature") is None


def test_no_result_before_the_last_window() -> None:
    baseline = Baseline(60, StreamNs(0))
    for k in range(48):
        baseline.feed(hop(60 + 5 * k))
    assert baseline.result() is None


def test_a_window_that_began_before_does_not_count() -> None:
    baseline = Baseline(60, StreamNs(100 * SECOND))
    assert baseline.feed(hop(159.9)) == 0
    assert baseline.feed(hop(160)) == pytest.approx(60 / 300)


def test_who_moves_must_sit_that_minute_again() -> None:
    baseline = Baseline(60, StreamNs(0))
    baseline.feed(hop(60))
    for end_s in range(65, 130, 5):
        assert baseline.feed(hop(end_s, motion_spread=0.4)) == pytest.approx(60 / 300)
    assert baseline.refused == "moving"
    assert baseline.feed(hop(130)) == pytest.approx(120 / 300)
    assert baseline.refused == ""


def test_a_window_that_says_too_little_does_not_count() -> None:
    baseline = Baseline(60, StreamNs(0))
    assert baseline.feed(hop(60, **dict.fromkeys(NAMES[:20], float("nan")))) == 0
    assert baseline.refused == "poor"


def test_what_was_seldom_known_is_not_known() -> None:
    baseline = Baseline(60, StreamNs(0))
    for k in range(49):
        baseline.feed(hop(60 + 5 * k) if k < 5 else hop(60 + 5 * k, rmssd=float("nan")))
    result = baseline.result()
    assert result is not None
    assert result.windows[NAMES.index("rmssd")] == 5
    assert result.value("rmssd") is None


def test_a_stream_whose_clock_goes_back_keeps_what_was_gathered() -> None:
    baseline = Baseline(60, StreamNs(0))
    for k in range(20):
        baseline.feed(hop(60 + 5 * k))
    held = baseline.progress
    for end_s in (1.0, 30.0, 60.0, 61.0):
        baseline.feed(hop(end_s))
    assert baseline.progress == pytest.approx(held + 60 / 300)


def test_the_person_is_told_from_the_population_and_the_baseline_together() -> None:
    """The baseline counts for two thirds, both for twelve windows."""
    usual = seeded(USUAL, measured(heart_rate=60.0))
    assert usual.centre[:2] == (pytest.approx(70), pytest.approx(70))
    assert usual.scale[0] == pytest.approx(5 / 3, rel=1e-3)
    assert usual.prior == 12
    assert usual.names == USUAL.names


def test_what_the_baseline_does_not_know_stays_the_populations() -> None:
    usual = seeded(USUAL, measured(enmo=float("nan")))
    assert (usual.centre[2], usual.scale[2]) == (-4.0, 0.8)


def test_an_anchored_body_goes_on_and_does_not_count_the_quiet_minutes_twice() -> None:
    """Remembered are twenty windows before the quiet minutes and the twenty in them; then the baseline."""
    body = Body(USUAL, 60, 5)
    hops = [hop(60 + 5 * k, heart_rate=90.0 if k < 60 else 60.0) for k in range(120)]
    for raw in hops:
        told = body.tell(Wear.ON, raw, StreamNs(raw.end - 60 * SECOND)).told
    before = body.remembered()
    assert np.isfinite(before[:40, 0]).all()
    body.anchor(measured(heart_rate=60.0))
    after = body.remembered()
    np.testing.assert_array_equal(after[:20], before[:20])
    assert np.isnan(after[20:40]).all()
    assert body.normaliser.seen == 120
    told = body.tell(Wear.ON, hops[-1], StreamNs(hops[-1].end - 60 * SECOND)).told
    assert told is not None
    assert not told.gap


def test_without_a_baseline_any_more_the_state_starts_anew() -> None:
    body = Body(USUAL, 30, 5)
    body.read(worn())
    body.anchor(None)
    assert body.normaliser.seen == 1
    told = body.read(worn()).told
    assert told is not None
    assert told.gap


@pytest.mark.parametrize(
    "broken",
    [
        {"centre": (1.0,)},
        {"centre": (float("inf"), 1.0)},
        {"spread": (-1.0, 1.0)},
        {"window_s": 0.0},
        {"seconds": float("nan")},
        {"windows": (1, -1)},
    ],
)
def test_numbers_that_no_measurement_gives_are_refused(broken: dict[str, object]) -> None:
    whole: dict[str, object] = {
        "names": ("a", "b"), "centre": (1.0, None), "spread": (1.0, None), "windows": (9, 0), "window_s": 60.0,
        "seconds": 300.0,
    }  # fmt: skip
    with pytest.raises(ValueError, match="a baseline"):
        PersonalBaseline(**{**whole, **broken})  # pyright: ignore[reportArgumentType]  # broken on purpose


def test_a_window_as_long_as_the_measurement_is_the_longest() -> None:
    assert Baseline(300, StreamNs(0)).feed(hop(300)) == 1
    with pytest.raises(ValueError, match="a window must be above 0 s"):
        Baseline(301, StreamNs(0))


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(allow_nan=True, allow_infinity=False, width=32)), max_size=80)
)
def test_any_stream_gives_a_share_that_never_falls(rows: list[tuple[float, float]]) -> None:
    baseline, held = Baseline(60, StreamNs(0)), 0.0
    for end_s, value in rows:
        share = baseline.feed(hop(end_s, heart_rate=value, motion_spread=value))
        assert 0 <= held <= share <= 1
        held = share

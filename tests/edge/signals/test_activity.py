"""Activity's numbers: the same however the watch is turned, NaN where there is too little, and a vote on top."""

import numpy as np
import pytest

from edge.flow import Floats
from edge.signals.activity import LEAST_S, LEVELS, NAMES, activity
from tests.edge.signals.bodies import signal


def swing(seconds: float, rate_hz: float, hz: float = 1.8, size: float = 0.3, turn: Floats | None = None) -> Floats:
    """An arm that swings: gravity and a rhythm."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    axes = np.stack(
        (size * np.sin(2 * np.pi * hz * t), 0.3 + 0.1 * np.cos(2 * np.pi * hz * t), np.full(len(t), 0.9)), 1
    )
    return (axes if turn is None else axes @ turn).astype(np.float32)


def told(values: Floats) -> dict[str, float]:
    return dict(zip(NAMES, values.tolist(), strict=True))


def test_a_rhythm_is_found() -> None:
    made = told(activity(signal(swing(8, 32), 32)))
    assert made["all_peak_hz"] == pytest.approx(1.8, abs=0.15)
    assert made["all_again_s"] == pytest.approx(1 / 1.8, abs=0.05)
    assert made["gravity"] == pytest.approx(np.hypot(0.3, 0.9), abs=0.03)
    assert np.isfinite(list(made.values())).all()


def test_a_watch_turned_by_a_right_angle_says_the_same() -> None:
    turn = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], np.float32)
    ours, theirs = (activity(signal(swing(8, 32, turn=t), 32)) for t in (None, turn))
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize("rate_hz", [25.0, 32.0, 52.0, 100.0, 200.0])
def test_every_watchs_rate_tells_about_the_same(rate_hz: float) -> None:
    ours, theirs = (told(activity(signal(swing(8, rate), rate))) for rate in (32.0, rate_hz))
    for name in ("all_power_1.5_2.5", "enmo", "size_spread", "all_peak_hz", "gravity"):
        assert theirs[name] == pytest.approx(ours[name], abs=0.25)


def test_only_the_last_eight_seconds_count() -> None:
    still = np.tile(np.array([[0, 0, 1]], np.float32), (52 * 32, 1))
    moved = np.concatenate((still, swing(8, 32)))
    np.testing.assert_allclose(activity(signal(moved, 32)), activity(signal(swing(8, 32), 32)), atol=1e-4)


@pytest.mark.parametrize(
    ("values", "rate_hz"),
    [
        (swing(LEAST_S - 0.3, 32), 32.0),
        (swing(8, 15), 15.0),
        (np.zeros(256, np.float32), 32.0),
        (np.zeros((256, 2), np.float32), 32.0),
    ],
)
def test_too_little_says_nothing(values: Floats, rate_hz: float) -> None:
    assert np.isnan(activity(signal(values, rate_hz))).all()
    assert np.isnan(activity(None)).all()


def test_a_hole_says_nothing() -> None:
    whole = signal(swing(8, 32), 32)
    kept = (whole.times < 3_000_000_000) | (whole.times > 3_500_000_000)
    holed = type(whole)(whole.times[kept], whole.values[kept], 32.0, 0.9)
    assert np.isnan(activity(holed)).all()


def test_the_register() -> None:
    assert len(NAMES) == len(set(NAMES)) == 63
    assert LEVELS == ("sedentary", "light", "moderate", "vigorous")


def test_a_watch_that_lies_still_is_told_without_surprise() -> None:
    still = np.tile(np.array([[0, 0, 1]], np.float32), (256, 1))
    made = activity(signal(still, 32))
    assert np.isfinite(made).all()

"""The personal normaliser: causal, robust, bounded, saved and restored."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edge.clock import HostNs, StreamNs
from edge.flow import Features
from edge.signals.normalise import Normaliser, Usual, quartiles

NAMES = ("heart_rate", "rmssd", "enmo")
USUAL = Usual(NAMES, (70.0, 3.5, -4.0), (5.0, 0.4, 0.8), prior=8, memory=40, stride=3)


def features(*values: float, names: tuple[str, ...] = NAMES) -> Features:
    return Features(StreamNs(0), names, np.array(values, np.float32), 1.0, HostNs(0))


def stream(count: int, seed: int = 0) -> list[Features]:
    rng = np.random.default_rng(seed)
    return [features(80 + 3 * rng.normal(), 30 * np.exp(0.3 * rng.normal()), 0.02) for _ in range(count)]


def test_a_stranger_is_told_from_the_population() -> None:
    made = Normaliser(USUAL).push(features(80, np.exp(3.5), np.exp(-4)))
    assert made.values[0] == pytest.approx((80 - (70 * 8 + 80) / 9) / (5 * 8 / 9), rel=1e-3)
    assert made.values[1:] == pytest.approx([0, 0], abs=0.01)


def test_with_time_the_persons_own_usual_counts() -> None:
    normaliser = Normaliser(USUAL)
    told = [normaliser.push(f).values[0] for f in stream(400)]
    assert np.mean(told[:3]) > 1
    assert abs(np.mean(told[200:])) < 0.7
    assert 0.5 < np.std(told[200:]) < 1.5


def test_it_looks_only_back() -> None:
    whole, changed = stream(60), [*stream(40), *stream(20, seed=9)]
    ours, theirs = Normaliser(USUAL), Normaliser(USUAL)
    for a, b in zip(whole[:40], changed[:40], strict=True):
        np.testing.assert_array_equal(ours.push(a).values, theirs.push(b).values)


def test_a_burst_does_not_move_the_usual() -> None:
    normaliser = Normaliser(USUAL)
    for f in stream(120):
        normaliser.push(f)
    before = normaliser.push(features(80, 30, 0.02)).values[0]
    for _ in range(20):
        normaliser.push(features(200, 30, 0.02))
    assert abs(normaliser.push(features(80, 30, 0.02)).values[0] - before) < 0.5


def test_what_is_missing_is_as_usual_and_lowers_the_quality() -> None:
    made = Normaliser(USUAL).push(features(np.nan, 30, np.nan))
    assert made.values[0] == made.values[2] == 0
    assert made.quality == pytest.approx(1 / 3)


def test_it_picks_its_names_in_its_own_order() -> None:
    made = Normaliser(USUAL).push(features(0.02, 1.0, 30, 90, names=("enmo", "other", "rmssd", "heart_rate")))
    assert made.names == NAMES
    assert made.values[0] > 1


def test_a_name_that_nobody_extracts_is_refused() -> None:
    with pytest.raises(ValueError, match="nobody extracts: rmssd"):
        Normaliser(USUAL).push(features(1, 2, names=("heart_rate", "enmo")))


def test_a_saved_usual_goes_on() -> None:
    ours, theirs = Normaliser(USUAL), Normaliser(USUAL)
    for f in stream(78):
        ours.push(f)
    theirs.recall(ours.remembered())
    for f in stream(90, seed=4):
        np.testing.assert_array_equal(ours.push(f).values, theirs.push(f).values)


def test_a_usual_of_another_model_is_refused() -> None:
    other = Normaliser(Usual(NAMES[:2], (0, 0), (1, 1)))
    with pytest.raises(ValueError, match="this model needs"):
        Normaliser(USUAL).recall(other.remembered())


def test_the_oldest_windows_come_first_and_the_newest_are_kept() -> None:
    """Seven of ten are remembered; a normaliser with less memory takes the newest of them."""
    ours = Normaliser(Usual(("heart_rate",), (70.0,), (5.0,), memory=7, stride=1))
    for beat in range(60, 70):
        ours.push(features(beat, names=("heart_rate",)))
    assert ours.remembered().ravel().tolist() == [63, 64, 65, 66, 67, 68, 69]
    theirs = Normaliser(Usual(("heart_rate",), (70.0,), (5.0,), memory=3, stride=1))
    theirs.recall(ours.remembered())
    theirs.push(features(70, names=("heart_rate",)))
    assert theirs.remembered().ravel().tolist() == [68, 69, 70]


@pytest.mark.parametrize(
    "broken",
    [{"centre": (1.0,)}, {"scale": (1.0, 0.0, 1.0)}, {"memory": 0}, {"stride": 0}, {"trend": 0}, {"clip": 0.0}],
)
def test_constants_that_make_no_sense_are_refused(broken: dict[str, object]) -> None:
    whole: dict[str, object] = {"names": NAMES, "centre": (0.0, 0.0, 0.0), "scale": (1.0, 1.0, 1.0)}
    with pytest.raises(ValueError, match="a normaliser needs"):
        Usual(**{**whole, **broken})  # pyright: ignore[reportArgumentType]  # broken on purpose


def test_a_trend_is_the_mean_of_the_last_windows_and_starts_anew_when_told() -> None:
    usual = Usual(("heart_rate_trend", "heart_rate"), (70.0, 70.0), (5.0, 5.0), prior=1e6, trend=3)
    normaliser = Normaliser(usual)
    told = [normaliser.push(features(bpm, 30, 0.02)) for bpm in (70, 75, 80, 85)]
    assert told[-1].names == ("heart_rate_trend", "heart_rate")
    np.testing.assert_allclose([t.values[1] for t in told], [0, 1, 2, 3], atol=0.01)
    np.testing.assert_allclose([t.values[0] for t in told], [0, 0.5, 1, 2], atol=0.01)
    anew = normaliser.push(features(75, 30, 0.02), fresh=True)
    np.testing.assert_allclose(anew.values, [1, 1], atol=0.01)
    assert usual.base == ("heart_rate",)


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.floats(allow_nan=True, allow_infinity=False, width=32)] * 3), max_size=60))
def test_any_stream_gives_finite_values_within_the_clip(rows: list[tuple[float, float, float]]) -> None:
    normaliser = Normaliser(USUAL)
    for row in rows:
        made = normaliser.push(features(*row))
        assert np.isfinite(made.values).all()
        assert np.abs(made.values).max() <= USUAL.clip


@settings(deadline=None)
@given(arrays.arrays(np.float64, st.tuples(st.integers(1, 30), st.integers(1, 4)), elements=st.floats(-1e6, 1e6)))
def test_quartiles_are_numpys(rows: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> None:
    holes = rows.copy()
    holes[::3] = np.nan
    count, low, middle, high = quartiles(holes)
    known = rows[np.isfinite(holes[:, 0])]
    if not len(known):
        assert (count == 0).all()
        return
    np.testing.assert_allclose(np.stack([low, middle, high]), np.quantile(known, [0.25, 0.5, 0.75], axis=0), atol=1e-6)

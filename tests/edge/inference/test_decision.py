"""A decision needs a lasting cause, says why, and does not nag."""

import pytest

from edge.clock import HostNs, StreamNs, nanoseconds
from edge.flow import Decision, Modality, Prediction, State
from edge.inference.decision import Decider, DecisionSettings

SETTINGS = DecisionSettings(
    on=0.6, off=0.4, own_level=0, smoothing_s=0, min_duration_s=20, refractory_s=300, stale_s=30
)


def predict(s: float, stress: float, **features: float) -> Prediction:
    at = StreamNs(nanoseconds(s))
    return Prediction(at, frozenset({Modality.WRIST}), stress, None, stress, None, HostNs(at), HostNs(at), features)


def feed(decider: Decider, start: int, stop: int, stress: float) -> list[Decision]:
    return [decider.step(predict(s, stress)) for s in range(start, stop, 5)]


def test_stress_must_last() -> None:
    decider = Decider(SETTINGS)
    feed(decider, 0, 30, 0.1)
    assert decider.state is State.CALM
    assert not any(d.alert for d in feed(decider, 30, 45, 0.9))
    assert decider.state is State.CALM
    late = feed(decider, 45, 60, 0.9)
    assert [d.alert for d in late] == [False, True, False]
    assert decider.state is State.STRESS


def test_between_the_thresholds_nothing_changes() -> None:
    decider = Decider(SETTINGS)
    feed(decider, 0, 60, 0.9)
    feed(decider, 60, 200, 0.5)
    assert decider.state is State.STRESS
    feed(decider, 200, 230, 0.3)
    assert decider.state is State.CALM


def test_no_second_alert_within_the_refractory_period() -> None:
    decider = Decider(SETTINGS)
    alerts: list[int] = []
    for start in range(0, 1000, 100):
        steps = feed(decider, start, start + 50, 0.9) + feed(decider, start + 50, start + 100, 0.1)
        alerts += [d.at // 1_000_000_000 for d in steps if d.alert]
    assert alerts == [20, 320, 620, 920], "each 300 s at least after the last"


def test_one_odd_prediction_is_smoothed_away() -> None:
    decider = Decider(DecisionSettings(on=0.6, off=0.4, smoothing_s=20, min_duration_s=0, refractory_s=0))
    feed(decider, 0, 60, 0.1)
    assert not decider.step(predict(60, 1.0)).alert


def test_a_window_that_ended_before_the_last_face_turns_no_time_back() -> None:
    settings = DecisionSettings(on=0.6, off=0.4, smoothing_s=20, min_duration_s=20)
    faces, both = Decider(settings), Decider(settings)
    for s in range(100):
        one = faces.step(predict(s, 0.2 if s < 50 else 0.9))
        other = both.step(predict(s, 0.2 if s < 50 else 0.9))
        assert (one.level, one.state, one.alert) == (other.level, other.state, other.alert)
        late = both.step(predict(s - 8, 0.5))
        assert (late.at, late.level, late.state) == (predict(s - 8, 0.5).at, one.level, one.state)


def test_a_clock_that_was_set_back_begins_anew() -> None:
    decider = Decider(SETTINGS)
    feed(decider, 1000, 1060, 0.9)
    assert decider.step(predict(10, 0.1)).state is State.UNKNOWN
    assert feed(decider, 15, 40, 0.1)[-1].state is State.CALM


def test_a_rise_above_a_low_level_is_as_high_as_it_was_decided_from() -> None:
    """After an hour at .10 a .35 is much: what is said of it must not be the .35."""
    decider = Decider(DecisionSettings(smoothing_s=0, min_duration_s=20))
    feed(decider, 0, 3600, 0.1)
    (alerted,) = [d for d in feed(decider, 3600, 3700, 0.35) if d.alert]
    assert alerted.prediction.stress == 0.35
    assert alerted.level > 0.65
    assert f"stress {alerted.level:.0%}" in alerted.reason


def test_a_steady_high_level_is_that_persons_usual() -> None:
    decider = Decider(DecisionSettings(min_duration_s=600))
    last = feed(decider, 0, 7200, 0.9)[-1]
    assert (last.state, last.prediction.stress) == (State.CALM, 0.9)
    assert last.level < 0.65


def test_silence_makes_the_state_unknown_once() -> None:
    decider = Decider(SETTINGS)
    feed(decider, 0, 60, 0.9)
    assert not decider.expire(StreamNs(nanoseconds(80)))
    assert decider.expire(StreamNs(nanoseconds(100)))
    assert decider.state is State.UNKNOWN
    assert not decider.expire(StreamNs(nanoseconds(101)))


def test_a_gap_starts_the_minimum_duration_anew() -> None:
    decider = Decider(SETTINGS)
    feed(decider, 0, 20, 0.9)
    assert not decider.step(predict(100, 0.9)).alert


def test_the_reason_names_what_stands_out() -> None:
    decider = Decider(SETTINGS)
    decision = decider.step(predict(0, 0.9, heart_rate=2.4, conductance=1.5, rmssd=-0.2))
    assert "heart rate raised" in decision.reason
    assert "skin conductance raised" in decision.reason
    assert "beat intervals" not in decision.reason


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"on": 1.5}, "decision.on"),
        ({"on": 0.4, "off": 0.6}, "decision.off"),
        ({"own_level": 2}, "decision.own_level"),
        ({"refractory_s": -1}, "refractory_s"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        DecisionSettings(**settings)


def test_a_level_that_is_usual_for_this_person_is_no_alert_and_a_rise_above_it_is() -> None:
    decider = Decider(DecisionSettings(on=0.7, off=0.65, smoothing_s=0, min_duration_s=20))
    feed(decider, 0, 3600, 0.6)
    assert not any(d.alert for d in feed(decider, 3600, 3800, 0.68))
    assert any(d.alert for d in feed(decider, 3800, 4000, 0.9))

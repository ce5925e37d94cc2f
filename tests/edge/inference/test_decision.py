"""A decision needs a lasting cause, says why, and does not nag."""

import math

import msgspec
import pytest

from edge.clock import HostNs, StreamNs, nanoseconds
from edge.flow import Decision, Modality, Prediction, State
from edge.inference.decision import Decider, DecisionSettings
from edge.inference.own_level import Levels

SETTINGS = DecisionSettings(
    on=0.6, off=0.4, own_level=0, smoothing_s=0, min_duration_s=20, refractory_s=300, stale_s=30
)


WRIST, FACE = frozenset({Modality.WRIST}), frozenset({Modality.FACE})


def predict(s: float, stress: float, by: frozenset[Modality] = WRIST, **features: float) -> Prediction:
    at = StreamNs(nanoseconds(s))
    return Prediction(at, by, stress, None, stress, None, HostNs(at), HostNs(at), features)


def feed(decider: Decider, start: int, stop: int, stress: float) -> list[Decision]:
    return [decider.step(predict(s, stress)) for s in range(start, stop, 5)]


def alerts(decisions: list[Decision]) -> list[int]:
    """When there was one, in seconds."""
    return [decision.at // 1_000_000_000 for decision in decisions if decision.alert]


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
    told: list[int] = []
    for start in range(0, 1000, 100):
        told += alerts(feed(decider, start, start + 50, 0.9) + feed(decider, start + 50, start + 100, 0.1))
    assert told == [20, 320, 620, 920], "each 300 s at least after the last"


@pytest.mark.parametrize(("silent", "heard"), [(160, 160), (160, 200), (300, 500), (120, 160)])
def test_stress_that_returned_within_the_refractory_period_is_told_when_it_still_lasts(silent: int, heard: int) -> None:
    """Also where nobody is heard for a while after it returned, or just before."""
    decider = Decider(
        DecisionSettings(on=0.6, off=0.4, own_level=0, smoothing_s=0, min_duration_s=20, refractory_s=600)
    )
    feed(decider, 0, 60, 0.9)
    feed(decider, 60, 120, 0.1)
    assert alerts(feed(decider, 120, silent, 0.9) + feed(decider, heard, 900, 0.9)) == [620]
    assert not alerts(feed(decider, 900, 1500, 0.9)), "it is one episode"


def test_an_episode_that_gaps_broke_is_not_told_twice() -> None:
    decider = Decider(SETTINGS)
    assert alerts(feed(decider, 0, 60, 0.9)) == [20]
    for start in range(100, 4000, 500):
        assert not alerts(feed(decider, start, start + 450, 0.9))
        assert decider.state is State.STRESS
        decider.expire(StreamNs(nanoseconds(start + 480)))
    feed(decider, 4100, 4150, 0.1)
    assert alerts(feed(decider, 4150, 4200, 0.9)) == [4170], "calm lay between"


@pytest.mark.parametrize(("away_s", "told"), [(295, []), (300, [375]), (30_000, [30_075])])
def test_stress_after_a_long_absence_is_another(away_s: int, told: list[int]) -> None:
    """A watch that was off over night."""
    decider = Decider(SETTINGS)
    assert alerts(feed(decider, 0, 60, 0.9)) == [20]
    decider.forget()
    assert alerts(feed(decider, 55 + away_s, 700 + away_s, 0.9)) == told


def test_a_restart_keeps_no_stress_silent() -> None:
    """Whether it is that of the last alert nobody knows."""
    before, after = Decider(SETTINGS), Decider(SETTINGS)
    feed(before, 0, 60, 0.9)
    after.recall(*before.remembered())
    assert alerts(feed(after, 130, 2000, 0.9)) == [320], "the refractory period goes on"


def test_another_person_begins_with_nothing_known() -> None:
    decider = Decider(DecisionSettings(own_level=0))
    assert feed(decider, 0, 1800, 0.97)[-1].level > 0.9
    decider.recall(Levels(), decider.remembered()[1])
    assert decider.state is State.UNKNOWN
    first, *others = feed(decider, 1800, 2400, 0.5)
    assert first.level == 0.5
    assert not alerts(others)


def test_what_a_person_was_told_at_the_end_of_a_quiet_time_is_told() -> None:
    decider = Decider(SETTINGS)
    feed(decider, 0, 60, 0.9)
    feed(decider, 60, 120, 0.1)
    feed(decider, 120, 300, 0.9)
    decider.alerted(StreamNs(nanoseconds(300)))
    assert not alerts(feed(decider, 300, 900, 0.9))
    feed(decider, 900, 950, 0.1)
    assert alerts(feed(decider, 950, 1000, 0.9)) == [970]


def test_what_is_never_to_happen_happens_never() -> None:
    decider = Decider(msgspec.structs.replace(SETTINGS, refractory_s=1e300))
    assert alerts(feed(decider, 0, 60, 0.9) + feed(decider, 60, 120, 0.1) + feed(decider, 120, 900, 0.9)) == [20]


@pytest.mark.parametrize("begin", [0, 100])
def test_an_odd_prediction_that_comes_first_decides_nothing(begin: int) -> None:
    """After a start, and after a gap."""
    decider = Decider(DecisionSettings())
    feed(decider, 0, min(begin, 50), 0.2)
    assert decider.step(predict(begin, 0.97)).level <= 0.5
    assert not any(d.alert for d in feed(decider, begin + 5, begin + 600, 0.2))
    assert decider.state is State.CALM


def test_a_level_begins_at_even_odds_and_goes_back_there_in_silence() -> None:
    decider = Decider(DecisionSettings(own_level=0, smoothing_s=100))
    levels = [d.level for d in feed(decider, 0, 205, 0.9)]
    assert levels[0] == 0.5
    assert levels[20] == pytest.approx(0.5 + 0.4 * (1 - math.exp(-1)))
    assert decider.step(predict(300, 0.9)).level == pytest.approx(0.5 + (levels[-1] - 0.5) * math.exp(-1))
    decider.forget()
    assert decider.step(predict(305, 0.9)).level == 0.5


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


def test_who_was_seen_for_a_moment_is_forgotten_too() -> None:
    """Before the state is known."""
    decider = Decider(SETTINGS)
    feed(decider, 0, 10, 0.9)
    assert decider.state is State.UNKNOWN
    assert decider.expire(StreamNs(nanoseconds(40)))
    assert not decider.expire(StreamNs(nanoseconds(41)))


def test_a_face_alone_is_not_told_from_what_is_usual_by_the_wrist() -> None:
    """The watch goes off: of a calm, neutral face the networks say more than they said of the wrist."""
    decider = Decider(DecisionSettings())
    feed(decider, 0, 3600, 0.1)
    later = [decider.step(predict(s, 0.46, FACE)) for s in range(3600, 3900, 5)]
    assert not any(d.alert for d in later)
    assert any(decider.step(predict(s, 0.4)).level > 0.6 for s in range(3900, 4200, 5)), "the wrist's is still known"


def test_a_bundle_on_trial_has_levels_of_its_own() -> None:
    decider = Decider(DecisionSettings(smoothing_s=0))
    for s in range(0, 3600, 5):
        decider.step(predict(s, 0.1), by="old")
    assert decider.step(predict(3600, 0.4), by="new").level == pytest.approx(0.4, abs=0.01)
    assert decider.step(predict(3605, 0.4), by="old").level > 0.7, "it was rolled back"


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

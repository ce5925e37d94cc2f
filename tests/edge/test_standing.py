"""What stands of a person is of now, or nothing stands."""

from edge.clock import HostNs
from edge.flow import Modality, Prediction, State
from edge.inference.decision import DecisionSettings
from edge.standing import Standing
from tests.fakes.clock import HandClock


def noted(standing: Standing, clock: HandClock) -> Prediction:
    """An angry face, now."""
    at, now = clock.stream(clock.now()), HostNs(clock.now())
    face = Prediction(at, frozenset({Modality.FACE}), 0.8, {"angry": 1.0}, None, 0.8, now, now)
    standing.take(face)
    return face


def seen(standing: Standing, clock: HandClock, seconds: int) -> None:
    """Decided upon, for so long."""
    for _ in range(seconds):
        standing.decide(noted(standing, clock), "vagus 1.0.0")
        clock.move(1)


def test_what_was_said_of_who_passed_by_does_not_stand_for_hours() -> None:
    clock = HandClock()
    standing = Standing(DecisionSettings(), clock)
    seen(standing, clock, 20)
    assert not standing.expire()
    clock.move(31)
    assert not standing.expire(), "the state was not known, so that none is lost"
    assert (standing.prediction, standing.decision, standing.state) == (None, None, State.UNKNOWN)
    message = standing.message("d", seen=False, heart_rate=None, battery=None, plan="", sensors={}, bundle="b")
    assert (message.stress, message.modalities, message.reason) == (None, (), "")


def test_what_was_noted_and_not_decided_upon_does_not_stand_for_hours() -> None:
    """A face beside a wrist that says no more, but counts as present for longer than the state is remembered."""
    clock = HandClock()
    standing = Standing(DecisionSettings(smoothing_s=0, min_duration_s=5, stale_s=10), clock)
    seen(standing, clock, 20)
    clock.move(10)
    assert standing.expire()
    face = noted(standing, clock)
    for _ in range(10):
        clock.move(1)
        standing.expire()
        assert standing.prediction is face
    clock.move(1)
    assert not standing.expire(), "the state was lost before"
    assert standing.prediction is None


def test_a_state_that_is_lost_is_lost_once() -> None:
    clock = HandClock()
    standing = Standing(DecisionSettings(smoothing_s=0, min_duration_s=5), clock)
    seen(standing, clock, 20)
    assert standing.state is State.STRESS
    clock.move(31)
    assert [standing.expire(), standing.expire()] == [True, False]

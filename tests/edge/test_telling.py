"""How often the state is told: few times, never the same twice, and the newest always in the end."""

from edge.relay.alerts import StateMessage, iso_time
from edge.telling import AGAIN_S, Telling
from tests.fakes.clock import HandClock


class Desk:
    """What is held, and what a broker has been told of it."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.held = StateMessage(device="edge", state="calm")
        self.told: list[float | None] = []
        self.telling = Telling(lambda: self.held, lambda state: self.told.append(state.stress), self.clock)

    def hold(self, stress: float, state: str = "calm") -> None:
        self.held = StateMessage(device="edge", state=state, stress=stress)
        self.telling.tell()


def test_what_was_kept_back_is_told_in_the_end() -> None:
    desk = Desk()
    for step in range(4):
        desk.hold(step / 10)
        desk.clock.move(0.2)
    assert desk.told == [0.0]
    desk.telling.flush()
    desk.telling.flush()
    assert desk.told == [0.0, 0.3]


def test_once_a_second_at_most() -> None:
    desk = Desk()
    for step in range(50):
        desk.hold(step / 100)
        desk.clock.move(0.1)
    assert desk.told == [0.0, 0.1, 0.2, 0.3, 0.4]


def test_another_state_is_told_at_once() -> None:
    desk = Desk()
    desk.hold(0.1)
    desk.hold(0.9, "stress")
    assert desk.told == [0.1, 0.9]


def test_a_state_that_stays_is_told_again_before_it_is_held_to_be_gone() -> None:
    desk = Desk()
    desk.hold(0.5)
    for _ in range(3 * int(AGAIN_S)):
        desk.telling.flush()
        desk.clock.move(1)
    assert desk.told == [0.5] * 3


def test_it_says_when_it_was_told() -> None:
    clock, told = HandClock(), list[StateMessage]()
    Telling(lambda: StateMessage(device="edge", state="calm"), told.append, clock).tell()
    assert told[0].published_unix_ns == clock.wall()
    assert told[0].published_time == iso_time(clock.wall())

"""A watch is set by a clock that somebody keeps right, and by no other."""

import pytest

from edge.time_service import Synchronised
from edge.watch_clock import local_time
from tests.fakes.clock import HandClock


@pytest.mark.parametrize("state", [Synchronised.YES, Synchronised.UNKNOWN])
def test_the_wall_clock_is_told_in_local_time(state: Synchronised) -> None:
    told = local_time(HandClock(wall_ns=1_800_000_000_500_000_000), lambda: state)
    assert told is not None
    assert told.timestamp() == 1_800_000_000.5
    assert told.utcoffset() is not None


def test_a_clock_that_nobody_keeps_right_is_not_passed_on() -> None:
    assert local_time(HandClock(), lambda: Synchronised.NO) is None

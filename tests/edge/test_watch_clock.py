"""A watch is set by a clock that is known to be right, and by no other, to the time of the zone that holds now."""

import os
import time
from collections.abc import Callable, Generator
from datetime import timedelta

import pytest

from edge.time_service import Synchronised
from edge.watch_clock import local_time
from tests.fakes.clock import HandClock


@pytest.fixture
def set_zone() -> Generator[Callable[[str], None]]:
    """Sets the zone as somebody would while the daemon runs: nobody tells the C library."""
    before = os.environ.get("TZ")

    def now(zone: str) -> None:
        os.environ["TZ"] = zone

    yield now
    del os.environ["TZ"]
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


def test_the_wall_clock_is_told_in_local_time() -> None:
    told = local_time(HandClock(wall_ns=1_800_000_000_500_000_000), lambda: Synchronised.YES)
    assert told is not None
    assert told.timestamp() == 1_800_000_000.5
    assert told.utcoffset() is not None


@pytest.mark.parametrize("state", [Synchronised.NO, Synchronised.UNKNOWN])
def test_a_clock_that_may_be_wrong_is_not_passed_on(state: Synchronised) -> None:
    assert local_time(HandClock(), lambda: state) is None


def test_a_zone_that_is_set_later_is_told(set_zone: Callable[[str], None]) -> None:
    for zone, hours in (("JST-9", 9), ("EST5", -5)):
        set_zone(zone)
        told = local_time(HandClock(), lambda: Synchronised.YES)
        assert told is not None
        assert told.utcoffset() == timedelta(hours=hours)

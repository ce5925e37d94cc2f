"""How well a watch is heard is told of the last minute, not of all that ever was."""

from edge.clock import HostNs, nanoseconds
from edge.page_reach import Reach


def at(s: float) -> HostNs:
    return HostNs(nanoseconds(s))


def test_a_share_is_told_of_enough_packets() -> None:
    reach = Reach()
    assert reach.take(at(0), 500, 100) is None
    assert reach.take(at(1), 510, 100) is None
    assert reach.take(at(2), 518, 102) == 0.1


def test_an_outage_is_over_a_minute_after_its_end() -> None:
    reach = Reach()
    reach.take(at(0), 1000, 0)
    share = reach.take(at(10), 1010, 400)
    assert share is not None
    assert share > 0.9
    for s in range(11, 75):
        share = reach.take(at(s), 1010 + 10 * (s - 10), 400)
    assert share == 0.0


def test_another_watch_begins_anew() -> None:
    reach = Reach()
    reach.take(at(0), 1000, 900)
    assert reach.take(at(1), 5, 0) is None
    assert reach.take(at(3), 30, 0) == 0.0

"""Samples held for the page: bounded, rounded, one row an axis."""

import numpy as np

from edge.clock import HostNs
from edge.flow import Channel, Samples
from edge.panel.tap import MOST, Tap
from tests.edge.panel.looked_at import pulse


def test_runs_of_a_channel_become_one_bunch() -> None:
    tap = Tap()
    tap.put(pulse(1000, 1.04, 2.0))
    tap.put(pulse(1031, 3.0))
    bunch = tap.take()["pulse"]
    assert bunch.t == [1000, 1015, 1031]
    assert bunch.v == [[1.0, 2.0, 3.0]]
    assert not bunch.gap
    assert tap.take() == {}


def test_motion_has_three_rows_and_battery_is_no_signal() -> None:
    tap = Tap()
    times = np.array([5_000_000_000, 5_100_000_000], np.int64)
    xyz = np.array([[0.1, 0.2, 0.3], [1.0, 2.0, 3.00049]], np.float32)
    tap.put(Samples(Channel.MOTION, times, xyz, 10.0, HostNs(0), gap=True))
    tap.put(Samples(Channel.BATTERY, times[:1], np.array([80.0], np.float32), 0.0, HostNs(0)))
    taken = tap.take()
    assert taken.keys() == {"motion"}
    assert taken["motion"].v == [[0.1, 1.0], [0.2, 2.0], [0.3, 3.0]]
    assert taken["motion"].gap


def test_when_nobody_takes_the_oldest_leave_and_are_counted() -> None:
    tap = Tap()
    for k in range(100):
        tap.put(pulse(k * 1000, *range(64)))
    bunch = tap.take()["pulse"]
    assert len(bunch.t) <= MOST
    assert bunch.t[-1] == 99_984
    assert tap.dropped["pulse"] == 6400 - len(bunch.t)


def test_one_run_longer_than_all_that_may_be_held_is_cut() -> None:
    tap = Tap()
    tap.put(pulse(0, *range(MOST + 10)))
    assert len(tap.take()["pulse"].t) == MOST

"""A device's clock is learned within milliseconds, through jitter, drift and restarts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import SECOND, StreamNs
from edge.sensing.timesync import TimeSync

MS = 1_000_000


def run(sync: TimeSync, drift: float, offset_ns: int, seconds: int, jitter_ms: float, seed: int = 1) -> float:
    """Feed 4 packets a second with exponential delay; return the error at the end in ms."""
    rng = np.random.default_rng(seed)
    for k in range(seconds * 4):
        true = k * SECOND // 4
        device = round(true * (1 + drift))
        sync.observe(device, StreamNs(true + offset_ns + 5 * MS + round(rng.exponential(jitter_ms) * MS)))
    true = seconds * SECOND
    return (sync.time_of(round(true * (1 + drift))) - (true + offset_ns)) / MS


@pytest.mark.parametrize("drift", [-100e-6, 0.0, 40e-6, 200e-6])
def test_drift_and_offset_are_learned_through_jitter(drift: float) -> None:
    sync = TimeSync()
    error = run(sync, drift, offset_ns=123 * SECOND, seconds=280, jitter_ms=20)
    assert 0 < error < 15, "the least delay of 5 ms stays in; jitter of 20 ms must not"
    assert sync.estimate.drift_ppm == pytest.approx(-drift * 1e6, abs=30)


def test_the_first_packet_already_gives_a_time() -> None:
    sync = TimeSync()
    sync.observe(0, StreamNs(7 * SECOND))
    assert sync.time_of(SECOND) == 8 * SECOND


def test_no_packet_no_time() -> None:
    with pytest.raises(LookupError, match="no packet"):
        TimeSync().time_of(0)


def test_a_restarted_device_is_learned_anew_and_said_once() -> None:
    sync = TimeSync()
    run(sync, 0.0, 0, seconds=60, jitter_ms=1)
    jumps = [sync.observe(k * SECOND, StreamNs((60 + k) * SECOND)) for k in range(6)]
    assert jumps.count(True) == 1
    assert sync.steps == 1
    assert sync.time_of(5 * SECOND) == 65 * SECOND


def test_one_late_packet_changes_nothing() -> None:
    sync = TimeSync()
    run(sync, 0.0, 0, seconds=60, jitter_ms=1)
    before = sync.time_of(61 * SECOND)
    assert not sync.observe(60 * SECOND, StreamNs(70 * SECOND))
    assert sync.time_of(61 * SECOND) == before


def test_a_packet_that_may_be_of_a_clock_set_back_is_undecided() -> None:
    sync = TimeSync()
    run(sync, 0.0, 0, seconds=60, jitter_ms=1)
    sync.observe(30 * SECOND, StreamNs(61 * SECOND))
    assert (sync.undecided(goes_on=False), sync.undecided(goes_on=True)) == (True, False)
    sync.observe(61 * SECOND, StreamNs(61 * SECOND))
    assert not sync.undecided(goes_on=False), "it was a packet that lost its way"


def test_no_packet_is_late_by_hours() -> None:
    sync = TimeSync()
    run(sync, 0.0, 0, seconds=60, jitter_ms=1)
    sync.observe(61 * SECOND, StreamNs(600 * SECOND))
    assert not sync.undecided(goes_on=True)
    sync.observe(62 * SECOND, StreamNs(7200 * SECOND))
    assert sync.undecided(goes_on=True)


class Device:
    """A clock that sends four packets a second, over a link that can stall; all times in seconds."""

    def __init__(self, delay_ms: float = 20.0, seed: int = 1) -> None:
        self.sync = TimeSync()
        self.jumps = 0
        self.t_s = 0.0
        self.set_s = 0.0
        """By how much the device's clock was set ahead."""
        self._waiting: list[tuple[float, float]] = []
        self._delay_ms = delay_ms
        self._chance = np.random.default_rng(seed)

    def send(self, s: float, *, stalls: bool = False, drains: float = np.inf) -> None:
        """Live on for so long. What a stall held back comes first when it is over, ``drains`` times as fast as life."""
        until_s = self.t_s + s
        while self.t_s < until_s:
            self.t_s += 0.25
            self._waiting.append((self.t_s + self.set_s, self.t_s))
            if stalls:
                continue
            for tick_s, _ in self._drained(drains):
                self.arrive(tick_s)

    def arrive(self, tick_s: float) -> None:
        """Have one packet arrive now."""
        delay_s = self._chance.exponential(self._delay_ms) / 1000
        self.jumps += self.sync.observe(round(tick_s * SECOND), StreamNs(round((self.t_s + delay_s) * SECOND)))

    def error_ms(self) -> float:
        """How wrong the time of a sample taken now is."""
        return (self.sync.time_of(round((self.t_s + self.set_s) * SECOND)) - self.t_s * SECOND) / MS

    def _drained(self, drains: float) -> list[tuple[float, float]]:
        many = len(self._waiting) if np.isinf(drains) else round(drains)
        gone, self._waiting = self._waiting[:many], self._waiting[many:]
        return gone


@pytest.mark.parametrize("stall_s", [3, 10, 60, 600])
def test_a_burst_after_a_stall_is_late_and_no_step(stall_s: float) -> None:
    device = Device()
    device.send(60)
    device.send(stall_s, stalls=True)
    device.send(10)
    assert device.jumps == 0
    assert abs(device.error_ms()) < 30


def test_a_stall_that_drains_slowly_is_no_step() -> None:
    device = Device()
    device.send(60)
    device.send(60, stalls=True)
    device.send(80, drains=2)
    assert device.jumps == 0
    assert abs(device.error_ms()) < 30


def test_a_clock_set_back_is_learned_anew_within_a_second() -> None:
    device = Device()
    device.send(60)
    device.set_s = -5
    device.send(1)
    assert device.jumps == 1
    device.send(10)
    assert device.jumps == 1
    assert abs(device.error_ms()) < 30


def test_a_clock_set_ahead_is_learned_anew_within_a_second() -> None:
    device = Device()
    device.send(60)
    device.set_s = 5
    device.send(0.25)
    assert device.sync.early, "nothing arrives before it was sent"
    device.send(0.75)
    assert not device.sync.early
    assert device.jumps == 1
    assert abs(device.error_ms()) < 60


def test_a_clock_set_back_in_a_long_silence_is_a_step_once_it_stays_behind() -> None:
    device = Device()
    device.send(60)
    device.t_s += 8
    device.set_s = -5
    device.send(3)
    assert device.jumps == 0, "so far it may be a link that is five seconds behind"
    device.send(15)
    assert device.jumps == 1
    assert abs(device.error_ms()) < 30


@pytest.mark.parametrize("set_s", [-50, -5, 5, 500])
def test_a_clock_set_during_a_stall_is_learned_once_the_burst_is_over(set_s: float) -> None:
    device = Device()
    device.send(60)
    device.send(8, stalls=True)
    device.set_s = set_s
    device.send(8, stalls=True)
    device.send(40)
    assert device.jumps == 1
    assert abs(device.error_ms()) < 30


def test_old_packets_that_lost_their_way_are_no_step() -> None:
    device = Device()
    device.send(60)
    for _ in range(40):
        for late_s in (9, 6, 3):
            device.arrive(device.t_s - late_s)
        device.send(0.25)
    assert device.jumps == 0


def test_old_packets_on_a_link_that_lags_are_no_step() -> None:
    device = Device()
    device.send(60)
    device.send(5, stalls=True)
    for _ in range(16):
        device.send(0.25, drains=1)
        device.arrive(device.t_s - 9)
    device.send(10)
    assert device.jumps == 0


@given(
    st.lists(st.tuples(st.floats(0, 20), st.floats(0, 20), st.sampled_from([2, 3, np.inf])), max_size=8),
    st.integers(0, 99),
)
def test_no_row_of_stalls_is_a_step(stalls: list[tuple[float, float, float]], seed: int) -> None:
    device = Device(seed=seed)
    device.send(10)
    for stalled_s, well_s, drains in stalls:
        device.send(stalled_s, stalls=True)
        device.send(well_s, drains=drains)
    device.send(30)
    assert device.jumps == 0
    assert abs(device.error_ms()) < 60

"""A device's clock is learned within milliseconds, through jitter, drift and restarts."""

import numpy as np
import pytest

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

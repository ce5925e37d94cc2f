"""Faults on demand: each does what it says, and the same seed does the same."""

from itertools import islice

import pytest

from firmware_bridge.codec import decode
from firmware_bridge.counters import Order, Sequence
from firmware_bridge.messages import Battery
from firmware_bridge.virtual.faults import Faults, afflict
from firmware_bridge.virtual.personality import Spoken
from firmware_bridge.virtual.watch import Watch
from firmware_bridge.virtual.wearer import wear

PACKETS = list(Watch().speak(list(islice(wear(1), 60))))


def test_no_faults_change_nothing():
    assert list(afflict(PACKETS, Faults())) == PACKETS


def test_the_same_seed_does_the_same():
    faults = Faults(drop=0.1, duplicate=0.1, reorder=0.1, truncate=0.1, garbage=0.1, seed=5)
    assert list(afflict(PACKETS, faults)) == list(afflict(PACKETS, faults))


def test_drop():
    assert list(afflict(PACKETS, Faults(drop=1))) == []
    assert 0.7 < len(list(afflict(PACKETS, Faults(drop=0.2)))) / len(PACKETS) < 0.9


def test_duplicate():
    heard = list(afflict(PACKETS, Faults(duplicate=1)))
    assert heard[::2] == heard[1::2] == PACKETS


def test_reorder_swaps_neighbours_and_loses_nothing():
    numbered = [Spoken(n, "stream", n.to_bytes(2, "little")) for n in range(1000)]
    sequence = Sequence(16)
    orders = [sequence.see(int.from_bytes(p.payload, "little")).order for p in afflict(numbered, Faults(reorder=0.2))]
    assert orders.count(Order.LATE) > 100
    assert (sequence.received, sequence.lost) == (1000, 0)


def test_times_never_run_backwards():
    times = [p.at_ns for p in afflict(PACKETS, Faults(reorder=0.5, duplicate=0.2))]
    assert times == sorted(times)


@pytest.mark.parametrize("faults", [Faults(truncate=1), Faults(garbage=1)], ids=["truncate", "garbage"])
def test_truncate_and_garbage_change_the_bytes(faults: Faults):
    assert all(heard.payload != said.payload for heard, said in zip(afflict(PACKETS, faults), PACKETS, strict=True))


def test_silence_is_between_its_seconds():
    heard = [p.at_ns / 1e9 for p in afflict(PACKETS, Faults(silence_s=(10, 20)))]
    assert not any(10 <= s < 20 for s in heard)
    assert any(s >= 20 for s in heard)


def test_an_empty_battery_is_said_and_then_there_is_silence():
    heard = list(afflict(PACKETS, Faults(empty_s=20)))
    assert heard[:-1] == [p for p in PACKETS if p.at_ns < 20e9]
    assert decode(heard[-1].source, heard[-1].payload) == Battery(0)

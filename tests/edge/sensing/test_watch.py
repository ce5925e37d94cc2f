"""Packets become samples on stream time; what is wrong is counted and never raised."""

import random
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import HostNs, nanoseconds
from edge.flow import Channel, Samples
from edge.sensing.timesync import ARRIVAL_NS
from edge.sensing.watch import Watch
from firmware_bridge import gatt
from firmware_bridge.codec import encode
from firmware_bridge.links import Packet
from firmware_bridge.messages import (
    Battery,
    E4Sample,
    E4Stream,
    HeartRate,
    Message,
    Motion,
    MovesenseHeartRate,
    PolarBeat,
    PolarEcg,
    PolarHead,
    PolarIntervals,
    Pulse,
    SkinConductance,
    Stamp,
)
from tests.fakes.clock import HandClock
from tests.vectors.reading import vectors

RATE = 64 * 32


def packet(message: Message, at_s: float) -> Packet:
    source, payload = encode(message)
    return Packet(source, payload, nanoseconds(at_s))


def pulse(sequence: int, tick_ms: int, n: int = 16) -> Pulse:
    return Pulse(Stamp(sequence, tick_ms, RATE), tuple(range(n)))


def test_samples_are_spaced_by_the_rate_and_anchored_at_arrival() -> None:
    watch = Watch(HandClock())
    (samples,) = watch.feed(packet(pulse(0, 1000), at_s=10.0))
    assert samples.channel is Channel.PULSE
    assert samples.received == HostNs(nanoseconds(10.0))
    assert np.diff(samples.times).tolist() == [15_625_000] * 15
    assert abs(int(samples.times[-1]) - nanoseconds(10.0)) < 1_000_000, "the last sample was taken just before arrival"


def test_consecutive_packets_leave_no_seam() -> None:
    watch = Watch(HandClock())
    (first,) = watch.feed(packet(pulse(0, 1000), 10.0))
    (second,) = watch.feed(packet(pulse(1, 1250), 10.25))
    assert int(second.times[0] - first.times[-1]) == 15_625_000
    assert not second.gap


def test_a_lost_packet_is_a_gap_and_a_duplicate_is_dropped() -> None:
    watch = Watch(HandClock())
    watch.feed(packet(pulse(0, 0), 1.0))
    (after,) = watch.feed(packet(pulse(2, 500), 1.5))
    assert after.gap
    assert watch.feed(packet(pulse(2, 500), 1.6)) == []
    assert watch.counts["lost"] == 1
    assert watch.counts["duplicate"] == 1


def test_the_sequence_wraps_without_a_gap() -> None:
    watch = Watch(HandClock())
    watch.feed(packet(pulse(0xFFFF, 0), 1.0))
    (after,) = watch.feed(packet(pulse(0, 250), 1.25))
    assert not after.gap


def test_units_are_clinical() -> None:
    watch = Watch(HandClock())
    stamp = Stamp(0, 0, 4 * 32)
    (skin,) = watch.feed(packet(SkinConductance(stamp, (1500,)), 1.0))
    (motion,) = watch.feed(packet(Motion(stamp, ((0, -4096, 2048),)), 1.0))
    (battery,) = watch.feed(packet(Battery(87), 1.0))
    assert skin.values.tolist() == [1.5]
    assert motion.values.tolist() == [[0.0, -1.0, 0.5]]
    assert battery.values.tolist() == [87.0]


def beats(samples: list[Samples]) -> Samples:
    (found,) = [s for s in samples if s.channel is Channel.BEAT_INTERVAL]
    return found


def test_beat_times_are_summed_intervals_not_arrivals() -> None:
    watch = Watch(HandClock())
    first = beats(watch.feed(packet(HeartRate(60, True, rr_1024=(1024,)), 10.0)))
    second = beats(watch.feed(packet(HeartRate(60, True, rr_1024=(512, 512)), 11.3)))
    assert np.diff(np.concatenate([first.times, second.times])).tolist() == [500_000_000, 500_000_000]
    late = beats(watch.feed(packet(HeartRate(60, True, rr_1024=(1024,)), 20.0)))
    assert late.gap, "beats were lost in between, so the row starts anew"
    assert int(late.times[0]) == nanoseconds(20.0)


def test_beats_that_come_by_two_ways_are_counted_once() -> None:
    watch = Watch(HandClock())
    own = [s for k in range(20) for s in watch.feed(packet(MovesenseHeartRate(60.0, (1000,)), 10.0 + k))]
    twice = Watch(HandClock())
    both: list[Samples] = []
    for k in range(20):
        both += twice.feed(packet(MovesenseHeartRate(60.0, (1000,)), 10.0 + k))
        (rate,) = twice.feed(packet(HeartRate(60, rr_1024=(1024,)), 10.02 + k))
        assert rate.channel is Channel.HEART_RATE, "a heart rate may come twice, a beat may not"
    assert [s.times.tolist() for s in both] == [s.times.tolist() for s in own]


def test_where_one_way_falls_silent_the_other_is_taken() -> None:
    watch = Watch(HandClock())
    watch.feed(packet(MovesenseHeartRate(60.0, (1000,)), 10.0))
    assert len(watch.feed(packet(HeartRate(60, rr_1024=(1024,)), 19.9))) == 1
    anew = beats(watch.feed(packet(HeartRate(60, rr_1024=(1024,)), 20.0)))
    assert (anew.gap, int(anew.times[0])) == (True, nanoseconds(20.0))
    assert len(watch.feed(packet(MovesenseHeartRate(60.0, (1000,)), 20.5))) == 1


@pytest.mark.parametrize("number", ["1e300", "-1e300", "1e11", "-4e9", "4e9"])
def test_an_e4_line_with_a_wild_number_harms_nothing(number: str) -> None:
    watch = Watch(HandClock())
    for k, line in enumerate((f"E4_Ibi {number} {number}", f"E4_Gsr {number} 0.5", "E4_Ibi 1.7e9 0.8") * 2):
        watch.feed(Packet(gatt.E4_LINES, line.encode(), nanoseconds(1.0 + k)))
    assert watch.counts["garbage"] == (2 if number == "4e9" else 4)  # a time of the year 2096 is one


def test_no_contact_no_heart() -> None:
    watch = Watch(HandClock())
    assert watch.feed(packet(HeartRate(72, contact=False, rr_1024=(1024,)), 1.0)) == []
    assert watch.feed(packet(HeartRate(0), 1.0)) == [], "0 bpm means: no reading"


@given(st.sampled_from([gatt.STREAM, gatt.HEART_RATE_MEASUREMENT, "stream", "?"]), st.binary(max_size=40))
def test_garbage_is_counted_and_dropped(source: str, payload: bytes) -> None:
    watch = Watch(HandClock())
    watch.feed(Packet(source, payload, 1))
    assert watch.counts["packets"] == 1


def test_a_flipped_bit_fails_the_checksum() -> None:
    watch = Watch(HandClock())
    good = packet(pulse(0, 0), 1.0)
    bad = bytes([*good.payload[:12], good.payload[12] ^ 1, *good.payload[13:]])
    assert watch.feed(Packet(good.source, bad, 1)) == []
    assert watch.counts["garbage"] == 1


def test_polar_frames_teach_their_rate() -> None:
    watch, second = Watch(HandClock()), 1_000_000_000
    head = 800_000_000 * second

    def ecg(k: int) -> PolarEcg:
        return PolarEcg(PolarHead(head + k * second // 2, 0), tuple(range(65)))

    assert watch.feed(packet(ecg(0), 1.0)) == [], "one frame alone does not say how fast it was sampled"
    (samples,) = watch.feed(packet(ecg(1), 1.5))
    assert samples.channel is Channel.ECG
    assert samples.rate_hz == 130.0
    assert abs(int(samples.times[-1]) - nanoseconds(1.5)) < 1_000_000, "the stamp is that of the last sample"


def test_polar_beats_that_moved_are_left_out() -> None:
    watch = Watch(HandClock())
    beats_ = (PolarBeat(75, 800, 10, 0b110), PolarBeat(75, 300, 10, 0b111), PolarBeat(75, 810, 10, 0b110))
    found = beats(watch.feed(packet(PolarIntervals(PolarHead(0, 0), beats_), 5.0)))
    assert found.values.tolist() == [800.0, 810.0]


def test_an_e4_line_is_in_the_units_the_networks_learned_on() -> None:
    watch = Watch(HandClock())
    (motion,) = watch.feed(packet(E4Sample(E4Stream.ACCELERATION, 1.6e9, (64.0, 0.0, -32.0)), 1.0))
    (pulse_,) = watch.feed(packet(E4Sample(E4Stream.PULSE, 1.6e9, (12.5,)), 1.0))
    assert motion.values.tolist() == [[1.0, 0.0, -0.5]]
    assert pulse_.values.tolist() == [1250.0]
    assert pulse_.rate_hz == 64.0


def test_a_watch_that_starts_anew_ahead_of_itself_tells_nothing_from_the_future() -> None:
    watch = Watch(HandClock())
    for k in range(4):
        watch.feed(packet(pulse(k, 250 * k), 0.25 * k))
    told = [watch.feed(packet(pulse(4 + k, 3_600_000 + 250 * k), 1 + 0.25 * k)) for k in range(4)]
    assert [len(samples) for samples in told] == [0, 0, 1, 1]
    assert watch.counts["early"] == 2
    assert told[2][0].gap
    assert told[3][0].times[-1] <= nanoseconds(1.75)


def test_a_burst_after_a_stall_is_where_it_belongs() -> None:
    watch = Watch(HandClock())
    times = [
        time
        for k in range(80)
        for samples in watch.feed(packet(pulse(k, 250 * k), 15.0 if 20 <= k < 60 else 0.25 * (k + 1)))
        for time in samples.times.tolist()
    ]
    assert set(np.diff(times).tolist()) == {15_625_000}
    assert watch.device_clock.buckets > 2


def test_a_time_told_by_arrival_is_never_called_exact() -> None:
    watch = Watch(HandClock())
    rate, row = watch.feed(packet(HeartRate(60, True, rr_1024=(1024,)), 10.0))
    (battery,) = watch.feed(packet(Battery(87), 10.0))
    assert {samples.uncertainty_ns for samples in (rate, row, battery)} == {ARRIVAL_NS}
    # A beat later, by its interval, but a second and a half later by its arrival: one of both is that far off.
    late = beats(watch.feed(packet(HeartRate(60, True, rr_1024=(1024,)), 12.5)))
    assert (late.gap, late.uncertainty_ns) == (False, nanoseconds(1.5))
    anew = beats(watch.feed(packet(HeartRate(60, True, rr_1024=(1024,)), 20.0)))
    assert (anew.gap, anew.uncertainty_ns) == (True, ARRIVAL_NS)


def test_a_stamped_time_is_surer_once_the_clock_is_known() -> None:
    watch = Watch(HandClock())
    told = [
        samples.uncertainty_ns
        for k in range(60)
        for samples in watch.feed(packet(pulse(k, 250 * k), 10 + 0.25 * k + 0.004 * (k % 3)))
    ]
    assert told[0] == ARRIVAL_NS, "one packet says nothing of how late it was"
    assert 0 < told[-1] < 20_000_000


@pytest.mark.parametrize("seed", range(20))
def test_a_spoilt_packet_of_any_device_brings_sensible_samples_or_is_counted(seed: int) -> None:
    chance, watch, clock = random.Random(seed), Watch(HandClock()), 0
    said = [vector for vector in vectors() if not vector.command]
    for _ in range(500):
        vector = chance.choice(said)
        spoilt = bytearray(vector.payload or b"\0")
        for _ in range(chance.randrange(3)):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        clock += nanoseconds(chance.random())
        for samples in watch.feed(Packet(vector.source, bytes(spoilt), clock)):
            assert len(samples.times) == len(samples.values)
            assert samples.channel is Channel.EEG or np.isfinite(samples.values).all()
            if samples.channel is Channel.HEART_RATE:
                assert 0 <= samples.values.min() <= samples.values.max() <= 0xFFFF


def test_a_clock_that_leaps_by_centuries_ends_nothing() -> None:
    watch = Watch(HandClock())
    for at_s, time_ns in enumerate((2**64 - 10**9, 2**64 - 1, 10**9, 2 * 10**9, 2**62, 10**9)):
        payload = struct.pack("<BQB", 0, time_ns, 0) + bytes(9)
        watch.feed(Packet(gatt.POLAR_DATA, payload, nanoseconds(at_s)))
    assert watch.counts["garbage"] == 2

"""The virtual watch speaks every sample of its wearer, in order, in our bytes."""

from collections import defaultdict
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from firmware_bridge import codec
from firmware_bridge.messages import (
    DEFAULT_RATE,
    Battery,
    HeartRate,
    Message,
    Motion,
    Pulse,
    RateCommand,
    SkinConductance,
    SkinTemperature,
    StreamChannel,
)
from firmware_bridge.virtual.second import Second
from firmware_bridge.virtual.watch import Watch
from firmware_bridge.virtual.wearer import wear


def spoken(watch: Watch, seconds: list[Second]) -> dict[type[Message], list[Message]]:
    said: dict[type[Message], list[Message]] = defaultdict(list)
    for packet in watch.speak(seconds):
        message = codec.decode(packet.source, packet.payload)
        said[type(message)].append(message)
    return said


def still(**changed: float) -> Second:
    return Second(
        pulse=np.full(64, changed.get("pulse", 0.0)),
        skin_conductance_us=np.full(4, changed.get("skin_conductance_us", 1.0)),
        skin_temperature_c=np.full(4, changed.get("skin_temperature_c", 33.0)),
        motion_g=np.full((32, 3), changed.get("motion_g", 0.0)),
        heart_bpm=changed.get("heart_bpm", 60.0),
        worn=bool(changed.get("worn", 1)),
    )


def test_every_sample_is_spoken_once_in_order():
    seconds = list(islice(wear(1), 130))
    said = spoken(Watch(), seconds)
    pulse = np.array([c for m in said[Pulse] if isinstance(m, Pulse) for c in m.counts])
    assert np.array_equal(pulse, np.rint(np.concatenate([s.pulse for s in seconds]) * 100))
    motion = np.array([xyz for m in said[Motion] if isinstance(m, Motion) for xyz in m.xyz])
    assert np.array_equal(motion, np.rint(np.concatenate([s.motion_g for s in seconds]) * 4096))
    assert len(said[SkinConductance]) == len(said[SkinTemperature]) == len(said[HeartRate]) == 130
    assert len(said[Battery]) == 3


def test_packets_come_in_the_order_of_watch_time_with_their_last_sample():
    packets = list(Watch().speak(list(islice(wear(1), 5))))
    times = [packet.at_ns for packet in packets]
    assert times == sorted(times)
    pulse = [p.at_ns for p in packets if p.payload[0] == 3 and p.source == codec.gatt.STREAM]
    assert pulse[:5] == [234_375_000, 484_375_000, 734_375_000, 984_375_000, 1_234_375_000]


def test_ticks_and_sequence_numbers_wrap():
    watch = Watch(boot_ms=2**32 - 500)
    ticks = [m.stamp.tick_ms for m in spoken(watch, [still()] * 2)[Pulse] if isinstance(m, Pulse)]
    assert ticks[:4] == [2**32 - 500, 2**32 - 250, 0, 250]
    sequences = [m.stamp.sequence for m in spoken(watch, [still()] * 16400)[Pulse] if isinstance(m, Pulse)]
    assert 65535 in sequences
    assert max(sequences) == 65535


def test_values_beyond_their_range_stick_at_its_end():
    said = spoken(Watch(), [still(pulse=1e9, skin_conductance_us=-1, skin_temperature_c=382.21, motion_g=-9)])
    pulse, skin, warm, motion = (said[kind][0] for kind in (Pulse, SkinConductance, SkinTemperature, Motion))
    assert isinstance(pulse, Pulse)
    assert isinstance(skin, SkinConductance)
    assert isinstance(warm, SkinTemperature)
    assert isinstance(motion, Motion)
    assert (pulse.counts[0], skin.nanosiemens[0], warm.centidegrees[0]) == (2**23 - 1, 0, 32767)
    assert motion.xyz[0] == (-32768, -32768, -32768)


def test_off_the_wrist_the_watch_says_so_and_an_unknown_rate_is_not_said():
    assert spoken(Watch(), [still(worn=0)])[HeartRate] == [HeartRate(0, contact=False)]
    assert HeartRate not in spoken(Watch(), [replace(still(), heart_bpm=None)])


@pytest.mark.parametrize(("hz", "packets", "samples"), [(64, 4, 16), (32, 2, 16), (16, 1, 16), (8, 1, 8)])
def test_a_rate_command_is_obeyed(hz: int, packets: int, samples: int):
    watch = Watch()
    assert watch.obey(RateCommand(StreamChannel.PULSE, hz * 32))
    said = [m for m in spoken(watch, [still()])[Pulse] if isinstance(m, Pulse)]
    assert (len(said), len(said[0].counts), said[0].stamp.rate_hz) == (packets, samples, hz)


def test_stop_all_default_all_and_a_rate_that_is_not_there():
    watch = Watch()
    assert watch.obey(RateCommand(StreamChannel.ALL, 0))
    assert set(spoken(watch, [still()])) == {Battery, HeartRate}
    assert watch.obey(RateCommand(StreamChannel.ALL, DEFAULT_RATE))
    assert Pulse in spoken(watch, [still()])
    assert not watch.obey(RateCommand(StreamChannel.PULSE, 100 * 32))

"""A headband's electrodes stand side by side on stream time, whatever was lost."""

from collections import Counter
from itertools import islice

import numpy as np
import pytest

from edge.clock import HostNs, nanoseconds
from edge.flow import Channel, Samples
from edge.sensing.headband import ELECTRODES, Headband
from edge.sensing.timesync import ARRIVAL_NS, TICK_NS
from edge.sensing.watch import Watch
from firmware_bridge import gatt
from firmware_bridge.links import Packet
from firmware_bridge.messages import MuseAcceleration, MuseEeg, MuseElectrode, MuseLight, MusePpg
from firmware_bridge.virtual.muse import Muse
from firmware_bridge.virtual.wearer import wear
from tests.fakes.clock import HandClock

PERIOD_S = 12 / 256


def at(s: float) -> HostNs:
    return HostNs(nanoseconds(s))


def eeg(index: int, electrode: MuseElectrode, raw: int = 2048) -> MuseEeg:
    return MuseEeg(electrode, index % 65536, (raw,) * 12)


def moment(band: Headband, index: int, *, without: MuseElectrode | None = None) -> list[Samples]:
    made: list[Samples] = []
    for k, electrode in enumerate(ELECTRODES):
        if electrode is not without:
            made += band.feed(eeg(index, electrode, 2048 + 10 * k), at(1 + (index + 1) * PERIOD_S))
    return made


def test_electrodes_stand_side_by_side_in_microvolts() -> None:
    (samples,) = moment(Headband(HandClock(), Counter()), 0)
    assert (samples.channel, samples.rate_hz, samples.values.shape) == (Channel.EEG, 256.0, (12, 4))
    assert samples.values[0] == pytest.approx([0, 4.8828125, 9.765625, 14.6484375])


def test_numbers_that_wrap_leave_no_hole() -> None:
    band = Headband(HandClock(), Counter())
    made = [samples for index in range(65530, 65542) for samples in moment(band, index)]
    assert not any(samples.gap for samples in made)
    steps = np.diff(np.concatenate([samples.times for samples in made])) / 1e9
    assert steps == pytest.approx(1 / 256, abs=2e-4)


def test_an_electrode_that_is_lost_is_no_number_and_the_others_stay() -> None:
    counts = Counter[str]()
    band = Headband(HandClock(), counts)
    moment(band, 0)
    assert moment(band, 1, without=MuseElectrode.AF8) == []
    lame, whole = moment(band, 2)
    assert np.isnan(lame.values).all(axis=0).tolist() == [False, False, True, False]
    assert lame.times[-1] < whole.times[0]
    assert not np.isnan(whole.values).any()
    assert not counts["lost"]


def test_an_electrode_that_is_off_holds_up_the_others_for_moments_only() -> None:
    band = Headband(HandClock(), Counter())
    made = [samples for index in range(65530, 65550) for samples in moment(band, index, without=MuseElectrode.TP9)]
    assert len(made) == 17
    assert np.isnan(made[-1].values).all(axis=0).tolist() == [True, False, False, False]
    assert band.feed(eeg(5, MuseElectrode.RIGHT_AUX), at(2)) == []


def test_a_moment_that_is_lost_is_a_gap_and_counted() -> None:
    counts = Counter[str]()
    band = Headband(HandClock(), counts)
    moment(band, 0)
    (after,) = moment(band, 3)
    assert (after.gap, counts["lost"]) == (True, 2)
    assert moment(band, 3) == []
    assert counts["duplicate"] == 1


def test_a_moment_that_comes_late_is_lost_no_more() -> None:
    counts = Counter[str]()
    band = Headband(HandClock(), counts)
    for index in (1, 3, 2, 4):
        band.feed(MuseAcceleration(index, ((16384, 0, 0),) * 3), at(1 + index * 3 / 52))
    assert (counts["lost"], counts["late"]) == (0, 1)


def test_numbers_after_hours_may_be_another_turns() -> None:
    counts = Counter[str]()
    band = Headband(HandClock(), counts)
    for index in range(100):
        moment(band, index)
    made = [
        samples
        for index in range(200, 600)
        for electrode in ELECTRODES
        for samples in band.feed(eeg(index, electrode), at(7200 + (index + 1) * PERIOD_S))
    ]
    assert counts["untold"] == pytest.approx(5 / PERIOD_S, abs=5), "so long it may be a link that catches up"
    assert made[0].gap
    assert made[-1].times[-1] == pytest.approx(at(7200 + 600 * PERIOD_S), abs=1_000_000)


def test_infrared_is_the_pulse_turned_round_and_other_light_is_none() -> None:
    band = Headband(HandClock(), Counter())
    (pulse,) = band.feed(MusePpg(MuseLight.INFRARED, 7, (5, 4, 3, 2, 1, 0)), at(1))
    assert (pulse.channel, pulse.values.tolist()) == (Channel.PULSE, [-5, -4, -3, -2, -1, 0])
    assert band.feed(MusePpg(MuseLight.RED, 7, (5, 4, 3, 2, 1, 0)), at(1)) == []
    (motion,) = band.feed(MuseAcceleration(9, ((16384, 0, 0),) * 3), at(1))
    assert (motion.channel, motion.values[0].tolist()) == (Channel.MOTION, [1.0, 0.0, 0.0])


def test_the_virtual_headband_is_heard_whole() -> None:
    watch, muse, clock = Watch(HandClock()), Muse(), Counter[str]()
    for command in (b"\x04p50\n", b"\x02d\n"):
        muse.write(gatt.MUSE_CONTROL, command)
    for said in muse.speak(islice(wear(1), 20)):
        for samples in watch.feed(Packet(said.source, said.payload, said.at_ns)):
            clock[samples.channel.value] += len(samples.times)
    assert clock["eeg"] == pytest.approx(20 * 256, abs=24)
    assert clock["pulse"] == pytest.approx(20 * 64, abs=12)
    assert clock["motion"] == pytest.approx(20 * 52, abs=6)
    assert clock["battery"] == 2
    assert not watch.counts["garbage"] + watch.counts["lost"]
    assert watch.device_clock.buckets


def test_numbers_that_begin_anew_after_a_silence_are_of_now() -> None:
    band = Headband(HandClock(), Counter())
    for index in range(200, 240):
        moment(band, index)
    made = [
        samples
        for index in range(5)
        for electrode in ELECTRODES
        for samples in band.feed(eeg(index, electrode), at(100 + (index + 1) * PERIOD_S))
    ]
    assert made[0].gap
    assert made[-1].times[-1] == at(100 + 5 * PERIOD_S)


def test_the_times_of_a_headband_are_never_called_exact() -> None:
    band = Headband(HandClock(), Counter())
    made = [samples.uncertainty_ns for index in range(500) for samples in moment(band, index)]
    assert made[0] == ARRIVAL_NS
    assert made[-1] == TICK_NS, "these packets come evenly, but nobody knows a time better than this"


def test_half_a_moment_from_before_the_numbers_began_anew_is_not_mixed_in() -> None:
    band = Headband(HandClock(), Counter())
    for index in range(100):
        moment(band, index)
    moment(band, 100, without=MuseElectrode.TP10)
    made = [samples for index in range(100) for samples in moment(band, index)]
    assert band.feed(eeg(100, MuseElectrode.TP10, 999), at(9)) == [], "three electrodes of it are of the time before"
    assert len(made) == 100

"""What a message measures has the unit and the direction that the networks learned on."""

import struct
from itertools import islice

import numpy as np
import pytest

from edge.flow import Channel
from edge.sensing.runs import factor_g, runs
from edge.sensing.watch import Watch
from firmware_bridge.codec import encode
from firmware_bridge.devices.polar import POLAR_VERITY
from firmware_bridge.links import Packet
from firmware_bridge.messages import (
    Message,
    PolarAcceleration,
    PolarAnswer,
    PolarHead,
    PolarMeasurement,
    PolarOperation,
    PolarPpg,
    PolarSetting,
    PolarSettingKind,
    PolarStatus,
)
from firmware_bridge.virtual.polar import PolarSensor
from firmware_bridge.virtual.wearer import wear
from tests.fakes.clock import HandClock

COUNTED = PolarAcceleration(PolarHead(0, 0, ()), ((0, -4096, 2048),))
"""Compressed, type 0: counts of the sensor."""
EIGHT_G = 2.44140625e-4


def started(factor: float, of: PolarMeasurement = PolarMeasurement.ACCELERATION) -> PolarAnswer:
    (bits,) = struct.unpack("<I", struct.pack("<f", factor))
    setting = PolarSetting(PolarSettingKind.FACTOR, (bits,))
    return PolarAnswer(PolarOperation.START, of, PolarStatus.OK, settings=(setting,))


def motion(watch: Watch, *messages: Message) -> list[float]:
    told = [samples for message in messages for samples in watch.feed(Packet(*encode(message), 10**9))]
    return told[-1].values[0].tolist()


def test_light_that_the_blood_takes_is_the_pulse_turned_round() -> None:
    dark, bright = (400_000, 390_000, 410_000, 12_000), (400_300, 390_300, 410_300, 12_000)
    (run,) = runs(PolarPpg(PolarHead(0, 0), (bright, dark, bright)))
    assert (run.channel, run.values.tolist()) == (Channel.PULSE, [-388_300, -388_000, -388_300])


def test_a_polar_s_wave_rises_with_the_wearer_s() -> None:
    watch, sensor = Watch(HandClock()), PolarSensor("Polar Sense")
    for command in POLAR_VERITY.start:
        sensor.write(*encode(command))
    said = sensor.speak(islice(wear(1), 20))
    packets = (Packet(each.source, each.payload, 10**12 + each.at_ns) for each in said)
    told = [samples for packet in packets for samples in watch.feed(packet) if samples.channel is Channel.PULSE]
    at_s = (np.concatenate([samples.times for samples in told]) - 10**12) / 1e9
    true = np.concatenate([second.pulse for second in islice(wear(1), 20)])
    worn = np.interp(at_s, np.arange(len(true)) / 64, true)
    assert np.corrcoef(worn, np.concatenate([samples.values for samples in told]))[0, 1] > 0.9


def test_counts_of_acceleration_are_g_by_the_factor_of_the_start_answer() -> None:
    assert motion(Watch(HandClock()), started(EIGHT_G), COUNTED) == [0.0, -1.0, 0.5]


def test_a_factor_is_of_counts_alone() -> None:
    watch = Watch(HandClock())
    thousandths = PolarAcceleration(PolarHead(0, 1), ((0, -1000, 500),))
    packed = PolarAcceleration(PolarHead(0, 1, ()), ((0, -1000, 500),))
    assert motion(watch, started(EIGHT_G), thousandths) == [0.0, -1.0, 0.5]
    assert motion(watch, packed) == [0.0, -1.0, 0.5]


def test_without_a_factor_counts_are_taken_for_thousandths() -> None:
    again = PolarAnswer(PolarOperation.START, PolarMeasurement.ACCELERATION, PolarStatus.ALREADY_IN_STATE)
    assert motion(Watch(HandClock()), again, COUNTED) == pytest.approx([0.0, -4.096, 2.048])
    assert motion(Watch(HandClock()), started(EIGHT_G), again, COUNTED) == [0.0, -1.0, 0.5], "it is still known"


@pytest.mark.parametrize("factor", [1.0, 0.0, -EIGHT_G, float("nan"), float("inf"), 1e-40])
def test_a_factor_that_no_sensor_has_is_none(factor: float) -> None:
    assert factor_g(started(factor)) is None


def test_the_factor_of_something_else_is_none() -> None:
    assert factor_g(started(EIGHT_G, PolarMeasurement.GYRO)) is None

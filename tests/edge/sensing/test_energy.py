"""What the model counts is what the virtual watch sends, byte for byte; what it costs at least goes the right way."""

import itertools

import pytest

from edge.clock import StreamNs
from edge.flow import SamplingPlan
from edge.sensing.energy import NOTIFICATION_BYTES, VAGUS, WIRES, HostPower, Spent, WatchPower, spend
from edge.sensing.ladder import LADDER, Level
from firmware_bridge import gatt
from firmware_bridge.codec import encode
from firmware_bridge.devices import FAMILIES, Quantity
from firmware_bridge.devices.vagus import VAGUS as FAMILY
from firmware_bridge.virtual import wearer
from firmware_bridge.virtual.watch import Watch

SECONDS = 60


def plan(level: Level, fps: float = 0.0) -> SamplingPlan:
    return SamplingPlan(level.word, LADDER[level], fps, "a test", StreamNs(0))


def said(level: Level) -> int:
    """Bytes on air of a virtual watch that was re-rated by the family's own commands."""
    watch = Watch()
    for channel, hz in LADDER[level].items():
        for command in FAMILY.rate(Quantity(channel.value), hz):
            watch.write(*encode(command))
    worn = itertools.islice(wearer.wear(seed=3), SECONDS)
    spoken = [each for each in watch.speak(worn) if each.source != gatt.BATTERY_LEVEL]
    return sum(len(each.payload) + NOTIFICATION_BYTES for each in spoken)


@pytest.mark.parametrize("level", list(Level))
def test_the_model_counts_what_the_watch_sends(level: Level):
    assert VAGUS.bytes_per_s(LADDER[level]) * SECONDS == pytest.approx(said(level), rel=0.01)


def test_less_is_cheaper():
    power = WatchPower()
    costs = [(VAGUS.bytes_per_s(LADDER[level]), power.mw(LADDER[level])) for level in (Level.LOW, Level.FULL)]
    assert costs[0][0] < 0.4 * costs[1][0]
    assert costs[0][1] < costs[1][1]
    assert power.hours(100, LADDER[Level.LOW]) > power.hours(100, LADDER[Level.FULL])
    assert power.hours(50, LADDER[Level.LOW]) == power.hours(100, LADDER[Level.LOW]) / 2


def test_a_stopped_channel_costs_nothing():
    assert VAGUS.bytes_per_s(dict.fromkeys(LADDER[Level.FULL], 0.0)) == VAGUS.heart_bytes_per_s


def test_time_under_plans_adds_up():
    spent = spend(spend(Spent(), plan(Level.FULL, 5), 10), plan(Level.LOW), 20)
    assert (spent.s, spent.camera_s, spent.faces, spent.windows) == (30, 10, 50, 2)
    assert spent.bytes_on_air == 10 * VAGUS.bytes_per_s(LADDER[Level.FULL]) + 20 * VAGUS.bytes_per_s(LADDER[Level.LOW])
    assert spent.host_mj() > HostPower().camera_mw * 10


def test_every_counted_wire_belongs_to_a_family():
    assert set(WIRES) <= {family.name for family in FAMILIES}

"""The table of families: recognised, complete, and honest about rates."""

import pytest

from firmware_bridge import gatt
from firmware_bridge.codec import encode
from firmware_bridge.devices import FAMILIES, Family, Quantity, Seen, recognise, recognise_offer
from firmware_bridge.errors import LinkError, Trouble
from firmware_bridge.messages import (
    BangleAccelerationRequest,
    MovesenseCommand,
    MuseCommand,
    PolarCommand,
    PolarOperation,
    RateCommand,
    StreamChannel,
)
from firmware_bridge.virtual.infinitime import InfiniTime
from firmware_bridge.virtual.personality import Personality
from firmware_bridge.virtual.polar import PolarSensor
from firmware_bridge.virtual.watch import Watch

BY_NAME = {family.name: family for family in FAMILIES}
EACH = pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)


@pytest.mark.parametrize(
    ("seen", "name"),
    [
        (Seen("", "Polar H10 A1B2C3D4", frozenset({gatt.HEART_RATE_SERVICE})), "polar-h10"),
        (Seen("", "Polar Sense 1", frozenset({gatt.HEART_RATE_SERVICE})), "polar-verity"),
        (Seen("", "InfiniTime", frozenset({gatt.HEART_RATE_SERVICE})), "infinitime"),
        (Seen("", "", frozenset({gatt.INFINITIME_UPDATE_SERVICE})), "infinitime"),
        (Seen("", "Bangle.js 5d2e"), "bangle"),
        (Seen("", "Bangle.js 5d2e", frozenset({gatt.VAGUS_SERVICE})), "bangle-vagus"),
        (Seen("", "", frozenset({gatt.VAGUS_SERVICE, gatt.HEART_RATE_SERVICE})), "vagus"),
        (Seen("", "Movesense 2143"), "movesense"),
        (Seen("", "Muse-1A2B"), "muse"),
        (Seen("", "HRM-Dual", frozenset({gatt.HEART_RATE_SERVICE})), "heart-rate"),
        (Seen("", "Toothbrush"), None),
        (Seen("", ""), None),
    ],
)
def test_an_advertisement_is_recognised(seen: Seen, name: str | None):
    family = recognise(seen)
    assert (family.name if family else None) == name


@pytest.mark.parametrize(
    ("device", "name"),
    [
        (Watch(), "vagus"),
        (PolarSensor("Polar H10"), "polar-h10"),
        (PolarSensor("Polar Sense"), "polar-verity"),
        (InfiniTime(), "infinitime"),
    ],
)
def test_a_connected_device_is_recognised_by_what_it_offers(device: Personality, name: str):
    offered = {uuid for service in device.services for uuid in service.characteristics}
    family = recognise_offer(offered, device.name)
    assert family is BY_NAME[name]


@pytest.mark.parametrize(("source", "name"), [("stream", "vagus-serial"), ("grove", "grove"), ("e4", "empatica")])
def test_a_byte_line_is_recognised_by_its_format(source: str, name: str):
    assert recognise_offer({source}) is BY_NAME[name]


def test_names_are_unique_and_nothing_is_recognised_as_nothing():
    assert len(BY_NAME) == len(FAMILIES)
    assert recognise_offer({"0000fff1-0000-1000-8000-00805f9b34fb"}) is None


@EACH
def test_every_command_of_the_table_can_be_sent(family: Family):
    for command in (*family.start, *family.stop, *family.keep_alive):
        target, payload = encode(command)
        assert payload
        assert target in family.offers | {gatt.SERIAL_STREAM, gatt.STREAM_CONTROL}
    for quantity, rates in family.gives.items():
        for hz in (*rates, 0) if family.steer and rates else ():
            assert all(encode(command) for command in family.rate(quantity, hz))


@EACH
def test_what_is_started_is_stopped(family: Family):
    assert bool(family.start) == bool(family.stop)
    assert family.quiet_s > max(family.poll_s, 2.0)


def test_rates_become_each_familys_own_commands():
    assert BY_NAME["vagus"].rate(Quantity.PULSE, 32) == [RateCommand(StreamChannel.PULSE, 1024)]
    stop, start = BY_NAME["polar-h10"].rate(Quantity.MOTION, 100)
    assert isinstance(stop, PolarCommand)
    assert isinstance(start, PolarCommand)
    assert (stop.operation, start.operation, start.settings[0].values) == (
        PolarOperation.STOP,
        PolarOperation.START,
        (100,),
    )
    assert BY_NAME["bangle"].rate(Quantity.MOTION, 5) == [BangleAccelerationRequest(True, 200)]
    assert BY_NAME["muse"].rate(Quantity.PULSE, 64) == [MuseCommand("h"), MuseCommand("p50"), MuseCommand("d")]
    subscribe = BY_NAME["movesense"].rate(Quantity.ECG, 250)[1]
    assert isinstance(subscribe, MovesenseCommand)
    assert subscribe.argument == b"/Meas/ECG/250/mV"
    assert encode(BY_NAME["empatica"].rate(Quantity.PULSE, 0)[0])[1] == b"device_subscribe bvp OFF\r\n"


@pytest.mark.parametrize(
    ("name", "quantity", "hz", "says"),
    [
        ("polar-h10", Quantity.EEG, 1, "does not measure eeg; it gives ecg, motion"),
        ("polar-h10", Quantity.ECG, 250, "cannot give ecg at 250 Hz; it can at 130"),
        ("heart-rate", Quantity.HEART_RATE, 1, "has a fixed rate of heart_rate"),
    ],
)
def test_what_a_family_cannot_is_said(name: str, quantity: Quantity, hz: float, says: str):
    with pytest.raises(LinkError, match=says) as caught:
        BY_NAME[name].rate(quantity, hz)
    assert caught.value.trouble is Trouble.REFUSED


def test_the_nearest_rate_is_the_lowest_that_is_enough():
    vagus = BY_NAME["vagus"]
    assert [vagus.nearest(Quantity.PULSE, hz) for hz in (0, 5, 8, 20, 100)] == [0, 8, 8, 32, 64]
    assert vagus.nearest(Quantity.EEG, 10) == 0

"""Every virtual device speaks what our codecs read, obeys its family's commands, and refuses what it does not know."""

from collections import Counter
from itertools import islice

import numpy as np
import pytest

from firmware_bridge import codec, gatt
from firmware_bridge.devices import FAMILIES, Quantity
from firmware_bridge.devices.family import Family
from firmware_bridge.errors import LinkError, Trouble
from firmware_bridge.framing import Lines
from firmware_bridge.messages import (
    E4Sample,
    E4Stream,
    Ecg,
    GroveReading,
    Message,
    MovesenseEcg,
    MuseAcceleration,
    MuseEeg,
    MusePpg,
    PolarAcceleration,
    PolarAnswer,
    PolarEcg,
    PolarFeatures,
    PolarMeasurement,
    PolarPpg,
    PolarStatus,
)
from firmware_bridge.virtual.bangle import Bangle
from firmware_bridge.virtual.infinitime import InfiniTime
from firmware_bridge.virtual.lines import EmpaticaServer
from firmware_bridge.virtual.link import DEVICES
from firmware_bridge.virtual.movesense import Movesense
from firmware_bridge.virtual.muse import Muse
from firmware_bridge.virtual.personality import Personality
from firmware_bridge.virtual.polar import PolarSensor
from firmware_bridge.virtual.watch import Watch
from firmware_bridge.virtual.wearer import wear

FAMILY = {family.name: family for family in FAMILIES}
SECONDS = 20


def start(name: str) -> Personality:
    device = DEVICES[name]()
    for command in FAMILY[name].start:
        device.write(*codec.encode(command))
    return device


def messages(device: Personality, seconds: int = SECONDS) -> list[Message]:
    console = Lines()
    said: list[Message] = []
    for spoken in device.speak(islice(wear(1), seconds)):
        whole = console.feed(spoken.payload) if spoken.source == gatt.UART_FROM_DEVICE else [spoken.payload]
        said += [codec.decode(spoken.source, each) for each in whole]
    return said


@pytest.mark.parametrize("name", DEVICES)
def test_what_it_says_can_be_read_and_comes_in_order(name: str):
    assert messages(start(name))
    times = [spoken.at_ns for spoken in start(name).speak(islice(wear(1), SECONDS))]
    assert times == sorted(times)


@pytest.mark.parametrize("name", DEVICES)
def test_it_offers_what_it_says(name: str):
    device = start(name)
    offered = {uuid for service in device.services for uuid in service.characteristics}
    assert {spoken.source for spoken in device.speak(islice(wear(1), SECONDS))} <= offered
    assert FAMILY[name].offers <= offered


@pytest.mark.parametrize("name", DEVICES)
def test_what_is_no_command_is_refused_and_nothing_else_happens(name: str):
    device = DEVICES[name]()
    for target in ("0000fff1-0000-1000-8000-00805f9b34fb", *FAMILY[name].offers):
        for payload in (b"", b"\xff\xff\xff", b"\x10GB({})\n"):
            refused = _refusal(device, target, payload)
            assert refused in (None, Trouble.REFUSED)
    with pytest.raises(LinkError, match="nothing to read"):
        device.read("0000fff1-0000-1000-8000-00805f9b34fb")


@pytest.mark.parametrize("family", [FAMILY[name] for name in DEVICES if FAMILY[name].steer], ids=lambda f: f.name)
def test_every_rate_of_the_table_is_taken(family: Family):
    for quantity, rates in family.gives.items():
        for hz in rates if quantity is not Quantity.ECG or family.name != "vagus" else ():
            device = start(family.name)
            answers = [
                codec.decode(*answer)
                for command in family.rate(quantity, hz)
                for answer in device.write(*codec.encode(command))
                if answer[0] != gatt.UART_FROM_DEVICE
            ]
            wrong = [a for a in answers if isinstance(a, PolarAnswer) and a.status is not PolarStatus.OK]
            assert wrong == []


def _refusal(device: Personality, target: str, payload: bytes) -> Trouble | None:
    try:
        device.write(target, payload)
    except LinkError as error:
        return error.trouble
    return None


def count(kind: type[Message], field: str, said: list[Message]) -> int:
    return sum(len(getattr(message, field)) for message in said if type(message) is kind)


@pytest.mark.parametrize(
    ("name", "kind", "field", "hz"),
    [
        ("polar-h10", PolarEcg, "microvolts", 130),
        ("polar-h10", PolarAcceleration, "xyz", 50),
        ("polar-verity", PolarPpg, "channels", 55),
        ("movesense", MovesenseEcg, "microvolts", 125),
        ("muse", MuseAcceleration, "xyz", 52),
    ],
)
def test_samples_come_at_their_rate(name: str, kind: type[Message], field: str, hz: int):
    said = messages(start(name))
    assert abs(count(kind, field, said) - hz * SECONDS) < 16


def test_an_ecg_has_a_beat_for_every_interval():
    said = messages(Watch(ecg_hz=130), 60)
    wave = np.array([v for m in said if isinstance(m, Ecg) for v in m.microvolts])
    peaks = np.flatnonzero((wave[1:-1] > 600) & (wave[1:-1] >= wave[:-2]) & (wave[1:-1] > wave[2:]))
    assert 58 < len(peaks) < 75


def test_an_h10_starts_stops_and_says_what_it_cannot():
    sensor = PolarSensor()
    start_ecg, start_motion = FAMILY["polar-h10"].start
    features = codec.decode(gatt.POLAR_CONTROL, sensor.read(gatt.POLAR_CONTROL))
    assert isinstance(features, PolarFeatures)
    assert set(features) == {PolarMeasurement.ECG, PolarMeasurement.ACCELERATION}
    assert not sensor.left_streaming
    sensor.write(*codec.encode(start_ecg))
    (again,) = sensor.write(*codec.encode(start_ecg))
    answer = codec.decode(*again)
    assert isinstance(answer, PolarAnswer)
    assert (answer.status, answer.streaming) == (PolarStatus.ALREADY_IN_STATE, True)
    sensor.write(*codec.encode(start_motion))
    assert sensor.left_streaming == {PolarMeasurement.ECG, PolarMeasurement.ACCELERATION}
    for command in FAMILY["polar-h10"].stop:
        sensor.write(*codec.encode(command))
    assert not sensor.left_streaming


def test_a_steady_heart_is_silent_on_infinitime_yet_can_be_read():
    watch = InfiniTime(steady_bpm=62)
    heard = Counter(spoken.source for spoken in watch.speak(islice(wear(1), 60)))
    assert heard[gatt.HEART_RATE_MEASUREMENT] == 1
    assert watch.read(gatt.HEART_RATE_MEASUREMENT) == b"\x00\x3e"


def test_stop_commands_stop():
    bangle, movesense, muse, server = Bangle(), Movesense(), Muse(), EmpaticaServer()
    for name, device in (("bangle", bangle), ("movesense", movesense), ("muse", muse), ("empatica", server)):
        for command in (*FAMILY[name].start, *FAMILY[name].stop):
            device.write(*codec.encode(command))
    assert not bangle.asked
    assert not movesense.subscribed
    assert not muse.streaming
    assert not server.subscribed


def test_a_muse_sends_its_pulse_wave_only_in_its_preset():
    muse = start("muse")
    assert count(MusePpg, "counts", messages(muse)) > 63 * SECONDS
    for command in FAMILY["muse"].rate(Quantity.PULSE, 0):
        muse.write(*codec.encode(command))
    told = {type(m) for m in messages(muse)}
    assert told >= {MuseEeg, MuseAcceleration}
    assert MusePpg not in told


def test_a_grove_board_and_an_e4_measure_the_wearers_skin():
    truth = np.mean([s.skin_conductance_us.mean() for s in islice(wear(1), SECONDS)])
    grove = [m.microsiemens for m in messages(start("grove")) if isinstance(m, GroveReading)]
    lines = [m for m in messages(start("empatica")) if isinstance(m, E4Sample)]
    e4 = [m.values[0] for m in lines if m.stream is E4Stream.SKIN_CONDUCTANCE]
    assert abs(np.mean(grove) - truth) < 0.05
    assert abs(np.mean(e4) - truth) < 0.001

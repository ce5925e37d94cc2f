"""The Bangle.js app under Node, with a stub of the watch's API: its frames are read by our codec."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import cast

import pytest

import firmware_bridge
from firmware_bridge import codec, gatt
from firmware_bridge.messages import DEFAULT_RATE, HeartRate, Message, Motion, Pulse, RateCommand, StreamChannel

APP = Path(firmware_bridge.__file__).parent / "firmware" / "bangle" / "vagus.app.js"
STUB = Path(__file__).parent / "bangle_stub.js"

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js (package nodejs)")

Event = tuple[int, str, object]


def run(*events: Event) -> tuple[list[Message], list[tuple[str, object]]]:
    """What the app notified, and what it asked of the watch."""
    done = subprocess.run(
        ["node", str(STUB), str(APP)], input=json.dumps(events).encode(), stdout=subprocess.PIPE, check=True, timeout=30
    )
    said = [cast(tuple[str, object], tuple(json.loads(line))) for line in done.stdout.splitlines()]
    notified: list[Message] = []
    for kind, value in said:
        if kind == "notify":
            uuid, payload = cast(tuple[str, str], value)
            source = uuid if "-" in uuid else gatt.standard(int(uuid))
            notified.append(codec.decode(source, bytes.fromhex(payload)))
    return notified, [(kind, value) for kind, value in said if kind != "notify"]


def pulse(count: int, ms: int = 40) -> list[Event]:
    return [(ms, "HRM-raw", {"raw": 1000 * n - 20000, "filt": 0}) for n in range(count)]


def motion(count: int) -> list[Event]:
    return [(80, "accel", {"x": n / 100, "y": -0.5, "z": 1}) for n in range(count)]


def write(channel: StreamChannel, rate: int) -> Event:
    return (0, "write", codec.encode(RateCommand(channel, rate))[1].hex())


def test_the_app_offers_our_service_and_starts_the_sensors():
    _, asked = run()
    assert asked[0] == ("services", [["6157", gatt.VAGUS_SERVICE], {"advertise": [gatt.VAGUS_SERVICE], "uart": False}])
    assert ("power", True) in asked
    assert ("options", {"hrmPollInterval": 40}) in asked
    assert ("options", {"powerSave": False}) in asked


def test_the_raw_pulse_wave_is_streamed_ten_samples_a_frame():
    said, _ = run(*pulse(35))
    frames = [m for m in said if isinstance(m, Pulse)]
    assert [m.stamp.sequence for m in frames] == [0, 1, 2]
    assert [m.stamp.tick_ms for m in frames] == [40, 440, 840]
    assert {m.stamp.rate_hz for m in frames} == {25.0}
    assert [c for m in frames for c in m.counts] == [1000 * n - 20000 for n in range(30)]


def test_raw_motion_is_streamed_in_4096ths_of_g():
    said, _ = run(*motion(10))
    frames = [m for m in said if isinstance(m, Motion)]
    assert [len(m.xyz) for m in frames] == [5, 5]
    assert {m.stamp.rate_hz for m in frames} == {12.5}
    assert frames[0].xyz[1] == (41, -2048, 4096)


def test_frames_fit_the_smallest_mtu_that_is_promised():
    said, _ = run(*pulse(20), *motion(10))
    assert max(len(codec.encode(m)[1]) for m in said) <= 45 - 3


def test_values_beyond_their_range_stick_at_its_end():
    said, _ = run(*[(40, "HRM-raw", {"raw": 1e9})] * 10, *[(80, "accel", {"x": 99, "y": -99, "z": 0})] * 5)
    pulse_frame, motion_frame = said
    assert isinstance(pulse_frame, Pulse)
    assert isinstance(motion_frame, Motion)
    assert pulse_frame.counts[0] == 2**23 - 1
    assert motion_frame.xyz[0] == (32767, -32768, 0)


def test_heart_rate_goes_by_the_standard_service_when_it_is_believed():
    said, _ = run((0, "HRM", {"bpm": 66, "confidence": 40}), (0, "HRM", {"bpm": 67, "confidence": 80}))
    assert said == [HeartRate(67, contact=True)]


def test_rate_commands_are_obeyed():
    said, asked = run(write(StreamChannel.PULSE, 400), *pulse(10, ms=80))
    assert asked[-1] == ("options", {"hrmPollInterval": 80})
    assert isinstance(said[0], Pulse)
    assert said[0].stamp.rate_hz == 12.5
    said, _ = run(write(StreamChannel.MOTION, 200), *motion(20))
    frames = [m for m in said if isinstance(m, Motion)]
    assert [(len(m.xyz), m.stamp.rate_hz) for m in frames] == [(5, 6.25)] * 2


def test_stop_all_and_start_all():
    said, asked = run(write(StreamChannel.ALL, 0), *pulse(20), *motion(10))
    assert said == []
    assert asked[-1] == ("power", False)
    said, _ = run(write(StreamChannel.ALL, 0), write(StreamChannel.ALL, DEFAULT_RATE), *pulse(20))
    assert len(said) == 2


@pytest.mark.parametrize("payload", ["", "83", "8300040000", "0300040000", "83000412eeff"])
def test_what_is_no_command_is_ignored(payload: str):
    said, _ = run((0, "write", payload), *pulse(10))
    assert isinstance(said[0], Pulse)
    assert said[0].stamp.rate_hz == 25.0


def test_a_rate_that_is_not_there_changes_nothing():
    said, _ = run(write(StreamChannel.PULSE, 3200), *pulse(10))
    assert isinstance(said[0], Pulse)
    assert said[0].stamp.rate_hz == 25.0


def test_a_full_radio_costs_a_frame_and_its_number():
    said, _ = run((0, "full", True), *pulse(10), (0, "full", False), *pulse(10))
    assert [m.stamp.sequence for m in said if isinstance(m, Pulse)] == [1]


def test_alone_the_watch_rests():
    said, asked = run((0, "disconnect", None), *pulse(20))
    assert said == []
    assert asked[-1] == ("power", False)
    said, _ = run((0, "disconnect", None), (0, "connect", None), *pulse(10))
    assert len(said) == 1

"""What a watch measured and a camera saw in the same instant is given the same time, to within 50 ms."""

import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.clock import HostNs, nanoseconds
from edge.flow import Channel, Floats
from edge.sensing.camera import open_camera
from edge.sensing.watch import Watch
from firmware_bridge import codec
from firmware_bridge.devices import FAMILIES
from firmware_bridge.links import Packet
from firmware_bridge.messages import RateCommand, StreamChannel
from firmware_bridge.virtual.link import DEVICES
from firmware_bridge.virtual.second import MOTION_HZ, PULSE_HZ, SKIN_HZ, Readings, Second
from tests.fakes.clock import HandClock

LIVED_S = 30
TURN_S = 10.0
"""Readings tell the seconds within so many: that is the known truth."""
BOUND_MS = 50.0
FPS = 5
LINK_MS = 20.0
CRYSTAL = 1 + 60e-6
"""The device's second in ours."""


def told(s: int, hz: int) -> Readings:
    return (s + np.arange(hz) / hz) % TURN_S


def lived(seconds: int) -> Iterator[Second]:
    """Readings that are their own time."""
    for s in range(seconds):
        motion_g = np.zeros((MOTION_HZ, 3))
        motion_g[:, 0] = told(s, MOTION_HZ) / 8
        skin = told(s, SKIN_HZ)
        yield Second(10 * told(s, PULSE_HZ), skin, skin, motion_g, None)


def truth_s(channel: Channel, values: Floats) -> Readings:
    """When readings were taken, within a turn."""
    read = values.astype(np.float64)
    match channel:
        case Channel.MOTION:
            return read[:, 0] * 8
        case Channel.PULSE:
            return read / 1000
        case _:
            return read


def errors_ms(device: str, channel: Channel, rates: dict[StreamChannel, int]) -> list[float]:
    """How late each sample's time is, after 5 s, over a link whose packets take 3 ms and some more."""
    family = next(family for family in FAMILIES if family.name == device)
    virtual, watch, chance = DEVICES[device](), Watch(HandClock()), np.random.default_rng(1)
    for command in [*family.start, *(RateCommand(stream, hz * 32) for stream, hz in rates.items())]:
        virtual.write(*codec.encode(command))
    found: list[Readings] = []
    arrived = 0
    for said in virtual.speak(lived(LIVED_S)):
        took_ns = nanoseconds((3 + chance.exponential(LINK_MS)) / 1000)
        arrived = max(arrived, round(said.at_ns * CRYSTAL) + took_ns)  # in the order of sending
        for samples in watch.feed(Packet(said.source, said.payload, HostNs(arrived))):
            if samples.channel is channel and said.at_ns > 5e9:
                truth = truth_s(channel, samples.values) * CRYSTAL
                off = (samples.times / 1e9 - truth + TURN_S / 2) % TURN_S - TURN_S / 2
                # Behind the last reading of a second a virtual device repeats it.
                found.append(1000 * off[truth % 1 < 1 - 1 / MOTION_HZ])
    return np.concatenate(found).tolist()


async def camera_errors_ms(place: Path) -> list[float]:
    """How late a frame's time is, of a camera that is a pipe of pictures."""
    clock, found = HandClock(), list[float]()
    os.mkfifo(place)
    async with open_camera(str(place), FPS, clock) as camera:
        with place.open("wb", buffering=0) as pipe:
            for number in range(10):
                clock.move(1 / FPS)
                coded, data = cv2.imencode(".jpg", np.full((48, 64, 3), 20 * number, np.uint8))
                assert coded
                pipe.write(data.tobytes())
                frame = await anext(camera)
                shown = 1 + round(float(frame.image.mean()) / 20)
                found.append(frame.grabbed / 1e6 - 1000 * shown / FPS)
    return found


@pytest.mark.parametrize(
    ("device", "channel", "rates"),
    [
        ("vagus", Channel.PULSE, {}),
        ("vagus", Channel.MOTION, {}),
        ("vagus", Channel.MOTION, {StreamChannel.ALL: 0, StreamChannel.MOTION: 16}),
        ("vagus", Channel.SKIN_CONDUCTANCE, {StreamChannel.ALL: 0, StreamChannel.SKIN_CONDUCTANCE: 4}),
        ("polar-h10", Channel.MOTION, {}),
        ("polar-verity", Channel.MOTION, {}),
        ("movesense", Channel.MOTION, {}),
        ("muse", Channel.MOTION, {}),
        ("empatica", Channel.PULSE, {}),
    ],
)
async def test_a_watch_and_a_camera_agree(
    device: str, channel: Channel, rates: dict[StreamChannel, int], tmp_path: Path
) -> None:
    camera = await camera_errors_ms(tmp_path / "camera.mjpeg")
    watch = errors_ms(device, channel, rates)
    assert len(watch) > 80
    worst = max(max(watch) - min(camera), max(camera) - min(watch))
    assert worst < BOUND_MS

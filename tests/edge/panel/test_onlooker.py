"""Looking on costs nothing until somebody does, and keeps no picture."""

import asyncio

import numpy as np

from edge.clock import HostNs
from edge.flow import Channel, Crop, Frame, Samples
from edge.onlooker import Onlooker
from firmware_bridge.links import Packet
from tests.edge.panel.looked_at import pulse
from tests.fakes.clock import HandClock

PICTURE = np.zeros((120, 160, 3), np.uint8)
FACE = Crop(
    np.zeros((48, 48), np.uint8), (10, 20, 30, 40), np.ones((5, 2), np.float32), 0.9, tracked=True, grabbed=HostNs(7)
)


def test_packets_are_kept_at_the_wearers_own_pace() -> None:
    onlooker, kept = Onlooker(HandClock(speed=10.0)), list[Packet]()
    onlooker.packet(Packet("stream", b"1", 5))
    onlooker.keep = kept.append
    onlooker.packet(Packet("stream", b"2", 1000))
    assert kept == [Packet("stream", b"2", 10_000)]
    assert (onlooker.packets, onlooker.heard) == (2, 1000)


def test_samples_reach_the_tap_and_the_battery_is_remembered() -> None:
    onlooker, tapped = Onlooker(HandClock()), list[Samples]()
    onlooker.samples(pulse(0, 1.0))
    onlooker.tap = tapped.append
    battery = Samples(Channel.BATTERY, np.array([0], np.int64), np.array([81.0], np.float32), 0.0, HostNs(0))
    onlooker.samples(battery)
    assert tapped == [battery]
    assert onlooker.battery == 81.0
    onlooker.samples(Samples(Channel.HEART_RATE, np.array([5], np.int64), np.array([66.0], np.float32), 0.0, HostNs(9)))
    assert onlooker.heart_rate == (66.0, 5)
    onlooker.forget()
    assert (onlooker.battery, onlooker.heart_rate) == (None, None)


def test_of_a_frame_only_where_the_face_is_stays() -> None:
    onlooker = Onlooker(HandClock())
    onlooker.frame(Frame(PICTURE, HostNs(7), 0), FACE)
    assert onlooker.face is not None
    assert onlooker.face.box == (10, 20, 30, 40)
    assert onlooker.shape == (120, 160)
    assert not any(isinstance(value, np.ndarray | Frame | Crop) for value in vars(onlooker).values())
    onlooker.frame(Frame(PICTURE, HostNs(8), 1), None)
    assert onlooker.face is None


async def test_who_asks_for_a_picture_gets_the_next_one() -> None:
    onlooker = Onlooker(HandClock())
    onlooker.frame(Frame(PICTURE, HostNs(1), 0), None)
    one, two = (asyncio.create_task(onlooker.next_frame()) for _ in range(2))
    await asyncio.sleep(0)
    await asyncio.to_thread(onlooker.frame, Frame(PICTURE, HostNs(2), 1), None)
    assert (await one).index == (await two).index == 1


async def test_who_stops_waiting_leaves_the_other_waiting() -> None:
    onlooker = Onlooker(HandClock())
    gone, stays = (asyncio.create_task(onlooker.next_frame()) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    onlooker.frame(Frame(PICTURE, HostNs(2), 5), None)
    assert (await stays).index == 5

"""A face is shown while somebody looks, and never one that was there before."""

import numpy as np
import pytest

from edge.clock import HostNs, nanoseconds
from edge.flow import Crop, Frame
from edge.health import Health
from edge.onlooker import Onlooker
from edge.page_camera import camera_seen
from tests.fakes.clock import HandClock

FACE = Crop(
    np.zeros((48, 48), np.uint8), (10, 20, 30, 40), np.ones((5, 2), np.float32), 0.9, tracked=True, grabbed=HostNs(7)
)


def at(s: float) -> HostNs:
    return HostNs(nanoseconds(s))


@pytest.fixture
def seen() -> Onlooker:
    onlooker = Onlooker(HandClock())
    onlooker.frame(Frame(np.zeros((120, 160, 3), np.uint8), at(100), 0), FACE)
    return onlooker


def test_a_face_that_is_in_view_is_shown(seen: Onlooker) -> None:
    shown = camera_seen("device:0", seen, Health(), at(101), resting=False, paused=False)
    assert (shown.source, shown.silent_s, shown.closed) == ("device", 1.0, "")
    assert shown.face is not None
    assert (shown.face.box, shown.face.width, shown.face.height) == ((10, 20, 30, 40), 160, 120)


@pytest.mark.parametrize(
    ("after_s", "resting", "paused", "closed"),
    [
        (20.0, False, False, ""),
        (1.0, True, False, "resting"),
        (1.0, False, True, "paused"),
        (1.0, True, True, "paused"),
    ],
)
def test_a_face_of_the_past_is_not(after_s: float, resting: bool, paused: bool, closed: str, seen: Onlooker) -> None:
    shown = camera_seen("device:0", seen, Health(), at(100 + after_s), resting=resting, paused=paused)
    assert (shown.face, shown.closed) == (None, closed)


def test_a_camera_of_no_use_to_the_bundle_is_closed(seen: Onlooker) -> None:
    shown = camera_seen("device:0", seen, Health(), at(101), resting=False, paused=False, unused=True)
    assert (shown.face, shown.closed) == (None, "unused")


def test_who_looks_seldom_sees_the_face_of_the_last_look(seen: Onlooker) -> None:
    shown = camera_seen("device:0", seen, Health(), at(130), resting=False, paused=False, quiet_s=50.0)
    assert shown.face is not None
    assert shown.quiet_s == 50.0


def test_a_camera_that_is_not_set_is_off(seen: Onlooker) -> None:
    assert camera_seen("", seen, Health(), at(101), resting=False, paused=False).source == ""


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("device:0", "device"),
        ("picamera2:0", "device"),
        ("gst:nvarguscamerasrc ! appsink", "device"),
        ("frames/%04d.png", "file"),
        ("device.mp4", "file"),
    ],
)
def test_what_is_plugged_in_is_no_file(source: str, told: str, seen: Onlooker) -> None:
    assert camera_seen(source, seen, Health(), at(101), resting=False, paused=False).source == told

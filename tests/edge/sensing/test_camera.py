"""A camera gives the newest frame, says what it dropped, and says in one sentence why there is none."""

import asyncio
import queue
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.flow import Image
from edge.sensing.camera import CameraError, check_camera, open_camera
from edge.sensing.pictures import Pictures
from tests.fakes.clock import HandClock


def never_rests(clock: HandClock, paused_s: list[float] | None = None):
    """A rest that moves the clock instead of waiting, and notes how long it would have been."""

    def rest(stop: threading.Event, pause_s: float) -> bool:
        clock.move(pause_s)
        if paused_s is not None:
            paused_s.append(pause_s)
        return stop.is_set()

    return rest


def grey(level: int) -> Image:
    return np.full((4, 6), level, np.uint8)


class Hand:
    """A device whose pictures a test hands over one by one; None stands for the cable being pulled."""

    period_s = 0.0
    lasting = True

    def __init__(self, lasting: bool = True) -> None:
        self.lasting = lasting
        self.next: queue.Queue[Image | None] = queue.Queue()
        self.asked = threading.Semaphore(0)
        self.closed = False
        self._picture: Image | None = None

    def grab(self) -> bool:
        self.asked.release()
        self._picture = self.next.get(timeout=10)
        return self._picture is not None

    def retrieve(self) -> Image | None:
        return self._picture

    def close(self) -> None:
        self.closed = True

    def give(self, *levels: int | None) -> None:
        """Hand over pictures, and return once the thread has offered them all."""
        for level in levels:
            self.next.put(None if level is None else grey(level))
        for _ in levels:
            assert self.asked.acquire(timeout=10)


def write_video(path: Path, levels: list[int], fps: float = 10.0) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (32, 24))
    for level in levels:
        writer.write(np.full((24, 32, 3), level, np.uint8))
    writer.release()
    return path


async def test_only_the_newest_frame_is_kept_and_the_others_are_counted() -> None:
    device, clock = Hand(), HandClock()
    async with open_camera(lambda: device, 30, clock) as camera:
        assert device.asked.acquire(timeout=10)
        device.give(10, 20, 30)
        frame = await anext(camera)
        assert (int(frame.image[0, 0]), frame.index, camera.dropped) == (30, 2, 2)
        device.give(40)
        assert (await anext(camera)).index == 3
        assert camera.dropped == 2
        device.next.put(None)
    assert device.closed


async def test_a_frame_is_stamped_when_it_is_grabbed() -> None:
    device, clock = Hand(), HandClock()
    clock.move(5)
    async with open_camera(lambda: device, 30, clock) as camera:
        assert device.asked.acquire(timeout=10)
        device.give(1)
        clock.move(60)
        assert (await anext(camera)).grabbed == 5_000_000_000
        device.next.put(None)


async def test_a_lost_device_is_opened_again_with_growing_pauses() -> None:
    first, second, clock, paused_s = Hand(), Hand(), HandClock(), list[float]()
    opened: list[Pictures] = [first]
    refusals = iter([True, True, False])

    def reopen() -> Pictures:
        if not opened:
            if next(refusals):
                raise CameraError("unplugged")
            return second
        return opened.pop()

    async with open_camera(reopen, 30, clock, rest=never_rests(clock, paused_s)) as camera:
        assert first.asked.acquire(timeout=10)
        first.next.put(None)
        assert second.asked.acquire(timeout=10)
        second.give(7)
        assert int((await anext(camera)).image[0, 0]) == 7
        assert paused_s == [0.5, 1.0, 2.0]
        assert camera.reopened == 1
        assert first.closed
        second.next.put(None)


async def test_a_device_that_comes_back_at_the_very_end_is_closed() -> None:
    first, second, clock, stops = Hand(), Hand(), HandClock(), list[threading.Event]()
    opened: list[Pictures] = [first]
    given_up = threading.Event()

    def rest(stop: threading.Event, pause_s: float) -> bool:
        stops.append(stop)
        return False

    def reopen() -> Pictures:
        if stops:  # the camera is given up while the device is being opened
            stops[0].set()
            given_up.set()
        return opened.pop() if opened else second

    async with open_camera(reopen, 30, clock, rest=rest):
        assert first.asked.acquire(timeout=10)
        first.next.put(None)
        assert given_up.wait(10)
    assert first.closed
    assert second.closed


async def test_a_device_that_stays_away_is_an_error_after_the_patience() -> None:
    device, clock = Hand(), HandClock()
    opened: list[Pictures] = [device]

    def reopen() -> Pictures:
        if not opened:
            raise CameraError("camera device /dev/video0 is not there")
        return opened.pop()

    async with open_camera(reopen, 30, clock, patience_s=20, rest=never_rests(clock)) as camera:
        device.next.put(None)
        with pytest.raises(CameraError, match=r"did not come back in 20 s: camera device /dev/video0 is not there"):
            await anext(camera)


async def test_a_video_plays_at_its_own_rate_and_ends(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.avi", [10, 60, 110, 160])
    clock, paused_s = HandClock(), list[float]()
    async with open_camera(str(path), 30, clock, rest=never_rests(clock, paused_s)) as camera:
        frames = [frame async for frame in camera]
    assert len(frames) + camera.dropped == 4
    assert frames[-1].index == 3
    assert frames[-1].grabbed == pytest.approx(300_000_000, abs=10)
    assert paused_s == pytest.approx([0.1] * 4)  # the last frame, too, lasts its time


async def test_a_looped_video_starts_again(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.avi", [10, 60])
    clock = HandClock()
    async with open_camera(str(path), 30, clock, loop_file=True, rest=never_rests(clock)) as camera:
        async for frame in camera:
            if frame.index >= 5:
                break


async def test_a_still_picture_is_delivered_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "portrait.png"
    cv2.imwrite(str(path), grey(77))
    clock = HandClock()
    for source in (str(path), grey(77)):
        async with open_camera(source, 4, clock, rest=never_rests(clock)) as camera:
            first, second = await anext(camera), await anext(camera)
        assert (second.grabbed - first.grabbed) == 250_000_000 * (second.index - first.index)
        assert int(second.image.max()) == 77


async def test_a_numbered_sequence_plays_at_the_rate_asked_for(tmp_path: Path) -> None:
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number:04d}.png"), np.full((8, 8, 3), number, np.uint8))
    clock = HandClock()
    async with open_camera(str(tmp_path / "%04d.png"), 2, clock, rest=never_rests(clock)) as camera:
        frames = [frame async for frame in camera]
    assert frames[-1].index == 2
    assert frames[-1].grabbed == 1_000_000_000


async def test_a_source_without_a_single_frame_is_an_error() -> None:
    device, clock = Hand(lasting=False), HandClock()
    device.next.put(None)
    async with open_camera(lambda: device, 30, clock) as camera:
        with pytest.raises(CameraError, match="holds no frames"):
            await anext(camera)


async def test_leaving_stops_the_capture() -> None:
    clock = HandClock()
    async with open_camera(grey(1), 1000, clock) as camera:
        await anext(camera)
    assert "camera" not in {thread.name for thread in threading.enumerate()}


async def test_a_device_whose_driver_hangs_is_not_said_to_be_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.sensing.camera._LEAVE_S", 0.05)
    device = Hand()
    async with open_camera(lambda: device, 30, HandClock()) as camera:
        assert await asyncio.to_thread(device.asked.acquire, timeout=10)  # it waits in the driver
    assert not camera.let_go
    device.next.put(None)  # the driver comes back
    for thread in threading.enumerate():
        if thread.name == "camera":
            thread.join(20)
    assert device.closed
    async with open_camera(grey(1), 4, HandClock()) as camera:
        pass
    assert camera.let_go


async def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(CameraError, match="above 0"):
        async with open_camera("device:0", 0, HandClock()):
            pass


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", "no camera is named"),
        ("device:97", "/dev/video97 is not there"),
        ("device:/dev/null", "is no camera device"),
        ("missing.mp4", "does not exist"),
        ("{tmp}/broken.png", "is no picture that can be decoded"),
        ("{tmp}/broken.avi", "is no video that can be decoded"),
        ("{tmp}/notes.txt", "is no video that can be decoded"),
        ("{tmp}/%04d.png", "0000.png does not exist"),
        ("{tmp}/%q.png", "is malformed"),
    ],
)
async def test_what_cannot_be_a_camera_is_refused_in_one_sentence(source: str, sentence: str, tmp_path: Path) -> None:
    for name in ("broken.png", "broken.avi", "notes.txt"):
        (tmp_path / name).write_bytes(b"no picture\n" * 100)
    place = source.replace("{tmp}", str(tmp_path))
    with pytest.raises(CameraError, match=sentence) as refusal:
        check_camera(place)
    assert "\n" not in str(refusal.value)
    with pytest.raises(CameraError, match=sentence):
        async with open_camera(place, 30, HandClock()):
            pass


def test_what_gives_pictures_passes_the_check(tmp_path: Path) -> None:
    check_camera(str(write_video(tmp_path / "clip.avi", [1, 2])))

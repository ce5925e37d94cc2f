"""The camera's lane in a whole daemon: let go when somebody asks, left behind when its driver hangs."""

import asyncio
import contextlib
import functools
import os
import threading
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge import eyes, replugging
from edge.budget import LaneError
from edge.clock import Clock, SystemClock
from edge.flow import Frame, Image
from edge.health import Health
from edge.inference.classifier import Classifier, FaceEstimate
from edge.judges import Judges
from edge.onlooker import Onlooker
from edge.sensing.camera import open_camera
from edge.sensing.errors import HungCameraError
from edge.settings import CameraSettings
from edge.watchdog import Watchdog
from tests.edge.daemon.lines import running
from tests.fakes.bundles import tiny_bundle
from tests.fakes.clock import HandClock


def cameras() -> int:
    """Threads that read a camera now."""
    return sum(thread.name == "camera" for thread in threading.enumerate())


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says of the device, but for orders."""
    return [word for r in caplog.records if (word := r.getMessage()) in ("the camera is open", "the camera is closed")]


async def test_a_paused_camera_is_really_let_go_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "vagus")
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((120, 160, 3), 90, np.uint8))
    async with running(tmp_path, None, camera=tmp_path / "wall.png") as line:
        daemon = line.service.daemon
        await line.until(lambda: daemon.health.frames > 1)
        assert daemon.orders.pause_camera(True) == "paused"
        await line.until(lambda: not cameras())
        await line.until(lambda: told(caplog) == ["the camera is open", "the camera is closed"])
        assert daemon.sensors()["camera"] == "offline"
        frames = daemon.health.frames
        assert daemon.orders.pause_camera(False) == "on"
        await line.until(lambda: daemon.health.frames > frames)
    assert not cameras()
    assert told(caplog) == ["the camera is open", "the camera is closed"] * 2


async def test_a_pipe_that_blocks_holds_up_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "vagus")
    pipe = tmp_path / "camera.avi"
    os.mkfifo(pipe)
    monkeypatch.setattr(eyes, "open_camera", functools.partial(open_camera, hung_s=0.2))
    monkeypatch.setattr(replugging, "REOPEN_S", 0.01)
    monkeypatch.setattr("edge.sensing.camera._LEAVE_S", 0.1)
    async with running(tmp_path, None, camera=pipe) as line:
        daemon = line.service.daemon
        await line.until(lambda: daemon.watchdog.budget.spent["camera"] > 1)
        daemon.orders.pause_camera(True)  # no more of them, so that the budget lasts
        predictions = sum(daemon.health.predictions.values())
        await line.until(lambda: sum(daemon.health.predictions.values()) > predictions + 2)
        assert daemon.health.dropped["camera"] > 1
        assert not told(caplog), "it was never open"
    while cameras():  # the threads that were left behind come back when somebody writes at last
        os.close(os.open(pipe, os.O_RDWR))  # which waits for no reader: one may just have left


class Hanging:
    """A driver that opens, and never gives a picture."""

    period_s, lasting = 0.0, True

    def __init__(self, free: threading.Event) -> None:
        self._free = free

    def grab(self) -> bool:
        self._free.wait()
        return False

    def retrieve(self) -> None:
        return

    def close(self) -> None:
        return


def sees_a_face(self: eyes.Eyes, classifier: Classifier, frame: Frame) -> FaceEstimate:
    self._onlooker.frame(frame, None)  # pyright: ignore[reportPrivateUsage]
    return FaceEstimate(np.full(7, 1 / 7, np.float32), np.zeros(7, np.float32), frame.grabbed)


def eyes_on(folder: Path, source: str, health: Health, clock: Clock | None = None, fps: float = 5.0) -> eyes.Eyes:
    clock = clock or SystemClock()
    judges = Judges(tiny_bundle(folder / "bundle"), 1)

    async def seen(*_: object) -> None:
        return

    return eyes.Eyes(CameraSettings(source, fps), judges, clock, health, Onlooker(clock), seen, Watchdog(clock))


async def test_a_driver_that_hangs_whenever_it_is_let_go_is_not_opened_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = threading.Event()
    monkeypatch.setattr("edge.sensing.camera._LEAVE_S", 0.02)

    def opens(*_: object, **__: object) -> Hanging:
        return Hanging(free)

    monkeypatch.setattr("edge.sensing.camera.open_pictures", opens)
    watching = eyes_on(tmp_path, "device:0", Health())
    looking = asyncio.create_task(watching.run())
    async with asyncio.timeout(60):
        while not looking.done():  # glimpses, each shorter than a hung driver is waited for
            watching.fps = 5.0 - watching.fps
            await asyncio.sleep(0.1)
    with pytest.raises(LaneError, match="hangs and cannot be let go"):
        await looking
    free.set()


async def test_a_plan_that_closes_and_opens_a_hung_camera_does_not_try_it_sooner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    @contextlib.asynccontextmanager
    async def hangs(*_: object, **__: object) -> AsyncGenerator[None]:
        nonlocal tries
        tries += 1
        raise HungCameraError("device:0 does not open")
        yield

    monkeypatch.setattr(eyes, "open_camera", hangs)
    clock = HandClock()
    watching = eyes_on(tmp_path, "device:nowhere", Health(), clock)
    looking = asyncio.create_task(watching.run())
    for _ in range(5):
        for fps in (0.0, 5.0):
            await asyncio.sleep(0.02)
            watching.fps = fps
    await asyncio.sleep(0.02)
    assert tries == 1
    clock.move(2)  # as long as the first pause may be
    watching.fps = 0.0
    await asyncio.sleep(0.02)
    watching.fps = 5.0
    await asyncio.sleep(0.02)
    looking.cancel()
    assert tries == 2


async def test_a_camera_that_is_away_for_weeks_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(replugging, "REOPEN_S", 0.001)
    monkeypatch.setattr(replugging, "LONGEST_S", 0.002)
    health = Health()
    looking = asyncio.create_task(eyes_on(tmp_path, "device:nowhere", health).run())
    async with asyncio.timeout(60):
        while health.dropped["camera"] < 5:  # noqa: ASYNC110 - a count has no event
            await asyncio.sleep(0.01)
    looking.cancel()
    assert caplog.text.count("nowhere is not there; plug it in") == 1


@pytest.mark.parametrize(("fps", "watchful_fps", "quiet_s"), [(5.0, 2.0, 10.0), (0.1, 2.0, 25.0), (5.0, 0.1, 25.0)])
def test_a_camera_that_is_looked_through_seldom_is_there_between_two_looks(
    tmp_path: Path, fps: float, watchful_fps: float, quiet_s: float
) -> None:
    clock = HandClock()
    watching = eyes_on(tmp_path, "device:0", Health(), clock, fps)
    for rate in (watchful_fps, 0.0, fps):  # as the sampling plan goes
        watching.fps = rate
    seen = watching._onlooker  # pyright: ignore[reportPrivateUsage]
    seen.frame(Frame(np.zeros((48, 64, 3), np.uint8), clock.now(), 0), None)
    clock.move(quiet_s)
    assert watching.online
    clock.move(0.1)
    assert not watching.online


class Showing:
    """A live camera, whose sensor has noise until its driver freezes."""

    period_s, lasting = 0.0, True

    def __init__(self, clock: HandClock) -> None:
        self._clock = clock
        self._noise = np.random.default_rng(0)
        self._picture = np.zeros((48, 64, 3), np.uint8)
        self.frozen = threading.Event()

    def grab(self) -> bool:
        self.frozen.wait(0.001)
        self._clock.move(0.2)
        return True

    def retrieve(self) -> Image:
        if not self.frozen.is_set():
            self._picture = self._noise.integers(0, 255, (48, 64, 3), dtype=np.uint8)
        return self._picture

    def close(self) -> None:
        return


async def test_a_camera_that_has_frozen_judges_nobody_and_counts_as_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    health, clock = Health(), HandClock()
    showing = Showing(clock)

    def opens(*_: object, **__: object) -> Showing:
        return showing

    monkeypatch.setattr("edge.sensing.camera.open_pictures", opens)
    monkeypatch.setattr(eyes.Eyes, "_judge", sees_a_face)
    watching = eyes_on(tmp_path, "device:0", health, clock)
    looking = asyncio.create_task(watching.run())

    async def until(holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not holds():  # noqa: ASYNC110 - a count has no event
                await asyncio.sleep(0.01)

    await until(lambda: health.faces > 200)
    assert watching.online
    showing.frozen.set()
    await until(lambda: health.dropped["frozen_frame"] > 100)
    assert not watching.online
    faces = health.faces
    showing.frozen.clear()
    await until(lambda: health.faces > faces)
    assert caplog.text.count("one and the same picture") == 1
    looking.cancel()

"""The camera's lane in a whole daemon: let go when somebody asks, left behind when its driver hangs."""

import functools
import os
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge import eyes
from edge.sensing.camera import open_camera
from tests.edge.daemon.lines import running


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
    monkeypatch.setattr(eyes, "REOPEN_S", 0.01)
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

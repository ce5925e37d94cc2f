"""Cameras of every kind: by their lasting name, through a pipe, a pipeline, or a Raspberry Pi's own stack."""

import os
import sys
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest

from edge.flow import Image
from edge.sensing import pictures
from edge.sensing.camera import CameraError, check_camera, open_camera
from edge.sensing.errors import AwayCameraError, HungCameraError
from edge.sensing.pictures import device_path
from edge.worker import left_behind
from tests.edge.sensing.test_camera import write_video
from tests.fakes.clock import HandClock


class Picamera2:
    """picamera2's class as the manual has it, with a sensor that counts."""

    cameras: ClassVar[list[dict[str, object]]] = [{"Model": "imx708", "Num": 0}]
    closed: ClassVar[list[int]] = []
    asked: ClassVar[dict[str, Any]] = {}

    def __init__(self, number: int) -> None:
        self._number = number
        self._frames = 0

    @staticmethod
    def global_camera_info() -> list[dict[str, object]]:
        return Picamera2.cameras

    def create_video_configuration(self, **options: Any) -> dict[str, Any]:
        return options

    def configure(self, configuration: dict[str, Any]) -> None:
        Picamera2.asked.update(configuration)

    def start(self) -> None:
        self._frames = 0

    def capture_array(self, name: str) -> Image:
        self._frames += 1
        if self._frames > 3:
            raise RuntimeError("the camera front end has timed out")
        return np.full((480, 640, 3), self._frames, np.uint8)

    def stop(self) -> None:
        return

    def close(self) -> None:
        Picamera2.closed.append(self._number)


def raising(text: str) -> Callable[..., None]:
    """A method that fails."""

    def fail(*_: object) -> None:
        raise RuntimeError(text)

    return fail


@pytest.fixture
def picamera2(monkeypatch: pytest.MonkeyPatch) -> type[Picamera2]:
    module: Any = types.ModuleType("picamera2")
    module.Picamera2 = Picamera2
    monkeypatch.setitem(sys.modules, "picamera2", module)
    Picamera2.closed.clear()
    return Picamera2


async def test_a_raspberry_pis_camera_gives_frames_and_is_let_go(picamera2: type[Picamera2]) -> None:
    check_camera("picamera2:0")
    async with open_camera("picamera2:0", 5, HandClock()) as camera:
        frame = await anext(camera)
        assert frame.image.shape == (480, 640, 3)
    assert picamera2.closed
    assert picamera2.asked["controls"] == {"FrameRate": 5}
    assert picamera2.asked["queue"] is False


@pytest.mark.parametrize(
    ("number", "sentence", "away"), [("1", "only 1 of them", True), ("front", "names no camera", False)]
)
def test_a_pi_camera_that_is_not_there(picamera2: type[Picamera2], number: str, sentence: str, away: bool) -> None:
    with pytest.raises(CameraError, match=sentence) as caught:
        check_camera(f"picamera2:{number}")
    assert isinstance(caught.value, AwayCameraError) == away


@pytest.mark.parametrize("step", ["configure", "start"])
def test_a_pi_camera_that_does_not_start_is_let_go(
    picamera2: type[Picamera2], step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picamera2, step, raising("Camera __init__ sequence did not complete."))
    with pytest.raises(CameraError, match="picamera2:0 does not start"):
        pictures.open_pictures("picamera2:0", 5)
    assert picamera2.closed == [0]


async def test_a_pi_camera_that_was_lost_cannot_be_stopped_but_is_closed_and_opened_anew(
    picamera2: type[Picamera2], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picamera2, "stop", raising("No such device"))
    async with open_camera("picamera2:0", 5, HandClock(), rest=lambda stop, _: stop.is_set()) as camera:
        while camera.reopened < 2:
            await anext(camera)
    assert len(picamera2.closed) >= 2


def test_without_picamera2_the_package_is_named() -> None:
    with pytest.raises(CameraError, match="sudo apt install python3-picamera2"):
        check_camera("picamera2:0")


@pytest.mark.parametrize("error", [ValueError("numpy.dtype size changed"), ImportError("libcamera.so.0.5")])
async def test_a_picamera2_that_does_not_load_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    (tmp_path / "picamera2.py").write_text(f"raise {error!r}\n")  # as apt's does beside another numpy than its own
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(CameraError, match=rf"does not load \({error}\); it needs .* Trixie .* Bookworm .* FIFO"):
        async with open_camera("picamera2:0", 5, HandClock(), hung_s=30.0):
            pass


async def test_a_camera_stack_that_is_taken_says_so(
    picamera2: type[Picamera2], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picamera2, "global_camera_info", raising("Failed to open camera manager"))
    with pytest.raises(AwayCameraError, match=r"cannot ask for its cameras \(Failed to open"):
        async with open_camera("picamera2:0", 5, HandClock(), hung_s=30.0):
            pass


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_stack_that_breaks_off_is_not_waited_for() -> None:
    def breaks() -> pictures.Pictures:
        raise LookupError("nobody thought of this")

    with pytest.raises(CameraError, match="broke off while it was opened"):
        async with open_camera(breaks, 5, HandClock(), hung_s=30.0):
            pass


@pytest.mark.skipif(cv2.videoio_registry.hasBackend(cv2.CAP_GSTREAMER), reason="this OpenCV has GStreamer")
def test_a_pipeline_is_refused_where_opencv_has_no_gstreamer() -> None:
    with pytest.raises(CameraError, match="built without GStreamer"):
        check_camera("gst:nvarguscamerasrc ! nvvidconv ! video/x-raw,format=BGRx ! videoconvert ! appsink")


def test_a_pipeline_that_ends_nowhere_is_refused() -> None:
    with pytest.raises(CameraError, match="does not end in `! appsink`"):
        check_camera("gst:v4l2src ! videoconvert ! autovideosink")


def test_a_camera_has_a_name_that_lasts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_BY_ID", tmp_path)
    (tmp_path / "usb-046d_C270-index0").symlink_to("/dev/null")
    assert device_path("device:usb-046d_C270-index0") == tmp_path / "usb-046d_C270-index0"
    assert device_path("device:/dev/v4l/by-id/x") == Path("/dev/v4l/by-id/x")
    with pytest.raises(CameraError, match="is no camera device"):
        check_camera("device:usb-046d_C270-index0")
    with pytest.raises(AwayCameraError, match="there are device:usb-046d_C270-index0"):
        check_camera("device:usb-other")


def test_a_pipe_of_pictures_may_be_made_after_the_start(tmp_path: Path) -> None:
    pipe = tmp_path / "camera.mjpeg"
    with pytest.raises(AwayCameraError, match="make the FIFO"):
        check_camera(str(pipe))
    os.mkfifo(pipe)
    check_camera(str(pipe))


async def test_a_pipe_that_nobody_writes_to_hangs_and_is_left(tmp_path: Path) -> None:
    pipe = tmp_path / "camera.avi"
    os.mkfifo(pipe)
    check_camera(str(pipe))  # who writes into it may come later
    before = left_behind()
    with pytest.raises(HungCameraError, match="does not open within"):
        async with open_camera(str(pipe), 5, HandClock(), hung_s=0.2):
            pass
    assert left_behind() == before + 1
    writing = os.open(pipe, os.O_WRONLY)  # lets the thread that was left come back
    os.close(writing)
    for thread in threading.enumerate():
        if thread.name == "camera":
            thread.join(20)
    assert left_behind() == before


async def test_a_pipe_gives_frames_as_they_come(tmp_path: Path) -> None:
    video, pipe = write_video(tmp_path / "clip.avi", [30] * 40), tmp_path / "camera.avi"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(video.read_bytes()))
    writer.start()
    async with open_camera(str(pipe), 5, HandClock()) as camera:
        assert (await anext(camera)).image.shape == (24, 32, 3)
    writer.join(20)

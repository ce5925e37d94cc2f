"""A Raspberry Pi's own camera, through picamera2."""

import importlib
from contextlib import suppress
from typing import Any, Protocol, cast

import numpy as np

from edge.flow import Image
from edge.sensing.errors import AwayCameraError, CameraError

_SIZE = (640, 480)
"""Width and height that the camera's own scaler delivers."""
_FORMAT = "RGB888"
"""picamera2's name, after the order in a word, for pictures whose bytes come as OpenCV's: blue, green, red."""
_APT = (
    "picamera2 is not installed; it comes from `sudo apt install python3-picamera2`, and an environment made with "
    "`python3 -m venv --system-site-packages` finds it"
)

_UNFIT = (
    "picamera2 is installed but does not load ({error}); it needs Raspberry Pi OS Trixie (Debian 13), on Bookworm let "
    "`rpicam-vid --codec mjpeg -t 0 -o camera.mjpeg` write into a FIFO and name that as camera.source: docs/install.md "
    "has the service for it"
)


class _Picamera2(Protocol):
    """What is used of picamera2 (the Picamera2 manual, release 0.3), which has no types of its own."""

    def create_video_configuration(self, **options: Any) -> dict[str, Any]: ...
    def configure(self, configuration: dict[str, Any]) -> None: ...
    def start(self) -> None: ...
    def capture_array(self, name: str) -> Any: ...
    def stop(self) -> None: ...
    def close(self) -> None: ...


class PiPictures:
    """An open camera; it waits for a frame that begins after it is asked for, so none is old."""

    period_s = 0.0
    lasting = True

    def __init__(self, camera: _Picamera2) -> None:
        self._camera = camera
        self._picture: Image | None = None

    def grab(self) -> bool:
        try:
            self._picture = np.asarray(self._camera.capture_array("main"), np.uint8)
        except RuntimeError:
            return False  # the camera was unplugged or its driver gave up
        return True

    def retrieve(self) -> Image | None:
        return self._picture

    def close(self) -> None:
        _let_go(self._camera)


def check_picamera(number: str) -> None:
    """Raise AwayCameraError if there is no such camera now, CameraError if there is no picamera2; nothing is opened."""
    module = _module()
    if not number.isdecimal():
        raise CameraError(f"picamera2:{number} names no camera; picamera2:0 is the first")
    try:
        found = len(cast(list[object], module.Picamera2.global_camera_info()))
    except RuntimeError as error:
        raise AwayCameraError(
            f"picamera2 cannot ask for its cameras ({error}); end other programs that use libcamera, or restart"
        ) from error
    if int(number) >= found:
        raise AwayCameraError(
            f"there is no camera picamera2:{number}, only {found} of them; see its cable, and what "
            "`rpicam-hello --list-cameras` says"
        )


def open_picamera(number: str, fps: float) -> PiPictures:
    """Open the camera with this number; raise CameraError if it cannot be had."""
    check_picamera(number)
    try:
        camera = cast(_Picamera2, _module().Picamera2(int(number)))
    except (RuntimeError, IndexError) as error:
        raise CameraError(f"picamera2:{number} does not open ({error}); another program may hold it") from error
    try:
        _start(camera, fps)
    except RuntimeError as error:
        _let_go(camera)
        raise CameraError(f"picamera2:{number} does not start ({error}); end other programs that use it") from error
    return PiPictures(camera)


def _start(camera: _Picamera2, fps: float) -> None:
    # queue=False: a frame that was waiting when we asked would be an old one
    camera.configure(
        camera.create_video_configuration(
            main={"size": _SIZE, "format": _FORMAT}, controls={"FrameRate": fps}, buffer_count=2, queue=False
        )
    )
    camera.start()


def _let_go(camera: _Picamera2) -> None:
    """Stop and close; a camera that is lost cannot be stopped any more, but is closed all the same."""
    try:
        with suppress(RuntimeError):
            camera.stop()
    finally:
        with suppress(RuntimeError):
            camera.close()


def _module() -> Any:
    try:
        return importlib.import_module("picamera2")
    except ModuleNotFoundError as error:
        raise CameraError(_APT) from error
    except (ImportError, ValueError, AttributeError) as error:
        raise CameraError(_UNFIT.format(error=" ".join(str(error).split()))) from error

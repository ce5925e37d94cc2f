"""Where pictures come from: a device, a video file, a still picture, a numbered sequence."""

import os
import stat
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from edge.flow import Image

STILLS = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm"})
"""Suffixes that make a path a still picture; any other path is a video."""

_VIDEO4LINUX = 81
"""Major number of video devices (Linux, admin-guide/devices.txt)."""
_SIZE = (640, 480)
"""Width and height asked of a device; it may answer with its own."""


class CameraError(OSError):
    """There are no pictures: the sentence says from where, why, and what would help."""

    hung = False
    """A thread waits inside a driver for what never comes; it was left behind."""


class HungCameraError(CameraError):
    """A driver that neither gives a picture nor fails."""

    hung = True


class Pictures(Protocol):
    """An open source of pictures, used by one thread."""

    period_s: float
    """Time from one picture to the next; 0 when grabbing itself waits for the next one, as with a device."""
    lasting: bool
    """Whether the source may come back after it has failed, as a device may."""

    def grab(self) -> bool:
        """Take the next picture, waiting for it if need be; False when there is none."""
        ...

    def retrieve(self) -> Image | None:
        """The picture just taken, BGR (h, w, 3) or grey (h, w); None when its bytes are spoilt."""
        ...

    def close(self) -> None:
        """Let go of the device or file."""
        ...


class Still:
    """One picture, delivered again and again, as by a camera pointed at it."""

    lasting = False

    def __init__(self, image: Image, fps: float) -> None:
        self.period_s = 1 / fps
        self._image = image

    def grab(self) -> bool:
        return True

    def retrieve(self) -> Image | None:
        return self._image

    def close(self) -> None:
        return


class Video:
    """A device, a file or a numbered sequence, through OpenCV."""

    def __init__(self, capture: cv2.VideoCapture, period_s: float, *, lasting: bool, loop: bool) -> None:
        self.period_s = period_s
        self.lasting = lasting
        self._capture = capture
        self._loop = loop

    def grab(self) -> bool:
        if self._capture.grab():
            return True
        return self._loop and self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0) and self._capture.grab()

    def retrieve(self) -> Image | None:
        there, picture = self._capture.retrieve()
        return picture.astype(np.uint8, copy=False) if there else None

    def close(self) -> None:
        self._capture.release()


def open_pictures(source: str, fps: float, *, loop: bool = False) -> Pictures:
    """Open a source; raise CameraError if it is not there or gives no pictures.

    ``source``: `device:0` or `device:/dev/video0`, the path of a still picture, the path of a video (played at its own
    rate), or a numbered pattern such as `frames/%04d.png` (played at ``fps``). ``loop``: start a file again at its end.
    """
    if not fps > 0:
        raise CameraError(f"camera rate must be above 0 frames a second, got {fps}; 15 to 30 are usual")
    check_place(source)
    if source.startswith("device:"):
        return _open_device(source, fps)
    if "%" in source:
        return _open_video(source, 1 / fps, cv2.CAP_IMAGES, loop=loop)
    if Path(source).suffix.lower() in STILLS:
        return Still(read_still(source), fps)
    return _open_video(source, None, cv2.CAP_ANY, loop=loop, fallback_s=1 / fps)


def check_place(source: str) -> None:
    """Raise CameraError if a source's path is missing or closed to us; nothing is opened."""
    if not source:
        raise CameraError("no camera is named; use device:0, device:/dev/video0 or the path of a picture or video")
    if source.startswith("device:"):
        _check_device(device_path(source))
        return
    first = Path(source % _first_number(source)) if "%" in source else Path(source)
    if not first.is_file():
        raise CameraError(f"camera file {first} does not exist; give a picture, a video, or device:/dev/video0")
    if not os.access(first, os.R_OK):
        raise CameraError(f"camera file {first} may not be read by this user; change its owner or mode")


def device_path(source: str) -> Path:
    """The device file that `device:0` or `device:/dev/video0` means."""
    name = source.removeprefix("device:")
    return Path(f"/dev/video{name}") if name.isdecimal() else Path(name)


def read_still(path: str) -> Image:
    """A picture file as BGR; raise CameraError if it cannot be decoded."""
    picture = cv2.imread(path, cv2.IMREAD_COLOR)
    if picture is None:
        raise CameraError(f"{path} is no picture that can be decoded; PNG and JPEG can")
    return picture.astype(np.uint8, copy=False)


def _check_device(path: Path) -> None:
    try:
        status = path.stat()
    except OSError as error:
        raise CameraError(f"camera device {path} is not there; plug it in, or see `ls /dev/video*`") from error
    if not stat.S_ISCHR(status.st_mode) or os.major(status.st_rdev) != _VIDEO4LINUX:
        raise CameraError(f"{path} is no camera device; for a file, leave out `device:`")
    if not os.access(path, os.R_OK | os.W_OK):
        raise CameraError(f"camera device {path} may not be used by this user; add it to the group `video`")


def _first_number(pattern: str) -> int:
    """The number, 0 or 1, with which the files of a pattern begin; raise CameraError for a pattern of none."""
    try:
        return next((number for number in (0, 1) if Path(pattern % number).is_file()), 0)
    except (TypeError, ValueError) as error:
        raise CameraError(f"camera pattern {pattern} is malformed; one like frames/%04d.png works") from error


def _open_device(source: str, fps: float) -> Pictures:
    path = device_path(source)
    capture = cv2.VideoCapture(str(path), cv2.CAP_V4L2)
    if not capture.isOpened():
        capture.release()
        raise CameraError(f"camera device {path} does not open; another program may hold it, or it is no camera")
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, _SIZE[0])
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, _SIZE[1])
    capture.set(cv2.CAP_PROP_FPS, fps)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return Video(capture, 0.0, lasting=True, loop=False)


def _open_video(source: str, period_s: float | None, backend: int, *, loop: bool, fallback_s: float = 0.0) -> Pictures:
    capture = cv2.VideoCapture(source, backend)
    if not capture.isOpened():
        capture.release()
        raise CameraError(f"{source} is no video that can be decoded; H.264, MJPEG and GIF can")
    own_fps = capture.get(cv2.CAP_PROP_FPS)
    own_s = 1 / own_fps if 0 < own_fps < 1000 else fallback_s
    return Video(capture, own_s if period_s is None else period_s, lasting=False, loop=loop)

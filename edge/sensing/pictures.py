"""Where pictures come from: a device, a pipeline, a video file, a still picture, a numbered sequence."""

import os
import re
import stat
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from edge.flow import Image
from edge.sensing.errors import AwayCameraError, CameraError
from edge.sensing.jpeg_pipe import JpegPipe
from edge.sensing.picamera import check_picamera, open_picamera
from edge.sensing.plain import plain

STILLS = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm"})
"""Suffixes that make a path a still picture; any other path is a video."""

_PICTURES_IN_A_ROW = frozenset({".mjpeg", ".mjpg"})
_VIDEO4LINUX = 81
"""Major number of video devices (Linux, admin-guide/devices.txt)."""
_BY_ID = Path("/dev/v4l/by-id")
"""Names that stay the same whichever socket a camera is plugged into (udev, 60-persistent-v4l.rules)."""
_NEWEST = "drop=true max-buffers=1 sync=false"
"""What keeps GStreamer's appsink from saving old frames."""
_GST = (
    "this OpenCV was built without GStreamer, as every wheel from PyPI is; use the system's own "
    "(`python3-opencv`, or the one that comes with JetPack) in an environment made with --system-site-packages"
)
_TEXT = cv2.VideoWriter.fourcc(*"ansi")
"""FFmpeg takes a text file for a film of a terminal."""
_SIZE = (640, 480)
"""Width and height asked of a device; it may answer with its own."""


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
        """The picture just taken, BGR (h, w, 3) or grey (h, w); None when its bytes are spoilt.

        CameraError when it is of a kind that cannot be used.
        """
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
        return plain(picture) if there else None

    def close(self) -> None:
        self._capture.release()


def open_pictures(source: str, fps: float, *, loop: bool = False) -> Pictures:
    """Open a source; raise CameraError if it is not there or gives no pictures.

    ``source``: `device:0`, `device:/dev/video0` or a name of /dev/v4l/by-id; `picamera2:0`; `gst:PIPELINE ! appsink`;
    the path of a still picture, of a video (played at its own rate) or of a FIFO that carries one (taken as it comes);
    or a numbered pattern such as `frames/%04d.png` (played at ``fps``). ``loop``: start a file again at its end.
    """
    if not fps > 0:
        raise CameraError(f"camera rate must be above 0 frames a second, got {fps}; 15 to 30 are usual")
    check_place(source)
    if source.startswith("device:"):
        return _open_device(source, fps)
    if source.startswith("picamera2:"):
        return open_picamera(source.removeprefix("picamera2:"), fps)
    if source.startswith("gst:"):
        return _open_pipeline(source)
    if "%" in source:
        return _open_video(source, 1 / fps, cv2.CAP_IMAGES, loop=loop)
    if Path(source).is_fifo():
        return JpegPipe(source) if is_jpeg_pipe(source) else _open_video(source, 0.0, cv2.CAP_FFMPEG, lasting=True)
    if Path(source).suffix.lower() in STILLS:
        return Still(read_still(source), fps)
    return _open_video(source, None, cv2.CAP_ANY, loop=loop, fallback_s=1 / fps)


def is_jpeg_pipe(source: str) -> bool:
    """A FIFO that carries JPEG pictures. No driver reads it but we do: when it is silent, nobody writes."""
    try:
        return Path(source).suffix.lower() in _PICTURES_IN_A_ROW and Path(source).is_fifo()
    except OSError:
        return False  # whoever opens it says why


def check_place(source: str) -> None:
    """Raise CameraError if a source's path is missing or closed to us; nothing is opened.

    AwayCameraError if all that is wrong is that the camera is not there now.
    """
    if not source:
        raise CameraError("no camera is named; use device:0, device:/dev/video0 or the path of a picture or video")
    if source == "device:":
        raise CameraError("device: names no camera; device:0 is the first")
    if source.startswith("device:"):
        _check_device(device_path(source))
        return
    if source.startswith("picamera2:"):
        check_picamera(source.removeprefix("picamera2:"))
        return
    if source.startswith("gst:"):
        _check_pipeline(source)
        return
    first = Path(source % _first_number(source)) if "%" in source else Path(source)
    if not _is_there(first):
        if first.suffix.lower() in _PICTURES_IN_A_ROW and first.parent.is_dir():
            raise AwayCameraError(f"{first} is not there (yet); make the FIFO (`mkfifo {first}`), or start what does")
        raise CameraError(f"camera file {first} does not exist; give a picture, a video, or device:/dev/video0")
    if not os.access(first, os.R_OK):
        raise CameraError(f"camera file {first} may not be read by this user; change its owner or mode")


def device_path(source: str) -> Path:
    """The device file that `device:0`, `device:/dev/video0` or `device:NAME` of /dev/v4l/by-id means."""
    name = source.removeprefix("device:")
    if name.isdecimal():
        return Path(f"/dev/video{name}")
    return Path(name) if "/" in name else _BY_ID / name


def read_still(path: str) -> Image:
    """A picture file as BGR; raise CameraError if it cannot be decoded."""
    picture = cv2.imread(path, cv2.IMREAD_COLOR)
    if picture is None:
        raise CameraError(f"{path} is no picture that can be decoded; PNG and JPEG can")
    return picture.astype(np.uint8, copy=False)


def _is_there(file: Path) -> bool:
    try:
        return file.is_file() or file.is_fifo()
    except OSError as error:
        raise CameraError(
            f"camera file {file} cannot be looked at ({error.strerror}); see its name and the rights of its folders"
        ) from error


def _check_device(path: Path) -> None:
    try:
        status = path.stat()
    except FileNotFoundError as error:
        there = ", ".join(sorted(entry.name for entry in _BY_ID.glob("*")))
        hint = f"there are device:{there}" if there else "see `ls /dev/video*`"
        raise AwayCameraError(f"camera device {path} is not there; plug it in, or {hint}") from error
    except OSError as error:
        raise CameraError(
            f"camera device {path} cannot be looked at ({error.strerror}); see its name and the rights of its folders"
        ) from error
    if not stat.S_ISCHR(status.st_mode) or os.major(status.st_rdev) != _VIDEO4LINUX:
        raise CameraError(f"{path} is no camera device; for a file, leave out `device:`")
    if not os.access(path, os.R_OK | os.W_OK):
        raise CameraError(f"camera device {path} may not be used by this user; add it to the group `video`")


def _first_number(pattern: str) -> int:
    """The number, 0 or 1, with which the files of a pattern begin; raise CameraError for a pattern of none."""
    try:
        return next((number for number in (0, 1) if _is_there(Path(pattern % number))), 0)
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


def _check_pipeline(source: str) -> None:
    if not re.search(r"!\s*appsink\b[^!]*$", source):
        raise CameraError(f"{source} does not end in `! appsink`, so that no picture would reach us; add it")
    registry: Any = cv2.videoio_registry
    if not registry.hasBackend(cv2.CAP_GSTREAMER):
        raise CameraError(f"{source}: {_GST}")


def _open_pipeline(source: str) -> Pictures:
    pipeline = source.removeprefix("gst:").strip()
    if pipeline.endswith("appsink"):
        pipeline = f"{pipeline} {_NEWEST}"
    capture = cv2.VideoCapture(pipeline, cv2.CAP_GSTREAMER)
    if not capture.isOpened():
        capture.release()
        raise CameraError(f"GStreamer does not run {source}; try it with `gst-launch-1.0` and fakesink for appsink")
    return Video(capture, 0.0, lasting=True, loop=False)


def _open_video(
    source: str,
    period_s: float | None,
    backend: int,
    *,
    loop: bool = False,
    lasting: bool = False,
    fallback_s: float = 0.0,
) -> Pictures:
    # One thread decodes: every further one holds pictures of its own, and a camera's rate needs none.
    options = [] if backend == cv2.CAP_IMAGES else [cv2.CAP_PROP_N_THREADS, 1]
    capture = cv2.VideoCapture(source, backend, options)
    if not capture.isOpened() or capture.get(cv2.CAP_PROP_FOURCC) == _TEXT:
        capture.release()
        raise CameraError(f"{source} is no video that can be decoded; H.264, MJPEG and GIF can")
    own_fps = capture.get(cv2.CAP_PROP_FPS)
    own_s = 1 / own_fps if 0 < own_fps < 1000 else fallback_s
    return Video(capture, own_s if period_s is None else period_s, lasting=lasting, loop=loop)

"""A FIFO of JPEG pictures: the newest one, as soon as it is whole.

FFmpeg gives a picture only when the next one has begun, a whole frame late, and loses its way for long in spoilt bytes.
"""

import os
import select

import cv2
import numpy as np

from edge.flow import Image
from edge.sensing.errors import CameraError
from edge.sensing.jpegs import Jpegs

_WAIT_MS = 500
"""So long the reader waits before it looks whether it is still wanted."""
_PIPE_BYTES = 1 << 16
"""What a pipe holds (pipe(7)): after so much, what comes is newer than the question."""


class JpegPipe:
    """Reads what somebody writes; ends when nobody does any longer. Waiting for the first writer is no end."""

    period_s = 0.0
    lasting = True

    def __init__(self, path: str) -> None:
        try:
            self._pipe = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError as error:
            raise CameraError(f"the pipe {path} does not open: {error.strerror}; see that it is still there") from error
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN)
        self._jpegs = Jpegs()
        self._newest: bytes | None = None

    def grab(self) -> bool:
        """Take the newest picture; none within half a second is no end, but `retrieve` then has none."""
        self._newest, taken, wait_ms = None, 0, _WAIT_MS
        while taken < _PIPE_BYTES and self._poll.poll(wait_ms):
            data = os.read(self._pipe, _PIPE_BYTES)
            if not data:
                return self._newest is not None
            for picture in self._jpegs.feed(data):
                self._newest = picture
            taken, wait_ms = taken + len(data), 0
        return True

    def retrieve(self) -> Image | None:
        if self._newest is None:
            return None
        try:
            picture = cv2.imdecode(np.frombuffer(self._newest, np.uint8), cv2.IMREAD_COLOR)
        except cv2.error:
            return None
        return None if picture is None else picture.astype(np.uint8, copy=False)

    def close(self) -> None:
        os.close(self._pipe)

"""The newest frame, always: a capture thread keeps one frame and throws away the older."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from edge.clock import Clock, nanoseconds, seconds
from edge.flow import Frame, Image
from edge.sensing.errors import CameraError, HungCameraError
from edge.sensing.pictures import Pictures, Still, check_place, is_jpeg_pipe, open_pictures
from edge.worker import leave_behind

__all__ = ["Camera", "CameraError", "check_camera", "open_camera"]

Rest = Callable[[threading.Event, float], bool]
"""Waits so many seconds, or until the event is set, and says whether it is: `threading.Event.wait`, or a test's own."""

_FIRST_BACKOFF_S = 0.5
_LONGEST_BACKOFF_S = 10.0
PATIENCE_S = 30.0
"""A device that was unplugged is waited for so long."""
SILENT_S = PATIENCE_S + 15.0
"""A driver that blocks for so long, some seconds beyond the patience, has hung; the pauses of reopening are shorter."""
_LEAVE_S = 2.0
"""How long a capture thread may take to end; a driver that hangs is left behind."""


class Camera:
    """Iterate it for frames, one reader only. A frame that nobody fetched in time is dropped and counted."""

    def __init__(self, name: str, limit_s: float, *, piped: bool = False) -> None:
        self.name = name
        self.dropped = 0
        """Frames that a newer one replaced before they were fetched."""
        self.reopened = 0
        """How often a lost device was found again."""
        self.let_go = True
        """False once it was left to a driver that hangs: nobody can say whether the device is closed."""
        self._limit_s = limit_s
        self._piped = piped
        self._loop = asyncio.get_running_loop()
        self._opening: asyncio.Future[None] = self._loop.create_future()
        self._lock = threading.Lock()
        self._ready = asyncio.Event()
        self._newest: Frame | None = None
        self._ended = False
        self._error: CameraError | None = None

    def __aiter__(self) -> "Camera":
        return self

    async def __anext__(self) -> Frame:
        """The newest frame not yet fetched.

        Ends with the file; raises CameraError when frames have stopped for longer than the camera's patience.
        """
        limit_s = self._limit_s
        while True:
            with self._lock:
                frame, self._newest = self._newest, None
                self._ready.clear()
                if frame is not None:
                    return frame
                if self._error is not None:
                    raise self._error
                if self._ended:
                    raise StopAsyncIteration
            try:
                async with asyncio.timeout(limit_s):
                    await self._ready.wait()
            except TimeoutError as error:
                if self._piped:
                    raise CameraError(
                        f"nobody has written a picture into {self.name} for {limit_s:g} s; start what does"
                    ) from error
                sentence = f"{self.name} is silent for {limit_s:g} s; its driver hangs, plug it anew"
                raise HungCameraError(sentence) from error

    async def opened(self) -> None:
        """Wait until the device is open; CameraError when it cannot be, or has not answered for too long."""
        try:
            async with asyncio.timeout(self._limit_s):
                await self._opening
        except TimeoutError as error:
            sentence = f"{self.name} does not open within {self._limit_s:g} s, nor does it fail; plug it anew"
            raise HungCameraError(sentence) from error

    def open(self, error: CameraError | None) -> None:
        """Say, from the capture thread, that the device is open, or why it is not."""

        def settle() -> None:
            if self._opening.done():  # nobody waits any more
                return
            if error is None:
                self._opening.set_result(None)
            else:
                self._opening.set_exception(error)

        self._tell(settle)

    def offer(self, frame: Frame) -> None:
        """Take a frame from the capture thread."""
        with self._lock:
            waiting = self._newest is not None
            self.dropped += waiting
            self._newest = frame
        if not waiting:
            self._tell(self._ready.set)

    def end(self, error: CameraError | None) -> None:
        """Say, from the capture thread, that no frame will come any more."""
        with self._lock:
            self._ended, self._error = True, error
        self._tell(self._ready.set)

    def _tell(self, call: Callable[[], object]) -> None:
        if not self._loop.is_closed():  # a thread that was left behind may come back after everything
            self._loop.call_soon_threadsafe(call)


class _Capture:
    """The thread's work: read, stamp, offer; open again what came loose."""

    def __init__(
        self, camera: Camera, reopen: Callable[[], Pictures], clock: Clock, rest: Rest, patience_s: float
    ) -> None:
        self.stop = threading.Event()
        self._camera = camera
        self._reopen = reopen
        self._clock = clock
        self._rest = rest
        self._patience_s = patience_s
        self._index = 0
        self._since = clock.now()
        """When the newest frame was offered, or the device was opened first;"""
        self._backoff_s = _FIRST_BACKOFF_S
        """a device that opens and gives none is as good as away."""

    def run(self) -> None:
        """Open, then read until the source ends, is given up, or ``stop`` is set."""
        error: CameraError | None = CameraError(f"{self._camera.name} broke off while it was opened; see the log")
        try:
            current: Pictures | None = self._reopen()
            error = None
        except CameraError as refused:
            error = refused
            return
        finally:
            self._camera.open(error)
        error = CameraError(f"the capture thread of {self._camera.name} broke off")
        self._since = self._clock.now()
        try:
            while current is not None:  # once stopped, what has just been opened is closed all the same
                try:
                    self._play(current)
                finally:
                    current.close()
                current, error = self._again(current)
        except CameraError as refused:
            error = refused
        finally:
            if not self.stop.is_set():
                self._camera.end(error)

    def _play(self, pictures: Pictures) -> None:
        """Offer frames until there are no more, or ``stop`` is set."""
        due = self._clock.now()
        while not self.stop.is_set():
            if pictures.period_s:
                wait_s = seconds(due - self._clock.now())
                if wait_s > 0 and self._rest(self.stop, wait_s):
                    return
                due = max(due + nanoseconds(pictures.period_s), self._clock.now())
            if not pictures.grab():
                return
            grabbed = self._clock.now()  # before decoding, which takes milliseconds
            picture = pictures.retrieve()
            if picture is not None and not self.stop.is_set():
                self._camera.offer(Frame(picture, grabbed, self._index))
                self._index += 1
                self._since, self._backoff_s = grabbed, _FIRST_BACKOFF_S
            elif pictures.lasting and seconds(grabbed - self._since) >= self._patience_s:  # each of them is spoilt
                return

    def _again(self, lost: Pictures) -> tuple[Pictures | None, CameraError | None]:
        """A lost device opened anew; or nothing, and the reason if that is an error."""
        name = self._camera.name
        if self.stop.is_set():
            return None, None
        if not lost.lasting:
            return None, None if self._index else CameraError(f"{name} holds no frames; give a video that plays")
        why = "it opens and gives no picture; see that its cable, its power and its USB hub suffice"
        while seconds(self._clock.now() - self._since) < self._patience_s:
            if self._rest(self.stop, self._backoff_s):
                return None, None
            self._backoff_s = min(2 * self._backoff_s, _LONGEST_BACKOFF_S)
            try:
                pictures = self._reopen()
            except CameraError as error:
                why = str(error)
            else:
                self._camera.reopened += 1
                return pictures, None
        return None, CameraError(f"{name} was lost and did not come back in {self._patience_s:g} s: {why}")


@asynccontextmanager
async def open_camera(
    source: str | Image | Callable[[], Pictures],
    fps: float,
    clock: Clock,
    loop_file: bool = False,
    *,
    patience_s: float = PATIENCE_S,
    hung_s: float = SILENT_S,
    rest: Rest = threading.Event.wait,
) -> AsyncGenerator[Camera, None]:
    """Open a camera for the time of an `async with`; raise CameraError if it is not there.

    ``source`` is what `open_pictures` reads, a picture (delivered ``fps`` times a second), or a way to open pictures of
    your own. A device that is unplugged, or gives no picture, is opened again with growing pauses for ``patience_s``
    seconds; one that neither answers nor fails is left with its thread after ``hung_s`` (HungCameraError). Frames live
    in memory only.
    """
    if isinstance(source, str):
        name, reopen = source, partial(open_pictures, source, fps, loop=loop_file)
    elif callable(source):
        name, reopen = "the camera", source
    else:
        name, reopen = "the still picture", partial(Still, source, fps)
    camera = Camera(name, hung_s, piped=isinstance(source, str) and is_jpeg_pipe(source))
    capture = _Capture(camera, reopen, clock, rest, patience_s)
    thread = threading.Thread(target=capture.run, name="camera", daemon=True)
    thread.start()
    try:
        await camera.opened()
        yield camera
    finally:
        capture.stop.set()
        await asyncio.to_thread(thread.join, _LEAVE_S)
        if thread.is_alive():
            camera.let_go = False
            leave_behind(thread)


def check_camera(source: str) -> None:
    """Raise CameraError, one sentence, if a source cannot give pictures.

    A device is looked at, not opened, so that checking lights no lamp; of a file the first picture is decoded.
    """
    check_place(source)
    if source.startswith(("device:", "picamera2:", "gst:")) or Path(source).is_fifo():
        return
    pictures = open_pictures(source, 1.0)
    try:
        if not pictures.grab() or pictures.retrieve() is None:
            raise CameraError(f"{source} holds no frames; give a video that plays")
    finally:
        pictures.close()

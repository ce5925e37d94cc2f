"""The camera: frames in, one face estimate a frame with a face out, for as long as there is a camera."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable

import cv2

from edge.bundle import BundleError
from edge.clock import Clock, nanoseconds
from edge.flow import Frame, Modality
from edge.health import Health
from edge.inference.classifier import Classifier, FaceEstimate
from edge.inference.ports import NetworkError
from edge.judges import Judges
from edge.onlooker import Onlooker
from edge.replugging import Replugging
from edge.sensing.camera import SILENT_S, Camera, CameraError, open_camera
from edge.sensing.face import FaceFinder
from edge.sensing.face_cascade import DetectorPlan, Networks
from edge.sensing.frozen import Frozen
from edge.settings import CameraSettings
from edge.sight import blind
from edge.watchdog import INFERENCE_S, Watchdog
from edge.worker import StuckError, Worker, left_behind

log = logging.getLogger("vagus")

QUIET_S, QUIET_PERIODS = 10.0, 2.5
"""A camera without a frame for so long, or so many periods of its slowest rate where that is longer, is not there."""
LIVE = ("device:", "picamera2:", "gst:")
"""What has a sensor; files and pipes may show one picture for ever."""
EARLY = 0.9
"""A frame may come this share of its period after the last: cameras jitter, and a frame lost to that is a whole one."""
HUNG_S = 2 * SILENT_S
"""No frame and no error for so long: the camera's own time limits have failed."""


class Eyes:
    """Looks through one camera. Make it, then await `run`; estimates go to ``seen`` with the frame they came from.

    The device is open only while somebody wants frames: not while `paused`, and not while `fps` is 0.
    """

    def __init__(
        self,
        settings: CameraSettings,
        judges: Judges,
        clock: Clock,
        health: Health,
        onlooker: Onlooker,
        seen: Callable[[Frame, FaceEstimate], Awaitable[None]],
        watchdog: Watchdog,
    ) -> None:
        self._settings = settings
        self._judges = judges
        self._clock = clock
        self._health = health
        self._onlooker = onlooker
        self._seen = seen
        self._watchdog = watchdog
        self._fps = self._slowest = settings.fps
        self._paused = False
        self._turned = asyncio.Event()
        self._finder: tuple[Classifier, FaceFinder] | None = None
        self._frozen = Frozen() if settings.source.startswith(LIVE) else None
        self._froze = False
        self._replugging = Replugging(settings.source, clock)
        self._told = ""
        """What is wrong with the camera, as the log has it; a camera may be away for weeks."""
        self._blind = ""
        """Why the bundle in use has no use for a camera, as the log has it."""

    @property
    def online(self) -> bool:
        saw = self._onlooker.saw
        return self.wanted and saw is not None and self._clock.now() - saw <= nanoseconds(self.quiet_s)

    @property
    def quiet_s(self) -> float:
        """A camera that is there may be without a frame for so long, at the slowest rate that it was held to."""
        return max(QUIET_S, QUIET_PERIODS / self._slowest)

    @property
    def wanted(self) -> bool:
        """Whether the device is to be open now."""
        return self._fps > 0 and not self._paused and not self.unused

    @property
    def unused(self) -> bool:
        """The bundle in use cannot judge by a face: nobody is looked at for nothing."""
        return Modality.FACE not in self._judges.current.modalities

    @property
    def fps(self) -> float:
        """Frames looked at a second; 0 lets the device go."""
        return self._fps

    @fps.setter
    def fps(self, fps: float) -> None:
        self._fps = fps
        self._slowest = min(self._slowest, fps or self._slowest)
        self._turned.set()

    @property
    def paused(self) -> bool:
        """A person does not want to be seen: the device is let go, whatever the rate."""
        return self._paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        self._paused = paused
        self._turned.set()

    def keep_up(self) -> None:
        """Follow a change of the bundle: one that cannot judge by a face needs no camera, which the log says once."""
        why = blind(self._judges.bundle) if self._settings.source else ""
        if why != self._blind:
            self._blind = why
            if why:
                log.warning("%s", why)
            self._turned.set()

    async def run(self) -> None:
        """Look until cancelled or the file ends; the device stays closed while the bundle cannot judge by a face."""
        self.keep_up()
        cv2.setNumThreads(1)  # on small pictures its threads cost more than they bring, and take cores from inference
        with Worker("face") as worker:
            while True:
                self._turned.clear()
                if self.wanted and await self._look_while_wanted(worker):
                    return
                if not self.wanted:
                    self._watchdog.hearts.rest("camera")
                    await self._turned.wait()

    async def _look_while_wanted(self, worker: Worker) -> bool:
        """Whether the source has come to its end; False when the camera is not wanted any more."""
        looking = asyncio.create_task(self._look(worker), name="camera looking")
        try:
            while self.wanted and not looking.done():
                self._turned.clear()
                turned = asyncio.create_task(self._turned.wait())
                await asyncio.wait({looking, turned}, return_when=asyncio.FIRST_COMPLETED)
                turned.cancel()
            if looking.done():
                await looking
                return True
        finally:
            before = left_behind()
            looking.cancel()
            await asyncio.wait({looking})
        if left_behind() > before:  # each look would leave one more
            self._watchdog.budget.spend("camera", f"{self._settings.source} hangs and cannot be let go", SILENT_S)
        return False

    async def _look(self, worker: Worker) -> None:
        await self._replugging.rest()
        while True:
            try:
                await self._look_once(worker)
                return
            except CameraError as error:
                self._health.dropped["camera"] += 1
                self._watchdog.hearts.rest("camera")
                if str(error) != self._told:
                    self._told = str(error)
                    log.warning("%s", error)
                if error.hung:
                    self._watchdog.budget.spend("camera", str(error), SILENT_S)
                await self._replugging.wait(error.hung)

    async def _look_once(self, worker: Worker) -> None:
        hearts, due = self._watchdog.hearts, 0
        hearts.begin("camera", HUNG_S)
        async with self._open() as camera:
            async for frame in camera:
                hearts.beat("camera")
                if self._told:
                    self._told = ""
                    self._replugging.reset()
                if frame.grabbed < due or not self.wanted or self._is_frozen(frame):
                    continue
                due = frame.grabbed + nanoseconds(EARLY / self._fps)
                self._health.frames += 1
                await self._take(worker, frame)
        hearts.rest("camera")

    def _is_frozen(self, frame: Frame) -> bool:
        """Whether a live camera repeats its last picture: nobody is judged by that, and the camera counts as gone."""
        was, self._froze = self._froze, self._frozen is not None and self._frozen.holds(frame)
        self._health.dropped["frozen_frame"] += self._froze
        if self._froze and not was:
            log.warning("%s gives one and the same picture again and again; plug it anew", self._settings.source)
        return self._froze

    @contextlib.asynccontextmanager
    async def _open(self) -> AsyncGenerator[Camera]:
        """The camera; the log tells whoever lives with it from when to when it could see."""
        settings, camera = self._settings, None
        try:
            async with open_camera(settings.source, settings.fps, self._clock, settings.loop) as camera:
                log.info("the camera is open")
                yield camera
        finally:
            if camera is not None:
                log.info("the camera is closed" if camera.let_go else "the camera is left to its driver, which hangs")

    async def _take(self, worker: Worker, frame: Frame) -> None:
        """Ask the networks, and tell; a thread that is stuck in them is left behind, and the networks with it."""
        asked = self._judges.current
        try:
            with self._watchdog.hearts.work("face", 2 * INFERENCE_S):
                estimate = await worker.do(INFERENCE_S, self._judge, asked, frame)
            if estimate is not None:
                self._health.faces += 1
                await self._seen(frame, estimate)  # which asks the fusion head
        except (NetworkError, BundleError, ValueError) as error:
            if not self._judges.failed(str(error), asked):
                raise
        except StuckError as error:
            if self._judges.failed(str(error), asked):
                return
            self._health.dropped["stuck_face"] += 1
            log.error("%s: its networks are loaded anew", error)
            self._watchdog.budget.spend("face", str(error))
            self._judges.renew(Modality.FACE)

    def _judge(self, classifier: Classifier, frame: Frame) -> FaceEstimate | None:
        finder = self._finder_of(classifier)
        crop = finder.find(frame)
        self._onlooker.frame(frame, crop)
        return None if crop is None else classifier.face(crop)

    def _finder_of(self, classifier: Classifier) -> FaceFinder:
        """The finder that belongs to a classifier; a new one after a change of either."""
        if self._finder is None or self._finder[0] is not classifier:
            networks = classifier.detector_networks()
            plan = DetectorPlan.read(classifier.bundle.detector or {})
            found = FaceFinder(Networks(networks["pnet"], networks["rnet"], networks["onet"]), plan)
            self._finder = classifier, found
        return self._finder[1]

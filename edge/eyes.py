"""The camera: frames in, one face estimate a frame with a face out, for as long as there is a camera."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import cv2

from edge.bundle import Bundle
from edge.clock import Clock, nanoseconds
from edge.flow import Frame
from edge.health import Health
from edge.inference.classifier import Classifier, FaceEstimate
from edge.onlooker import Onlooker
from edge.sensing.camera import CameraError, open_camera
from edge.sensing.face import FaceFinder
from edge.sensing.face_cascade import DetectorPlan, Networks
from edge.settings import CameraSettings

log = logging.getLogger("vagus")

REOPEN_S = 2.0
"""Pause before a camera that was given up is opened anew."""
QUIET_S = 10.0
"""A camera without a frame for so long is not there."""
EARLY = 0.9
"""A frame may come this share of its period after the last: cameras jitter, and a frame lost to that is a whole one."""


class Eyes:
    """Looks through one camera. Make it, then await `run`; estimates go to ``seen`` with the frame they came from."""

    def __init__(
        self,
        settings: CameraSettings,
        bundle: Bundle,
        classifier: Classifier,
        clock: Clock,
        health: Health,
        onlooker: Onlooker,
        seen: Callable[[Frame, FaceEstimate], Awaitable[None]],
    ) -> None:
        self._settings = settings
        self._bundle = bundle
        self._classifier = classifier
        self._clock = clock
        self._health = health
        self._onlooker = onlooker
        self._seen = seen

    @property
    def online(self) -> bool:
        saw = self._onlooker.saw
        return saw is not None and self._clock.now() - saw <= nanoseconds(QUIET_S)

    async def run(self) -> None:
        """Look until cancelled or the file ends; raise BundleError when the bundle has no face models."""
        cv2.setNumThreads(1)  # on small pictures its threads cost more than they bring, and take cores from inference
        finder = self._finder()
        with ThreadPoolExecutor(1, "face") as thread:
            while True:
                try:
                    await self._look(thread, finder)
                    return
                except CameraError as error:
                    self._health.dropped["camera"] += 1
                    log.warning("%s", error)
                    await asyncio.sleep(REOPEN_S)

    async def _look(self, thread: ThreadPoolExecutor, finder: FaceFinder) -> None:
        loop, due = asyncio.get_running_loop(), 0
        async with open_camera(
            self._settings.source, self._settings.fps, self._clock, loop_file=self._settings.loop
        ) as camera:
            async for frame in camera:
                if frame.grabbed < due:
                    continue
                due = frame.grabbed + nanoseconds(EARLY / self._settings.fps)
                self._health.frames += 1
                estimate = await loop.run_in_executor(thread, self._judge, finder, frame)
                if estimate is not None:
                    self._health.faces += 1
                    await self._seen(frame, estimate)

    def _judge(self, finder: FaceFinder, frame: Frame) -> FaceEstimate | None:
        crop = finder.find(frame)
        self._onlooker.frame(frame, crop)
        return None if crop is None else self._classifier.face(crop)

    def _finder(self) -> FaceFinder:
        networks = self._classifier.detector_networks()
        plan = DetectorPlan.read(self._bundle.detector or {})
        return FaceFinder(Networks(networks["pnet"], networks["rnet"], networks["onet"]), plan)

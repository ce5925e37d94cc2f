"""The wiring: the only room that knows everyone.

    packets -> Watch -> Windows -> extract -> normalise -> Classifier.wrist --+
                                                                              +-> fuse -> Decider -> Relay
    frames -> FaceFinder -> Classifier.face ----------------------------------+

Decisions are taken when a window of the watch is complete, with the face seen last; without a watch, on each face.
"""

import asyncio
import logging
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack

import cv2
import msgspec
import numpy as np

from edge.bundle import Bundle
from edge.bundle_contract import WristModel
from edge.clock import HostNs, SystemClock, nanoseconds
from edge.flow import Alert, Crop, Decision, Frame, Prediction, State, Window
from edge.health import Health
from edge.inference.classifier import Classifier, FaceEstimate, WristEstimate
from edge.inference.decision import Decider
from edge.lanes import Lane
from edge.onlooker import Onlooker
from edge.relay.alerts import StateMessage, make_alert
from edge.relay.errors import NotDurableError
from edge.relay.mqtt import Relay
from edge.sensing.camera import CameraError, open_camera
from edge.sensing.face import FaceFinder
from edge.sensing.face_cascade import DetectorPlan, Networks
from edge.sensing.timesync import ClockEstimate
from edge.sensing.watch import Watch
from edge.settings import Settings
from edge.signals.body import CHANNELS, Body
from edge.signals.normalise import Usual
from edge.signals.wear import Wear
from firmware_bridge.errors import LinkError
from firmware_bridge.links import Link, open_link

log = logging.getLogger("vagus")

REOPEN_S = 2.0
"""Pause before a link or camera that failed is opened anew; links with a radio back off by themselves."""
EARLY = 0.9
"""A frame may come this share of its period after the last: cameras jitter, and a frame lost to that is a whole one."""
FRESH_STEPS = 3
"""A wrist estimate older than so many steps speaks no more."""
NO_LOSS = ("packets", "late", "no_contact")
"""Counts of the watch that are no losses."""
PUBLISH_S = 1.0
"""State goes out at most this often, alerts at once."""


class Daemon:
    """One person's watch and camera, one bundle, one relay. Make it, then await `run`."""

    relay: Relay
    """Given before `run`: the relay in turn tells the daemon of acknowledgements."""

    def __init__(self, settings: Settings, bundle: Bundle, clock: SystemClock) -> None:
        self.health = Health()
        self.prediction: Prediction | None = None
        self.decision: Decision | None = None
        self.alerts: deque[Alert] = deque(maxlen=10)
        self.bundle = bundle
        self.finished = asyncio.Event()
        """The watch's recording came to its end."""
        self.onlooker = Onlooker(clock)
        self._settings = settings
        self._clock = clock
        self._classifier = Classifier(bundle, settings.models.threads)
        self._decider = Decider(settings.decision)
        self._watch = Watch(clock)
        wrist = bundle.contract.models.wrist
        self._body = Body(usual(wrist), wrist.window_s, wrist.step_s) if wrist else None
        self._wrist_fresh_ns = nanoseconds(FRESH_STEPS * wrist.step_s) if wrist else 0
        self._lane: Lane[Window] = Lane("windows", size=16)
        self._link_counts: Counter[str] = Counter()
        self._in_flight: dict[str, HostNs] = {}
        self._wrist: WristEstimate | None = None
        self._faces: deque[FaceEstimate] = deque(maxlen=8)
        self._published_at = 0

    @property
    def state(self) -> State:
        return self._decider.state

    @property
    def device_clock(self) -> ClockEstimate:
        return self._watch.device_clock

    def losses(self) -> Counter[str]:
        """Everything that was dropped, refused or missing so far, by name."""
        counts = Counter(self.health.dropped)
        counts.update({name: n for name, n in self._watch.counts.items() if name not in NO_LOSS})
        counts.update(self._link_counts)
        counts["windows"] = self._lane.dropped
        return counts

    async def run(self, stop: asyncio.Event) -> None:
        """Run until ``stop`` is set; what is in the outbox then stays there for the next start."""
        cv2.setNumThreads(1)  # on small pictures its threads cost more than they bring, and take cores from inference
        async with AsyncExitStack() as stack:
            body = stack.enter_context(ThreadPoolExecutor(1, "wrist"))
            eyes = stack.enter_context(ThreadPoolExecutor(1, "face"))
            async with asyncio.TaskGroup() as lanes:
                tasks = [lanes.create_task(self._tick(), name="tick")]
                if self._settings.watch.address:
                    tasks.append(lanes.create_task(self._listen(), name="watch"))
                    tasks.append(lanes.create_task(self._think(body), name="wrist"))
                if self._settings.camera.source:
                    tasks.append(lanes.create_task(self._look(eyes), name="camera"))
                await stop.wait()
                for task in tasks:
                    task.cancel()
        self._publish_state(force=True)

    # --- the watch

    async def _listen(self) -> None:
        """Packets of the watch into windows, for as long as there is a watch."""
        address = self._settings.watch.address
        lasting = not address.startswith(("replay:", "virtual:"))  # what fails in a file will fail again
        while True:
            try:
                async with open_link(address, now=self._clock.now, speed=self._clock.speed) as link:
                    log.info("listening to %s", address)
                    await self._hear(link)
                log.info("the watch's recording has ended")
                self.finished.set()
                return
            except LinkError as error:
                if not lasting:
                    raise
                self.health.dropped["link"] += 1
                log.warning("%s", error)
                await asyncio.sleep(REOPEN_S)

    async def _hear(self, link: Link) -> None:
        async for packet in link.packets():
            self.onlooker.packet(packet)
            for samples in self._watch.feed(packet):
                self.health.samples[samples.channel.value] += len(samples.times)
                self.onlooker.samples(samples)
                if self._body is None or samples.channel not in CHANNELS:
                    continue
                for window in self._body.windows.feed(samples):
                    self._lane.put(window)
            self._link_counts = Counter({k: n for k, n in link.counts().items() if k != "packets"})

    async def _think(self, body: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        async for window in self._lane:
            estimate = await loop.run_in_executor(body, self._judge, window)
            if estimate is None:
                continue
            self._wrist = estimate
            prediction = self._classifier.fuse(estimate.end, estimate, self._face_now(), self._clock.now)
            self._note(prediction)
            await self._decide(prediction)

    def _judge(self, window: Window) -> WristEstimate | None:
        """One window to one estimate; None when the watch is not on a wrist or says too little."""
        if self._body is None:
            return None
        reading = self._body.read(window)
        if reading.told is None:
            self.health.skipped["off_wrist" if reading.wear is Wear.OFF else "poor_window"] += 1
            return None
        return self._classifier.wrist(reading.told)

    # --- the camera

    async def _look(self, eyes: ThreadPoolExecutor) -> None:
        """Faces of the newest frames, for as long as there is a camera."""
        loop, camera_settings = asyncio.get_running_loop(), self._settings.camera
        finder, due = self._face_finder(), 0
        while True:
            try:
                async with open_camera(
                    camera_settings.source, camera_settings.fps, self._clock, loop_file=camera_settings.loop
                ) as camera:
                    async for frame in camera:
                        if frame.grabbed < due:
                            continue
                        due = frame.grabbed + nanoseconds(EARLY / camera_settings.fps)
                        self.health.frames += 1
                        estimate = await loop.run_in_executor(eyes, self._see, finder, frame)
                        if estimate is not None:
                            await self._seen(frame, estimate)
                return
            except CameraError as error:
                self.health.dropped["camera"] += 1
                log.warning("%s", error)
                await asyncio.sleep(REOPEN_S)

    def _face_finder(self) -> FaceFinder:
        networks = self._classifier.detector_networks()
        plan = DetectorPlan.read(self.bundle.detector or {})
        return FaceFinder(Networks(networks["pnet"], networks["rnet"], networks["onet"]), plan)

    def _see(self, finder: FaceFinder, frame: Frame) -> FaceEstimate | None:
        crop: Crop | None = finder.find(frame)
        self.onlooker.frame(frame, crop)
        return None if crop is None else self._classifier.face(crop)

    async def _seen(self, frame: Frame, estimate: FaceEstimate) -> None:
        self.health.faces += 1
        self._faces.append(estimate)
        now = self._clock.stream(self._clock.now())
        wrist = self._wrist if self._wrist and now - self._wrist.end <= self._wrist_fresh_ns else None
        prediction = self._classifier.fuse(now, wrist, self._face_now(), self._clock.now)
        self._note(prediction)
        self.health.frame_to_prediction.add(frame.grabbed, prediction.inferred)
        if wrist is None:
            await self._decide(prediction)

    def _face_now(self) -> FaceEstimate | None:
        """The mean of the faces seen within the last seconds: one odd frame is no mood."""
        oldest = self._clock.now() - nanoseconds(self._settings.models.face_fresh_s)
        while self._faces and self._faces[0].grabbed < oldest:
            self._faces.popleft()
        if not self._faces:
            return None
        newest = self._faces[-1]
        emotion = np.stack([face.emotion for face in self._faces]).mean(axis=0, dtype=np.float32)
        return FaceEstimate(emotion, newest.logits, newest.grabbed)

    # --- the decision

    def on_acked(self, alert_id: str, at: HostNs) -> None:
        """The relay says that the broker has a message."""
        received = self._in_flight.pop(alert_id, None)
        self.health.acked += 1
        if received is not None:
            self.health.sensor_to_puback.add(received, at)

    def _note(self, prediction: Prediction) -> None:
        self.prediction = prediction
        self.health.predictions["+".join(sorted(m.value for m in prediction.modalities))] += 1
        self._publish_state()

    async def _decide(self, prediction: Prediction) -> None:
        decision = self._decider.step(prediction)
        self.decision = decision
        if not decision.alert:
            return
        alert = make_alert(
            decision,
            device=self._settings.mqtt.device,
            sequence=self.relay.next_sequence(),
            bundle=self.bundle.label,
            clock=self._clock,
        )
        self._in_flight[alert.id] = prediction.received
        try:
            await self.relay.raise_alert(alert)
        except NotDurableError as error:
            self.health.dropped["not_durable"] += 1
            log.error("%s", error)
        self.health.raised += 1
        self.alerts.append(alert)
        log.warning("alert %s: %s", alert.id, alert.reason)

    async def _tick(self) -> None:
        """Once a second: what has fallen silent becomes unknown."""
        while True:
            await asyncio.sleep(PUBLISH_S)
            if self._decider.expire(self._clock.stream(self._clock.now())):
                self.prediction = self.decision = None
                log.warning("no prediction for a while: the state is unknown")
                self._publish_state(force=True)

    def _publish_state(self, *, force: bool = False) -> None:
        now = self._clock.now()
        if not force and now - self._published_at < nanoseconds(PUBLISH_S):
            return
        self._published_at = now
        p = self.prediction
        self.relay.publish_state(
            StateMessage(
                device=self._settings.mqtt.device,
                state=self.state.value,
                stress=None if p is None else round(p.stress, 4),
                modalities=() if p is None else tuple(sorted(m.value for m in p.modalities)),
                reason="" if self.decision is None else self.decision.reason,
                bundle=self.bundle.label,
            )
        )


def usual(wrist: WristModel) -> Usual:
    """The wrist model's normaliser, as its contract fixes it."""
    return msgspec.convert({"names": wrist.features, **wrist.normalise}, Usual)

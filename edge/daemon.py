"""The wiring: the only room that knows everyone.

    packets -> Watch -> Windows -> extract -> normalise -> Classifier.wrist --+
                                                                              +-> fuse -> Decider -> Relay
    frames -> FaceFinder -> Classifier.face ----------------------------------+
    ECG, EEG -> Chest, Scalp -> Classifier.lead (if the bundle wants them) ---+

Decisions are taken when a window of the wrist is complete, with what else was seen and heard last; without a wrist, on
each face, and on each window of the electrodes.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Mapping

from edge.baseline_store import BaselineError
from edge.bundle import Bundle
from edge.clock import HostNs, SystemClock
from edge.ears import Ears
from edge.eyes import Eyes
from edge.flow import Alert, Decision, Frame, Prediction, SamplingPlan, State
from edge.health import Health
from edge.inference.classifier import FaceEstimate, WristEstimate
from edge.inference.lead import LeadEstimate
from edge.judges import Judges
from edge.leads import Leads
from edge.onlooker import Onlooker
from edge.orders import Orders
from edge.pace import Activity
from edge.present import Present
from edge.raising import Raising
from edge.relay.alerts import StateMessage
from edge.relay.mqtt import Relay
from edge.resting import Resting
from edge.sensing.timesync import ClockEstimate
from edge.settings import Settings
from edge.signals.baseline import PersonalBaseline
from edge.signals.body import Reading
from edge.snooze import Snooze
from edge.standing import Standing
from edge.steering import Steering
from edge.telling import Telling
from edge.watchdog import Watchdog
from edge.wearer import Wearer

log = logging.getLogger("vagus")

ROUND_S = 1.0
"""The daemon's own round: so often it looks at what time alone has changed;"""
TICK_S = 20.0
"""it is stuck after so long."""


class Daemon:
    """One person's watch and camera, one bundle, one relay. Make it, then await `run`."""

    relay: Relay
    """Given before `run`: the relay in turn tells the daemon of acknowledgements."""

    def __init__(
        self, settings: Settings, bundle: Bundle, clock: SystemClock, watchdog: Watchdog | None = None
    ) -> None:
        self.health = Health()
        self.watchdog = watchdog = watchdog or Watchdog(clock)
        self.onlooker = Onlooker(clock)
        self._settings = settings
        self._clock = clock
        self.judges = judges = Judges(bundle, settings.models.threads, settings.models.face_ms)
        self._standing = Standing(settings.decision, clock)
        self._telling = Telling(self._held, lambda state: self.relay.publish_state(state), clock)
        wrist = bundle.contract.models.wrist
        self._wearer = wearer = Wearer(settings, wrist.window_s if wrist else None, clock)
        wearer.acquaintance.remind(self._standing.decider)
        watch, state = settings.watch.address, settings.state_path
        self._ears = Ears(watch, judges, clock, self.health, self.onlooker, self._heard, watchdog, wearer)
        self._eyes = Eyes(settings.camera, judges, clock, self.health, self.onlooker, self._seen, watchdog)
        self.leads = Leads(judges, self.health, watchdog, self._led)
        self._ears.passed = self.leads.feed
        self.steering = Steering(settings, self._ears, self._eyes, self.onlooker, clock)
        self._ears.sensed = self._sensed
        self._present = Present(settings.models.face_fresh_s)
        snooze, device = Snooze(clock, state), settings.mqtt.device
        self._raising = Raising(device, snooze, lambda: self.relay, lambda: self.bundle, clock, self.health, watchdog)
        self.orders = Orders(self._eyes if settings.camera.source else None, self, snooze, state)
        self.orders.force = self.steering.force

    @property
    def alerts(self) -> deque[Alert]:
        """The newest alerts, oldest first."""
        return self._raising.alerts

    @property
    def bundle(self) -> Bundle:
        """The bundle in use."""
        return self.judges.bundle

    @property
    def prediction(self) -> Prediction | None:
        """The newest; None when there is none, or it is too old to stand for now."""
        return self._standing.prediction

    @property
    def decision(self) -> Decision | None:
        return self._standing.decision

    @property
    def state(self) -> State:
        return self._standing.state

    @property
    def device_clock(self) -> ClockEstimate:
        return self._ears.device_clock

    @property
    def activity(self) -> Activity | None:
        """How the wearer moved in the newest window; None without an activity judge, or while nothing tells it."""
        return self._ears.activity

    @property
    def plan(self) -> SamplingPlan:
        """How much is measured now, and why."""
        return self.steering.plan

    @property
    def battery_hours(self) -> float | None:
        """What the watch's battery lasts at this plan, within a factor of two; None while nobody can say."""
        return self.steering.battery_hours

    @property
    def baseline(self) -> PersonalBaseline | None:
        """This person at rest, as it was measured; None when it never was."""
        return self.resting.baseline

    @property
    def baseline_progress(self) -> float | None:
        """Share of the running measurement that is done, 0 to 1; None when none runs."""
        return self.resting.progress

    def baseline_start(self) -> None:
        """Take the next five quiet minutes as this person at rest; BaselineError when there is nobody to measure."""
        if not self._ears.address:
            raise BaselineError("no baseline can be measured without a watch; set watch.address, or pair one")
        if self.bundle.contract.models.wrist is not None or not self.leads.words:
            self.resting.start()
        self.leads.rest(self._clock.stream(self._clock.now()))

    def baseline_forget(self) -> None:
        """Remove this person's baseline for good and judge without it; BaselineError when the disk refuses."""
        self.resting.forget()
        self._ears.forget_baseline()

    @property
    def resting(self) -> Resting:
        """The measurement of this person at rest, while it runs and as it was kept."""
        return self._wearer.resting

    @property
    def watch_address(self) -> str:
        """Of the watch that is listened to; empty while there is none."""
        return self._ears.address

    def follow(self, address: str) -> None:
        """Listen to another watch from now on; its first packets may take a while."""
        self._wearer.follow(address, self._standing.decider)
        self._ears.follow(address)
        self.leads.begin_anew()
        self._present.forget_body()
        self._standing.forget()

    @property
    def finished(self) -> asyncio.Event:
        """Set when the watch was a recording that came to its end."""
        return self._ears.ended

    def losses(self) -> Counter[str]:
        """Everything that was dropped, refused or missing so far, by name."""
        return Counter(self.health.dropped) + self._ears.losses() + Counter(lead_windows=self.leads.dropped)

    def sensors(self) -> Mapping[str, str]:
        """`watch` and `camera`, as far as they are set and of use: `online` or `offline`, and `resting` by its plan."""
        asked = {"watch": self._ears.address, "camera": "" if self._eyes.unused else self._settings.camera.source}
        there = {"watch": self._ears.online, "camera": self._eyes.online}
        words = {name: "online" if there[name] else "offline" for name, place in asked.items() if place}
        if "camera" in words and self._eyes.fps == 0 and not self._eyes.paused:
            words["camera"] = "resting"
        return words

    async def run(self, stop: asyncio.Event) -> None:
        """Run until ``stop`` is set; what is in the outbox then stays there for the next start."""
        lanes = {"tick": self._tick, "watch": self._ears.run, "sampling": self.steering.run, "leads": self.leads.run}
        lanes["usual"] = lambda: self._wearer.acquaintance.run(self._standing.decider)
        if self._settings.camera.source:
            lanes["camera"] = self._eyes.run
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(lane(), name=name) for name, lane in lanes.items()]
            await stop.wait()
            for task in tasks:
                task.cancel()
        await self._raising.leave()
        self._telling.flush()

    async def _heard(self, estimate: WristEstimate) -> None:
        self._present.take_wrist(estimate)
        face = self._present.face(self.bundle.contract.models, self._clock.now())
        prediction = self.judges.current.fuse(estimate.end, estimate, face, self._clock.now, self._leads_now())
        if self.judges.said(prediction):
            self._note(prediction)
            await self._decide(prediction)

    def _sensed(self, reading: Reading, estimate: WristEstimate | None) -> None:
        """Comes right behind `_heard`, and for windows that nothing may be predicted from, too: the state is whole."""
        self._present.take_reading(reading)
        self.steering.hear(reading, estimate)
        self._telling.tell()

    async def _led(self, estimate: LeadEstimate) -> None:
        self._present.take_lead(estimate)
        wrist, face = self._wrist_now(), self._present.face(self.bundle.contract.models, self._clock.now())
        leads = self._leads_now() or (estimate,)
        prediction = self.judges.current.fuse(estimate.end, wrist, face, self._clock.now, leads)
        if not self.judges.said(prediction):
            return
        self._note(prediction)
        if wrist is None:
            await self._decide(prediction)
        self._telling.tell()

    async def _seen(self, frame: Frame, estimate: FaceEstimate) -> None:
        self._present.take_face(estimate)
        now = self._clock.stream(self._clock.now())
        wrist, leads = self._wrist_now(), self._leads_now()
        face = self._present.face(self.bundle.contract.models, self._clock.now())
        if wrist is None and face is None and not leads:  # a busy machine: the face has waited for too long
            self.health.dropped["late_face"] += 1
            return
        prediction = self.judges.current.fuse(now, wrist, face, self._clock.now, leads)
        if not self.judges.said(prediction):
            return
        self._note(prediction)
        self.health.frame_to_prediction.add(frame.grabbed, prediction.inferred)
        if wrist is None:
            await self._decide(prediction)
        self._telling.tell()

    def _wrist_now(self) -> WristEstimate | None:
        return self._present.wrist(self.bundle.contract.models, self._clock.stream(self._clock.now()))

    def _leads_now(self) -> tuple[LeadEstimate, ...]:
        return self._present.leads(self.bundle.contract.models, self._clock.stream(self._clock.now()))

    def on_acked(self, alert_id: str, at: HostNs) -> None:
        """The relay says that the broker has a message."""
        self._raising.on_acked(alert_id, at)

    def _note(self, prediction: Prediction) -> None:
        self._standing.take(prediction)
        self.health.predictions["+".join(sorted(m.value for m in prediction.modalities))] += 1

    async def _decide(self, prediction: Prediction) -> None:
        await self._raising.take(self._standing.decide(prediction, self.bundle.label))

    async def _tick(self) -> None:
        """Once a second: what has fallen silent becomes unknown, and a sensor that is gone is said to be gone."""
        before: Mapping[str, str] = {}
        while True:
            await asyncio.sleep(ROUND_S)
            self.watchdog.hearts.begin("tick", TICK_S)
            self.watchdog.look()
            self.steering.tick()
            self.orders.tell()
            await self._raising.wake(self._standing)
            sensors = self.sensors()
            for name in (name for name in sensors if sensors[name] != before.get(name)):
                log.info("%s is %s", name, sensors[name])
            if sensors.get("watch") == "offline" and before.get("watch") == "online":
                self._lose_the_body()
            if self._standing.expire():
                log.warning("no prediction for a while: the state is unknown")
            self._telling.flush()
            before = sensors

    def _lose_the_body(self) -> None:
        """A silent watch or strap says nothing: its last values must not stand for now."""
        self._present.forget_body()
        self.leads.silence()
        self._standing.forget_body()

    def _held(self) -> StateMessage:
        now, there = self._clock.now(), self._ears.online
        models, told = self.bundle.contract.models, self.onlooker.heart_rate
        return self._standing.message(
            self._settings.mqtt.device,
            seen=self._present.face(models, now) is not None,
            heart_rate=self._present.heart_rate(models, told, self._clock.stream(now)) if there else None,
            battery=self.onlooker.battery if there else None,
            plan=self.plan.mode,
            sensors=self.sensors(),
            bundle=self.bundle.label,
        )

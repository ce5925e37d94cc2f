"""The watch: packets in, one wrist estimate a hop out, for as long as there is a watch; another one when told to."""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable

from edge.bundle import BundleError
from edge.bundle_contract import WristModel
from edge.clock import SystemClock, nanoseconds
from edge.flow import Modality, Samples, Window
from edge.health import Health
from edge.inference.classifier import Classifier, WristEstimate
from edge.inference.ports import NetworkError
from edge.judges import Judges, usual
from edge.lanes import Lane
from edge.onlooker import Onlooker
from edge.pace import Activity, Pace
from edge.reopening import Reopening, rescuer
from edge.sensing.timesync import ClockEstimate
from edge.sensing.watch import Watch
from edge.signals.body import CHANNELS, Body, Reading
from edge.signals.wear import Wear
from edge.watch_clock import local_time
from edge.watchdog import INFERENCE_S, Watchdog
from edge.wearer import Wearer
from edge.worker import StuckError, Worker
from firmware_bridge.devices.opening import open_device
from firmware_bridge.devices.session import Session
from firmware_bridge.errors import LinkError
from firmware_bridge.links import Link

log = logging.getLogger("vagus")

QUIET_S = 10.0
"""A watch of no known family that says nothing for so long is not there."""
SILENT_S = 180.0
"""A link that gives nothing for so long is made anew; links with a radio revive by themselves long before."""
NO_LOSS = ("packets", "late", "no_contact", "unused")
"""Counts of the watch that are no losses."""


class Ears:
    """Listens to one watch. Make it, then await `run`; estimates go to ``heard``."""

    def __init__(
        self,
        address: str,
        judges: Judges,
        clock: SystemClock,
        health: Health,
        onlooker: Onlooker,
        heard: Callable[[WristEstimate], Awaitable[None]],
        watchdog: Watchdog,
        wearer: Wearer,
    ) -> None:
        self.ended = asyncio.Event()
        """The watch was a recording, and it came to its end."""
        self.address = address
        """Of the watch that is listened to; empty while there is none. Another one is followed with `follow`."""
        self._turned = asyncio.Event()
        self._judges = judges
        self._told_for = judges.current
        self._watchdog = watchdog
        self._clock = clock
        self._health = health
        self._onlooker = onlooker
        self._heard = heard
        self._watch = Watch(clock)
        self._wearer = wearer
        self.sensed: Callable[[Reading, WristEstimate | None], None] | None = None
        """Told each window, also those that no prediction is made from."""
        self.passed: Callable[[Samples], None] | None = None
        """Told each run of samples, of any channel."""
        self._reading: Reading | None = None
        self._activity: Activity | None = None
        self._unasked: Window | None = None
        """The newest window, while nobody has asked how the wearer moved in it."""
        self._pace = Pace(judges.bundle)
        self._forgotten = False
        """The baseline was deleted: the thread that judges takes it out of the normaliser, which it alone touches."""
        self._body = self._fresh_body()
        self._lane: Lane[tuple[Body, Window]] = Lane("windows", size=16)
        self._worker = Worker("wrist")
        self._link: Link | None = None
        self._patience = asyncio.Timeout(None)
        self._limit_s: float | None = None
        self._lost_before: Counter[str] = Counter()
        """Of watches that were followed and links that were open earlier: a count never goes back."""

    @property
    def device_clock(self) -> ClockEstimate:
        return self._watch.device_clock

    @property
    def online(self) -> bool:
        """Whether the watch was heard lately, by the measure of its family."""
        if isinstance(self._link, Session):
            return not self._link.silent
        heard = self._onlooker.heard
        return heard is not None and self._clock.now() - heard <= nanoseconds(QUIET_S)

    @property
    def session(self) -> Session | None:
        """The attended watch; None while there is none, or while a recording is played."""
        return self._link if isinstance(self._link, Session) else None

    @property
    def activity(self) -> Activity | None:
        """How the wearer moved in the newest window; None while nothing tells it. Judged when it is asked for."""
        if not self.online:
            return None
        window, self._unasked = self._unasked, None
        if window is not None:
            try:
                self._activity = self._pace.judge(window)
            except ValueError as error:  # whoever looks at the page has not broken it
                self._health.dropped["activity"] += 1
                if not self._judges.failed(str(error), self._told_for):
                    log.error("how the wearer moves cannot be told: %s", error)
        return self._activity

    def losses(self) -> Counter[str]:
        """What was refused or missing so far, by name."""
        counts = self._lost_before + Counter({n: k for n, k in self._watch.counts.items() if n not in NO_LOSS})
        counts.update(self._link_losses())
        counts["windows"] = self._lane.dropped
        return counts

    def _link_losses(self) -> Counter[str]:
        """Those of the link that is open."""
        if self._link is None:
            return Counter()
        return Counter({name: n for name, n in self._link.counts().items() if name != "packets"})

    def follow(self, address: str) -> None:
        """Leave the watch for another from now on: its clock is learned anew, and no window holds both."""
        self.address = address
        self._body = None  # a link takes a while to close: what it still brings, or is being judged, is nobody's
        self._turned.set()

    def forget_baseline(self) -> None:
        """Judge the next windows without a personal baseline."""
        self._forgotten = True

    async def run(self) -> None:
        """Listen until cancelled or the recording ends; raise LinkError when a recording cannot be played."""
        with self._worker:
            async with asyncio.TaskGroup() as lanes:
                lanes.create_task(self._listen_in_turn(), name="watch")
                lanes.create_task(self._think(), name="wrist")

    async def _listen_in_turn(self) -> None:
        while True:
            self._turned.clear()
            self._body = self._body or self._fresh_body()
            async with asyncio.TaskGroup() as one:
                listening = one.create_task(self._listen(self.address), name="listening")
                await self._turned.wait()
                listening.cancel()
            self._lost_before = self.losses() - Counter(windows=self._lane.dropped)
            self._watch, self._body = Watch(self._clock), self._fresh_body()
            self._activity = self._unasked = None
            self._onlooker.forget()

    async def _listen(self, address: str) -> None:
        if not address:
            return
        lasting = not address.startswith(("replay:", "virtual:"))  # what fails in a file will fail again
        reopening = Reopening(rescuer(address, self._clock.now))
        while True:
            try:
                await self._listen_once(address, SILENT_S if lasting else None, reopening)
                return
            except TimeoutError:
                self._health.dropped["stuck_watch"] += 1
                log.warning("nothing from %s for %g s: the link is made anew", address, SILENT_S)
                self._watchdog.budget.spend("watch", f"nothing from {address} for {SILENT_S:g} s", SILENT_S)
                await reopening.stuck()
            except LinkError as error:
                if not lasting:
                    raise
                self._health.dropped["link"] += 1
                await reopening.wait(error)

    async def _listen_once(self, address: str, limit_s: float | None, reopening: Reopening) -> None:
        """Open the link and hear it to its end, which only a recording has."""
        opening = open_device(
            address,
            now=self._clock.now,
            speed=self._clock.speed,
            reset_adapter=reopening.reset_adapter,
            local_time=lambda: local_time(self._clock),
        )
        try:
            async with self._hearing(limit_s), opening as self._link:
                log.info("listening to %s", address)
                await self._hear(self._link, reopening)
            log.info("the watch's recording has ended")
            self.ended.set()
        finally:
            self._lost_before += self._link_losses()
            self._link = None

    @contextlib.asynccontextmanager
    async def _hearing(self, limit_s: float | None) -> AsyncGenerator[None]:
        """Raise TimeoutError when packets stop for ``limit_s``: a link heals by itself, unless it is stuck."""
        async with asyncio.timeout(limit_s) as self._patience:
            self._limit_s = limit_s
            if limit_s is not None:
                self._watchdog.hearts.begin("watch", 2 * limit_s)
            try:
                yield
            finally:
                self._watchdog.hearts.rest("watch")

    async def _hear(self, link: Link, reopening: Reopening) -> None:
        async for packet in link.packets():
            self._watchdog.hearts.beat("watch")
            reopening.heard()
            self._onlooker.packet(packet)
            if self._limit_s is not None and self.online:  # a device that only answers has fallen silent
                self._patience.reschedule(asyncio.get_running_loop().time() + self._limit_s)
            self._keep_up()
            for samples in self._watch.feed(packet):
                self._health.samples[samples.channel.value] += len(samples.times)
                self._onlooker.samples(samples)
                if self.passed is not None:
                    self.passed(samples)
                if self._body is None or samples.channel not in CHANNELS:
                    continue
                for window in self._body.windows.feed(samples):
                    self._lane.put((self._body, window))
                if not len(self._lane) and (part := self._body.windows.ahead()) is not None:  # whole ones come first
                    self._worker.if_none_waits(self._body.look_ahead, part)

    async def _think(self) -> None:
        async for body, window in self._lane:
            self._keep_up()
            asked = self._judges.current
            try:
                with self._watchdog.hearts.work("wrist", 2 * INFERENCE_S):
                    estimate = await self._worker.do(INFERENCE_S, self._judge, asked, body, window)
                if body is not self._body:  # nor does an estimate stand for whoever is followed meanwhile
                    continue
                if estimate is not None:
                    await self._heard(estimate)
            except (NetworkError, BundleError, ValueError) as error:
                if not self._judges.failed(str(error), asked):
                    raise
                continue
            except StuckError as error:
                if self._judges.failed(str(error), asked):
                    continue
                self._health.dropped["stuck_wrist"] += 1
                log.error("%s: its network is loaded anew, and windows begin anew", error)
                self._watchdog.budget.spend("wrist", str(error))
                self._judges.renew(Modality.WRIST)
                self._body = self._fresh_body()  # the thread that was left behind may still come back to the old one
                continue
            if body is self._body:
                self._wearer.acquaintance.note(body, self.address)
            if self.sensed is not None and self._reading is not None:
                self.sensed(self._reading, estimate)

    def _judge(self, classifier: Classifier, body: Body, window: Window) -> WristEstimate | None:
        """One window to one estimate; None when the watch is not on a wrist, says too little, or was left."""
        if body is not self._body:
            return None
        if self._forgotten:
            self._forgotten = False
            body.anchor(None)
        self._reading = reading = body.read(window)
        self._activity, self._unasked = None, None if reading.wear is Wear.OFF else window
        measured = self._wearer.resting.hear(reading)
        if measured is not None:
            body.anchor(measured)
        if reading.told is None:
            self._health.skipped["off_wrist" if reading.wear is Wear.OFF else "poor_window"] += 1
            return None
        return classifier.wrist(reading.told)

    def _keep_up(self) -> None:
        """Windows begin anew with another classifier, if it wants them otherwise."""
        if self._told_for is not self._judges.current:
            before, now = self._told_for.bundle.contract.models.wrist, self._judges.bundle.contract.models.wrist
            self._told_for = self._judges.current
            self._pace = Pace(self._judges.bundle)
            if before is None or now is None or _wants(before) != _wants(now):
                self._body = self._fresh_body()

    def _fresh_body(self) -> Body | None:
        return self._wearer.body(self._judges.bundle.contract.models.wrist, self.address)


def _wants(wrist: WristModel) -> tuple[object, ...]:
    return wrist.window_s, wrist.step_s, usual(wrist)

"""Plans out of what the watch says, carried out on watch and camera for as long as the daemon runs."""

import asyncio
import logging
import math

from edge.clock import Clock, HostNs
from edge.ears import Ears
from edge.eyes import Eyes
from edge.flow import Channel, SamplingPlan
from edge.inference.classifier import WristEstimate
from edge.onlooker import Onlooker
from edge.sensing.energy import WIRES, WatchPower
from edge.sensing.evidence import Signs
from edge.sensing.sampling import Sampler
from edge.settings import Settings
from edge.signals.body import Reading
from edge.signals.wear import Wear
from firmware_bridge.devices import Quantity
from firmware_bridge.devices.session import Session
from firmware_bridge.errors import LinkError, Trouble

log = logging.getLogger("vagus")

RATE_S = 10.0
"""How long a watch may take to obey all rates of a plan."""


class Steering:
    """Told each window (`hear`) and each second (`tick`); `run` is the lane in which the watch is re-rated."""

    def __init__(self, settings: Settings, ears: Ears, eyes: Eyes, onlooker: Onlooker, clock: Clock) -> None:
        self._ears = ears
        self._eyes = eyes
        self._onlooker = onlooker
        self._clock = clock
        self._sampler = Sampler(settings.sampling, settings.camera.fps, watch=bool(settings.watch.address))
        self._rates = Rates()
        self._wake = asyncio.Event()

    @property
    def plan(self) -> SamplingPlan:
        """How much is measured now, and why."""
        return self._sampler.plan

    @property
    def word(self) -> str:
        """`auto`, or the plan that somebody forced."""
        return self._sampler.word

    @property
    def battery_hours(self) -> float | None:
        """What the watch's battery lasts at this plan, within a factor of two; None while nobody can say."""
        session, percent = self._ears.session, self._onlooker.battery
        if session is None or percent is None or session.family.name not in WIRES:
            return None
        return WatchPower().hours(percent, self.plan.rates_hz, WIRES[session.family.name])

    @property
    def quiet_s(self) -> float:
        """A camera that is there may be without a frame for so long."""
        return self._eyes.quiet_s

    def force(self, word: str) -> str:
        """Plan as the operator says, at once; says which word holds. ValueError for an unknown one."""
        self._sampler.force(word)
        self.tick()
        return self._sampler.word

    def hear(self, reading: Reading, estimate: WristEstimate | None) -> None:
        """Take one window of the watch into account."""
        told = reading.told
        worn = None if reading.wear is Wear.UNKNOWN else reading.wear is Wear.ON
        self._sampler.sense(
            Signs(
                reading.raw.end,
                worn,
                None if estimate is None else estimate.stress,
                {} if told is None else told.named(),
                self._onlooker.battery,
                told is not None and told.gap,
            )
        )
        self.tick()

    def tick(self) -> None:
        """Plan anew, and see that watch and camera follow."""
        self._sampler.watch = bool(self._ears.address)
        plan = self._sampler.step(self._clock.stream(HostNs(self._clock.now())))
        if plan is not None:
            log.info("sampling is %s", plan.mode)
            log.debug("because %s", plan.reason)  # it tells how the person is
        if self._eyes.fps != self.plan.camera_fps:
            self._eyes.fps = self.plan.camera_fps
        self._eyes.keep_up()
        self._wake.set()

    async def run(self) -> None:
        """Ask the watch for the plan's rates whenever they are not those it was asked for."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            session = self._ears.session
            if session is None:
                continue
            try:
                async with asyncio.timeout(RATE_S):
                    await self._rates.ask(session, self.plan)
            except (LinkError, TimeoutError) as error:
                # Out of reach just now: the link heals by itself, and the next second asks again.
                log.debug("the watch was not re-rated: %s", error)


class Rates:
    """What one watch was asked for, so that it is asked once."""

    def __init__(self) -> None:
        self._session: Session | None = None
        self._asked: dict[Quantity, float] = {}

    async def ask(self, session: Session, plan: SamplingPlan) -> None:
        """Re-rate what the family can re-rate and the plan wants otherwise; LinkError when the watch is out of reach.

        A device is never asked for more than its usual rate, which is what it sends after the start.
        """
        if session is not self._session:
            self._session, self._asked = session, {}
        for channel, hz in plan.rates_hz.items():
            quantity = _quantity(channel)
            offered = session.family.gives.get(quantity, ())
            if session.family.steer is None or not offered:
                continue
            wanted = min(session.family.nearest(quantity, hz), offered[0])
            if self._asked.get(quantity, offered[0]) == wanted:
                continue
            self._asked[quantity] = math.nan  # until it has answered, nobody knows which rate it sends
            try:
                await session.rate(quantity, wanted)
            except LinkError as error:
                if error.trouble is not Trouble.REFUSED:
                    raise
                log.warning("%s; it goes on as it did", error)
            self._asked[quantity] = wanted


def _quantity(channel: Channel) -> Quantity:
    """The same word on both sides of the wall."""
    return Quantity(channel.value)

"""A whole daemon between its sensors, its disk and its broker, where everything can be broken and mended."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from enum import StrEnum
from pathlib import Path

from edge.flow import Modality
from edge.inference.decision import DecisionSettings
from edge.relay.settings import MqttSettings
from edge.sensing.sampling import SamplingSettings
from edge.settings import CameraSettings, ModelSettings, Settings, WatchSettings
from tests.faults.band import Band, band
from tests.faults.cable import Cable, cable
from tests.faults.disk import Disk, small_disk
from tests.faults.ground import Ground
from tests.faults.guard import Duty
from tests.faults.guarding import Guard, start_guard
from tests.faults.lens import Lens, lens
from tests.faults.mosquitto import Mosquitto
from tests.faults.raising import Promise
from tests.faults.schedule import CAMERA, RELAY, Fault, Step

_SPEED = 10.0
_FPS = 5.0
_HOUR_S = 3600
_SENSORS = (Modality.WRIST, Modality.FACE)
ALWAYS = DecisionSettings(on=1e-9, off=1e-9, smoothing_s=0, min_duration_s=0, refractory_s=0, stale_s=0)
"""Every window is news, and every news an alert."""


class Part(StrEnum):
    """What recovers."""

    WRIST = Modality.WRIST.value
    FACE = Modality.FACE.value
    RELAY = "relay"


class Stage:
    """A daemon that is started again whenever it is killed; ``story`` tells what happened, line by line."""

    def __init__(self, duty: Duty, worn: Band, eye: Lens, broker: Mosquitto, line: Cable, disk: Disk | None) -> None:
        self.raised: list[Promise] = []
        """Promised to arrive, in order."""
        self.held: list[Promise] = []
        """No disk took them, but the daemon lived on: they arrive, too."""
        self.lost: list[Promise] = []
        """No disk took them, and the daemon was killed: they may arrive."""
        self.story: list[str] = []
        self.whole: dict[Part, int] = {}
        """Since when a part that was broken is whole again, in ns of the host."""
        self._duty = duty
        self._band = worn
        self._lens = eye
        self._broker = broker
        self._line = line
        self._disk = disk
        self._guard: Guard | None = None
        self._settling = 0
        self._began = time.monotonic_ns()

    def tell(self, line: str) -> None:
        self.story.append(f"{(time.monotonic_ns() - self._began) / 1e9:8.3f} {line}")

    async def guard(self) -> Guard:
        if self._guard is None:
            self._guard = await start_guard(self._duty, self.tell)
        return self._guard

    async def works(self) -> None:
        """Wait until a new daemon judges by both sensors."""
        one = await self.guard()
        for sensor in _SENSORS:
            await one.shows(sensor, 0)

    async def play(self, step: Step) -> None:
        await self._band.lived(step.after)
        one = await self.guard()
        self.tell(f"--- {'mended' if step.mend else 'broken'}: {step.fault}")
        if step.fault is Fault.KILL:
            await one.kill()
            await self.let_go()
            self.lost += self.held
            self.held.clear()
            one = await self.guard()
            self._is_whole(*Part)
        elif step.fault in (Fault.CLOCK_AHEAD, Fault.CLOCK_BACK):
            one.order(f"step {_HOUR_S if step.fault is Fault.CLOCK_AHEAD else -_HOUR_S}")
        elif step.fault in RELAY:
            await self._play_relay(step)
            self._is_whole(Part.RELAY)
        elif step.fault in CAMERA:
            await self._lens.suffer(step.fault, mend=step.mend)
            self._is_whole(Part.FACE)
        else:
            await self._band.suffer(step.fault, mend=step.mend)
            self._is_whole(Part.WRIST)
        if step.fault in RELAY and (step.mend or step.fault is Fault.KILL):
            self._settling = one.settle()

    async def recovered(self) -> dict[Part, float]:
        """Wait until all is well; seconds from the last mending of each part that was broken until it was at work."""
        one = await self.guard()
        took = {Part(sensor): await one.shows(sensor, self.whole.get(Part(sensor), 0)) for sensor in _SENSORS}
        if Part.RELAY in self.whole:
            took[Part.RELAY] = (await one.settled(self._settling) - self.whole[Part.RELAY]) / 1e9
        return {part: took[part] for part in self.whole}

    async def end(self) -> None:
        """Let the daemon end as a service ends."""
        one = await self.guard()
        assert await one.end() == 0, str(one)
        await self.let_go()

    async def let_go(self) -> None:
        if self._guard is not None:
            gone, self._guard = self._guard, None
            await gone.let_go()
            self.raised += gone.raised
            self.held += gone.held

    def _is_whole(self, *parts: Part) -> None:
        self.whole.update(dict.fromkeys(parts, time.monotonic_ns()))

    async def _play_relay(self, step: Step) -> None:
        if step.fault is Fault.BROKER_STOP:
            await (self._broker.start() if step.mend else self._broker.stop())
            return
        line = self._line
        acts: dict[Fault, tuple[Callable[[], None], Callable[[], None]]] = {
            Fault.CUT: (line.cut, line.join),
            Fault.PINCH: (line.pinch, line.release),
            Fault.SLOW: (line.slow, line.quicken),
        }
        if self._disk is not None:
            acts[Fault.DISK_FULL] = (self._disk.fill, self._disk.clear)
        acts[step.fault][step.mend]()


@asynccontextmanager
async def staged(place: Path, ground: Ground, broker: Mosquitto, seed: int) -> AsyncGenerator[Stage]:
    """A stage in a directory of its own; no daemon runs yet."""
    async with AsyncExitStack() as props:
        disk = props.enter_context(small_disk(place / "disk"))
        line = await props.enter_async_context(cable(broker.address))
        worn = await props.enter_async_context(band(seed, _SPEED))
        eye = await props.enter_async_context(lens(place / "camera.mjpeg", ground.face, _FPS, seed))
        settings = Settings(
            state_dir=str((disk.directory if disk else place) / "state"),
            watch=WatchSettings(worn.address),
            camera=CameraSettings(str(eye.path), fps=_FPS),
            models=ModelSettings(str(ground.bundle)),
            decision=ALWAYS,
            sampling=SamplingSettings(mode="full"),
            mqtt=MqttSettings(broker=str(line.address), reconnect_min_s=0.005, reconnect_max_s=0.05, ack_timeout_s=2.0),
        )
        stage = Stage(Duty(settings, _SPEED, ground.keys), worn, eye, broker, line, disk)
        try:
            yield stage
        finally:
            await stage.let_go()

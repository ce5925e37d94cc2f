"""Seeded faults before a whole daemon: what it raised arrives, once, in order, and it hears and sees again."""

import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from edge.bundle import Bundle
from edge.bundle_keys import key_line
from edge.flow import Image, Modality
from edge.inference.decision import DecisionSettings
from edge.relay.alerts import read_alert
from edge.relay.settings import MqttSettings
from edge.sensing.sampling import SamplingSettings
from edge.settings import CameraSettings, ModelSettings, Settings, WatchSettings, shipped_bundle
from export.pack import write_bundle
from tests.edge.relay.listening import Heard, subscriber
from tests.fakes.bundles import KEY
from tests.fakes.faces import picture
from tests.faults.band import Band, band
from tests.faults.cable import Cable, cable
from tests.faults.guard import Duty
from tests.faults.guarding import Guard, start_guard
from tests.faults.lens import Lens, lens
from tests.faults.mosquitto import Mosquitto, needs_mosquitto
from tests.faults.raising import Promise
from tests.faults.schedule import CAMERA, PACKETS, WATCH, Fault, Step, make_schedule

ALERT = "vagus/edge/alert"
_SPEED = 10.0
_FPS = 5.0
_LONGEST = 6
"""Seconds of the watch's life between two faults at most: six tenths of one."""
_FAULTS = PACKETS + WATCH + CAMERA + (Fault.KILL, Fault.BROKER_STOP, Fault.CUT, Fault.CLOCK_AHEAD, Fault.CLOCK_BACK)
ALWAYS = DecisionSettings(on=1e-9, off=1e-9, smoothing_s=0, min_duration_s=0, refractory_s=0, stale_s=0)
"""Every window is news, and every news an alert."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped networks, told of ten seconds every two, and a user who trusts the key that signs them so."""
    made = tmp_path_factory.mktemp("guard")
    (made / "keys" / "vagus").mkdir(parents=True)
    (made / "keys" / "vagus" / "trusted.pub").write_text(key_line(KEY.public_key(), "tests"))
    shipped = Bundle.open(shipped_bundle())
    models = shipped.contract.models
    assert models.wrist is not None
    quick = msgspec.structs.replace(models, wrist=msgspec.structs.replace(models.wrist, window_s=10.0, step_s=2.0))
    files = {name: shipped.read(name) for name in shipped.manifest.files if name != "contract.json"}
    write_bundle(made / "bundle", msgspec.structs.replace(shipped.contract, models=quick), files, KEY)
    return made


@pytest.fixture(scope="module")
def face() -> Image:
    """Somebody to look at."""
    return picture("astronaut.png")[0:300, 0:400]


class Stage:
    """A daemon that is started again whenever it is killed, between its sensors and its broker."""

    def __init__(self, duty: Duty, worn: Band, eye: Lens, broker: Mosquitto, line: Cable) -> None:
        self.raised: list[Promise] = []
        self.broken = {Modality.WRIST: 0, Modality.FACE: 0}
        """Since when a sensor is whole again, in ns of the host; 0: it always was."""
        self._duty = duty
        self._band = worn
        self._lens = eye
        self._broker = broker
        self._line = line
        self._guard: Guard | None = None

    async def guard(self) -> Guard:
        if self._guard is None:
            self._guard = await start_guard(self._duty)
        return self._guard

    async def play(self, step: Step) -> None:
        await self._band.lived(step.after)
        one = await self.guard()
        match step.fault:
            case Fault.KILL:
                await one.kill()
                await self.let_go()
                await self.guard()
                self.broken = dict.fromkeys(self.broken, time.monotonic_ns())
            case Fault.BROKER_STOP:
                await (self._broker.start() if step.mend else self._broker.stop())
            case Fault.CUT:
                self._line.join() if step.mend else self._line.cut()
            case Fault.CLOCK_AHEAD:
                one.order("step 3600")
            case Fault.CLOCK_BACK:
                one.order("step -3600")
            case _ if step.fault in CAMERA:
                await self._lens.suffer(step.fault, mend=step.mend)
                self.broken[Modality.FACE] = time.monotonic_ns()
            case _:
                await self._band.suffer(step.fault, mend=step.mend)
                self.broken[Modality.WRIST] = time.monotonic_ns()

    async def let_go(self) -> None:
        if self._guard is not None:
            gone, self._guard = self._guard, None
            await gone.let_go()
            self.raised += gone.raised

    async def end(self) -> None:
        one = await self.guard()
        assert await one.end() == 0, str(one)
        await self.let_go()


@asynccontextmanager
async def staged(place: Path, folder: Path, face: Image, broker: Mosquitto, seed: int) -> AsyncGenerator[Stage]:
    async with AsyncExitStack() as props:
        line = await props.enter_async_context(cable(broker.address))
        worn = await props.enter_async_context(band(seed, _SPEED))
        eye = await props.enter_async_context(lens(place / "camera.mjpeg", face, _FPS, seed))
        settings = Settings(
            state_dir=str(place / "state"),
            watch=WatchSettings(worn.address),
            camera=CameraSettings(str(eye.path), fps=_FPS),
            models=ModelSettings(str(folder / "bundle")),
            decision=ALWAYS,
            sampling=SamplingSettings(mode="full"),
            mqtt=MqttSettings(broker=str(line.address), reconnect_min_s=0.005, reconnect_max_s=0.05, ack_timeout_s=2.0),
        )
        stage = Stage(Duty(settings, _SPEED, folder / "keys"), worn, eye, broker, line)
        try:
            yield stage
        finally:
            await stage.let_go()


@needs_mosquitto
async def test_a_sensor_schedule(
    tmp_path: Path, folder: Path, face: Image, seed: int, sensors_back: dict[str, list[float]]
) -> None:
    broker = Mosquitto(tmp_path / "broker")
    await broker.start()
    try:
        async with subscriber(broker.address, ALERT, name="reader"):
            pass  # from now on the broker keeps for us what comes
        async with staged(tmp_path, folder, face, broker, seed) as stage:
            first = await stage.guard()
            for sensor in Modality:
                await first.shows(sensor, 0)
            for step in make_schedule(seed, _FAULTS, _LONGEST):
                await stage.play(step)
            for sensor, whole in stage.broken.items():
                took_s = await (await stage.guard()).shows(sensor, whole)
                if whole:
                    sensors_back.setdefault(sensor, []).append(took_s)
            await stage.end()
            raised = stage.raised
        async with subscriber(broker.address, ALERT, name="reader") as heard:
            await heard.until(lambda got: set(raised) <= set(_arrived(got)))
            arrived = _arrived(heard)
            # What was durable in the instant of a kill, and not yet told, arrives in its place, too.
            assert [promise for promise in arrived if promise in set(raised)] == raised
            assert [sequence for _, sequence in arrived] == list(range(1, len(arrived) + 1))
    finally:
        await broker.stop()


def _arrived(heard: Heard) -> list[tuple[str, int]]:
    """Each id once, in the order of first arrival."""
    alerts = [read_alert(payload) for payload in heard.on(ALERT)]
    return list({alert.id: (alert.id, alert.sequence) for alert in alerts}.values())

"""The main job on embedded defaults: a virtual watch, a face, a broker and a subscriber, all in one process."""

import asyncio
import contextlib
import importlib.util
import logging
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import aiomqtt
import msgspec
from rich.console import Console
from rich.live import Live

from edge.clock import seconds
from edge.health import ProcessMeter
from edge.inference.decision import DecisionSettings
from edge.panel.served import tell
from edge.panel.settings import PanelSettings
from edge.refusal import RefusalError
from edge.relay.address import BrokerAddress
from edge.relay.alerts import read_alert
from edge.relay.errors import OutboxError
from edge.relay.topics import Topics
from edge.sensing.camera import check_camera
from edge.service import Service, open_service
from edge.settings import Settings
from edge.verbs import ends
from edge.view import render

log = logging.getLogger("vagus")

SOON = DecisionSettings(on=0.6, off=0.5, own_level=0, smoothing_s=40.0, min_duration_s=20.0)
"""When the demo's alerts are raised."""
SUBSCRIBER_READY_S = 10.0
DRAIN_S = 10.0


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What the demo plays, and for how long."""

    seconds: float = 60.0
    speed: float = 20.0
    headless: bool = False
    recording: Path | None = None
    subject: str | None = None
    start_s: float = 0.0
    clip: Path | None = None
    seed: int = 1


def watch_address(plan: DemoPlan) -> str:
    """The virtual watch: a real recording's wearer, or a seeded one."""
    if plan.recording is None:
        return f"virtual:wearer?{urlencode({'seed': plan.seed})}"
    query = {"file": str(plan.recording), "subject": plan.subject or "", "start": plan.start_s}
    return f"virtual:recording?{urlencode(query)}"


def face_source(plan: DemoPlan) -> str:
    """The clip that was named, or the portrait that scikit-image ships; empty when neither is there."""
    if plan.clip is not None:
        return str(plan.clip)
    found = importlib.util.find_spec("skimage")  # located, not imported: its own imports are no part of the demo
    places = (found.submodule_search_locations or []) if found else []
    for place in places:
        portrait = Path(place) / "data" / "astronaut.png"
        if portrait.exists():
            return str(portrait)
    log.warning("no portrait: install the extra `demo` (scikit-image) or name a --clip; going on with the wrist alone")
    return ""


def demo_settings(settings: Settings, plan: DemoPlan) -> Settings:
    """The operator's settings with the demo's watch and camera in their place, and a page on any free port.

    Watch and camera are always at full rate: a demo is there to show both. Its alerts come sooner than the default,
    unless the operator has decided otherwise: nobody watches a demo for the minutes that a real alert should wait.
    """
    return msgspec.structs.replace(
        settings,
        watch=msgspec.structs.replace(settings.watch, address=watch_address(plan)),
        camera=msgspec.structs.replace(settings.camera, source=face_source(plan), loop=True),
        sampling=msgspec.structs.replace(settings.sampling, mode="full"),
        decision=SOON if settings.decision == DecisionSettings() else settings.decision,
        panel=settings.panel if settings.panel.enabled else PanelSettings(enabled=True, port=0),
    )


class Inbox:
    """What a subscriber that deduplicates by id has received."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.ready = asyncio.Event()
        self._arrived = asyncio.Event()

    def take(self, alert_id: str) -> None:
        self.ids.add(alert_id)
        self._arrived.set()

    async def wait_for(self, n: int, timeout_s: float) -> None:
        """Wait until ``n`` alerts are here, but not for ever."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while len(self.ids) < n:
                    self._arrived.clear()
                    await self._arrived.wait()


async def subscribe(address: BrokerAddress, topics: Topics, inbox: Inbox) -> None:
    """Receive alerts until cancelled; a broker that is away is tried again."""
    while True:
        try:
            async with aiomqtt.Client(address.host, address.port, identifier=f"{topics.device}-demo") as client:
                await client.subscribe(topics.kind("alert"), qos=1)
                inbox.ready.set()
                async for message in client.messages:
                    with contextlib.suppress(ValueError):
                        inbox.take(read_alert(_bytes(message.payload)).id)
        except aiomqtt.MqttError as error:
            log.info("subscriber: %s; trying again", error)
            await asyncio.sleep(1.0)


def _bytes(payload: object) -> bytes:
    """aiomqtt types a payload as many things; the network delivers bytes."""
    return payload if isinstance(payload, bytes) else b""


async def run_demo(settings: Settings, plan: DemoPlan, console: Console) -> dict[str, object]:
    """Run for ``plan.seconds``, to the end of the recording or to a signal; return the summary.

    Raises what `open_service` raises, and RefusalError when a recording is named without a subject.
    """
    if plan.recording is not None and not plan.subject:
        raise RefusalError(f"--recording {plan.recording} needs --subject, such as S02")
    settings = demo_settings(settings, plan)
    if settings.camera.source:
        check_camera(settings.camera.source)
    async with (
        ends(signal.SIGHUP) as stop,
        _open_with_outbox(settings, plan.speed) as service,
        asyncio.TaskGroup() as lanes,
    ):
        inbox = Inbox()
        listening = lanes.create_task(
            subscribe(service.broker, Topics(settings.mqtt.base_topic, settings.mqtt.device), inbox), name="subscriber"
        )
        if service.broker_is_ours:
            async with asyncio.timeout(SUBSCRIBER_READY_S):
                await inbox.ready.wait()
        if service.page is not None:
            tell(service.page, sys.stderr, settings.state_path)
        meter = ProcessMeter(service.clock.now())
        await _play(service, plan, meter, console, stop)
        await service.drain()
        await inbox.wait_for(service.daemon.health.acked, DRAIN_S)
        listening.cancel()
        summary = service.summary(meter)
        summary["alerts"] = {**_mapping(summary["alerts"]), "received": len(inbox.ids)}
        return summary


@contextlib.asynccontextmanager
async def _open_with_outbox(settings: Settings, speed: float) -> AsyncGenerator[Service]:
    """The service on the demo's own outbox; on a passing one when another demo holds that."""
    if settings.state_dir:
        async with open_service(settings, speed=speed) as service:
            yield service
        return
    own = msgspec.structs.replace(settings, state_dir=str(settings.state_path / "demo"))
    async with AsyncExitStack() as stack:
        try:
            service = await stack.enter_async_context(open_service(own, speed=speed))
        except OutboxError as error:
            log.info("%s; this demo keeps its outbox in a temporary directory", error)
            passing = stack.enter_context(tempfile.TemporaryDirectory(prefix="vagus-demo-"))
            own = msgspec.structs.replace(settings, state_dir=passing)
            service = await stack.enter_async_context(open_service(own, speed=speed))
        yield service


async def _play(service: Service, plan: DemoPlan, meter: ProcessMeter, console: Console, stop: asyncio.Event) -> None:
    started = service.clock.now()
    asyncio.get_running_loop().call_later(plan.seconds, stop.set)
    if plan.headless or not console.is_terminal:
        await service.play(stop, meter)
        return
    page = "" if service.page is None else service.page.addresses[0]
    with Live(console=console, auto_refresh=False, screen=True) as live:

        def look() -> None:
            elapsed_s = seconds(service.clock.now() - started)
            live.update(render(service.daemon, elapsed_s, plan.seconds, page), refresh=True)

        await service.play(stop, meter, look)


def _mapping(value: object) -> dict[str, object]:
    return msgspec.convert(value, dict[str, object])

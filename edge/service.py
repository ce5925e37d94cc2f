"""Settings in, everything the daemon stands on open: bundle, outbox, broker, relay, clock."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from edge.bundle import Bundle
from edge.bundle_floor import keep_floor, read_floor
from edge.bundle_swap import Swap
from edge.clock import SystemClock, nanoseconds
from edge.daemon import Daemon
from edge.health import ProcessMeter
from edge.memory import give_back
from edge.panel.served import Panel
from edge.relay.address import BrokerAddress, parse_broker
from edge.relay.commands import Commands
from edge.relay.discovery import Discovery
from edge.relay.mqtt import Relay
from edge.relay.outbox import Outbox
from edge.retention import retention
from edge.settings import Settings
from edge.signals.features import FEATURE_VERSION
from edge.systemd import Systemd
from edge.watchdog import Watchdog

SETTLED_S = 5.0
"""After so long the start is over, and what it needed can be given back;"""
TRIM_S = 600.0
"""later, so often what has gathered."""
LOOK_S = 0.25
"""How often memory is sampled and the live view drawn."""
DRAIN_S = 5.0
"""How long a stop waits for acknowledgements; what is left waits in the outbox for the next start."""


@dataclass(slots=True)
class Service:
    """A daemon and what it stands on, all open."""

    daemon: Daemon
    relay: Relay
    clock: SystemClock
    broker: BrokerAddress
    broker_is_ours: bool
    recovered: int
    """Alerts that an earlier run left in the outbox."""
    swap: Swap
    """Changes the bundle while everything runs."""
    systemd: Systemd
    page: Panel | None = None
    """Where the local page is served; None when it is not."""

    async def play(
        self,
        stop: asyncio.Event,
        meter: ProcessMeter,
        look: Callable[[], None] | None = None,
        reload: asyncio.Event | None = None,
    ) -> None:
        """Run until ``stop`` is set or a replay has ended; ``look`` is called some times a second.

        ``reload`` asks for the bundle to be read anew, each time it is set.
        """
        trim = nanoseconds(SETTLED_S) + self.clock.now()
        async with asyncio.TaskGroup() as lanes:
            lanes.create_task(self.daemon.run(stop), name="daemon")
            lanes.create_task(self._stop_at_the_end(stop), name="end")
            reloading = lanes.create_task(self._reload_when(reload or asyncio.Event()), name="reload")
            self.systemd.ready()
            while not stop.is_set():
                meter.sample()
                if look is not None:
                    look()
                if self.clock.now() >= trim:
                    give_back()
                    trim = nanoseconds(TRIM_S) + self.clock.now()
                self.systemd.status(self._status())
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await stop.wait()
            self.systemd.stopping()
            reloading.cancel()

    async def _reload_when(self, asked: asyncio.Event) -> None:
        while True:
            await asked.wait()
            asked.clear()
            self.systemd.reloading(self.clock.now())
            await self.swap.reload()
            self.systemd.ready()

    def _status(self) -> str:
        """How the machine fares; not how the person does, for every user of the machine may read it."""
        parts = [f"{name} {state}" for name, state in self.daemon.sensors().items()]
        parts.append("broker connected" if self.relay.connected else "broker away")
        stuck = self.daemon.watchdog.stuck
        parts += [f"{self.relay.pending} waiting"] * bool(self.relay.pending) + [f"stuck: {', '.join(stuck)}"] * bool(
            stuck
        )
        return ", ".join(parts)

    async def _stop_at_the_end(self, stop: asyncio.Event) -> None:
        ended = asyncio.create_task(self.daemon.finished.wait())
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for task in (ended, stopped):
            task.cancel()
        stop.set()

    async def drain(self) -> None:
        """Give the broker a moment to acknowledge what is pending, if there is a broker."""
        if self.relay.connected:
            await self.relay.drain(DRAIN_S)

    def summary(self, meter: ProcessMeter) -> dict[str, object]:
        """What was heard, said and lost, how fast and at what cost."""
        health = self.daemon.health
        losses = {name: n for name, n in sorted(self.daemon.losses().items()) if n}
        return {
            "samples": dict(sorted(health.samples.items())),
            "predictions": sum(health.predictions.values()),
            "predictions_by_modality": dict(sorted(health.predictions.items())),
            "frames": health.frames,
            "faces": health.faces,
            "alerts": {
                "raised": health.raised + self.recovered,
                "acked": health.acked,
                "recovered": self.recovered,
                "pending": self.relay.pending,
            },
            "latency_ms": {
                "sensor_to_puback": health.sensor_to_puback.summary(),
                "frame_to_prediction": health.frame_to_prediction.summary(),
            },
            "rss_mb": meter.steady_rss_mb(),
            "rss_peak_mb": meter.peak_rss_mb(),
            "cpu_percent": meter.cpu_percent(self.clock.now()),
            "dropped": sum(losses.values()),
            "dropped_by_cause": losses,
            "skipped": dict(sorted(health.skipped.items())),
            **({"leads": dict(self.daemon.leads.words)} if self.daemon.leads.words else {}),
            "bundle": self.daemon.bundle.label,
            "state": self.daemon.state.value,
            "device_clock": msgspec.to_builtins(self.daemon.device_clock),
        }


def open_bundle(settings: Settings) -> Bundle:
    """The bundle that the settings name, proven; BundleError when it must not run."""
    return Bundle.open(
        settings.bundle_path,
        feature_version=FEATURE_VERSION,
        floor=read_floor(settings.state_path),
        now=datetime.now(UTC),
        threads=settings.models.threads,
        runtime=settings.models.runtime,
    )


@contextlib.asynccontextmanager
async def open_service(
    settings: Settings, *, speed: float = 1.0, config: Path | None = None
) -> AsyncGenerator[Service]:
    """Open everything in order; on leaving, close in the opposite order, the outbox last.

    Raises BundleError, OutboxError or BrokerAddressError, each with one sentence, when a start is impossible.
    """
    bundle, clock = open_bundle(settings), SystemClock(speed)
    place = msgspec.structs.replace(settings.outbox, path=str(settings.state_path / settings.outbox.file))
    async with AsyncExitStack() as stack:
        outbox = await stack.enter_async_context(Outbox(place, clock))
        await stack.enter_async_context(retention(settings, clock))
        recovered = outbox.recovered
        ours = not settings.mqtt.broker
        if ours:
            # Imported when asked for: a daemon with a broker elsewhere needs none in memory.
            from edge.own_broker import own_broker

            address, mqtt = await stack.enter_async_context(own_broker(settings))
        else:
            address, mqtt = parse_broker(settings.mqtt.broker), settings.mqtt
        systemd = Systemd()
        daemon = Daemon(settings, bundle, clock, Watchdog(clock, systemd))
        keep_floor(settings.state_path, bundle)  # by what has loaded: nothing else may forbid what ran before
        relay = Relay(mqtt, outbox, clock, address=address, on_acked=daemon.on_acked)
        daemon.relay = relay
        if settings.mqtt.commands:
            daemon.orders.offer(Commands(relay))
        if settings.mqtt.discovery:
            home = Discovery(relay, relay.topics, settings.mqtt.discovery_prefix)
            home.announce(version("vagus"), camera=bool(settings.camera.source), commands=settings.mqtt.commands)
        await stack.enter_async_context(relay)
        page: Panel | None = None
        if settings.panel.enabled:
            # Imported when asked for: a daemon without a page needs no web server in memory.
            from edge.page import open_page

            page = await stack.enter_async_context(open_page(settings, daemon, clock, address, config))
        if settings.health.port:
            from edge.health_page import open_health_page

            await stack.enter_async_context(open_health_page(daemon, settings.health.port))
        swap = Swap(settings, config, daemon.judges, open_bundle)
        yield Service(daemon, relay, clock, address, ours, recovered, swap, systemd, page)

"""One, five, twenty people on one machine: from the last packet of a window to the broker's acknowledgement."""

import asyncio
import contextlib
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import numpy as np

from edge.bench_wearers import wearers
from edge.health import ProcessMeter
from edge.inference.decision import DecisionSettings
from edge.memory import spare
from edge.promptness import keep_prompt
from edge.refusal import RefusalError
from edge.service import Service, open_service
from edge.settings import CameraSettings, PanelSettings, Settings, WatchSettings

ALWAYS = DecisionSettings(on=1e-6, off=1e-6, smoothing_s=0, min_duration_s=0, refractory_s=0, stale_s=1)
"""Every window is news and every news an alert, so that a short run times many of them."""
LOAD = 20.0
"""Watches times speed: one watch is played twenty times as fast as twenty are."""
FASTEST = 20.0
WINDOW_S, STEP_S = 60.0, 5.0
"""Of watch time: before the first window is whole, and from one to the next, as the shipped networks want it."""
SPARE_S = 60.0
"""Of watch time: more than is listened to, so that nobody falls silent before the end."""


async def apart(settings: Settings, broker: str, watches: int, seconds: float) -> dict[str, object]:
    """`latencies` in a process of its own, as a daemon has one: what was measured before leaves no trace in it."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "edge.bench_watches", stdin=PIPE, stdout=PIPE)
    output, _ = await process.communicate(msgspec.json.encode((settings, broker, watches, seconds)))
    if process.returncode:
        raise RefusalError(f"{watches} watches could not be measured; see what was said above")
    return msgspec.json.decode(output, type=dict[str, object])


async def latencies(settings: Settings, broker: str, watches: int, seconds: float) -> dict[str, object]:
    """Run so many daemons in this process, each with a watch, an outbox and a connection of its own, for ``seconds``
    after the first windows are whole.

    Daemons of several people are several processes on a device; here they share one, so that its cores are shared as
    they would be and one figure covers all. Their watches are boards on TCP in a process of their own. People put them
    on at any moment of a step (seed 0): neither all at once nor one packet apart.
    """
    speed = min(FASTEST, max(1.0, LOAD / watches))
    window_s, step_s = WINDOW_S / speed, STEP_S / speed
    heard_s = WINDOW_S + 2 * STEP_S + seconds * speed + SPARE_S
    moments = np.sort(np.random.default_rng(0).uniform(0, step_s, watches))
    async with (
        wearers(watches, heard_s, speed) as address,
        _running(settings, broker, address, watches, speed) as services,
    ):
        keep_prompt()
        stop, meter = asyncio.Event(), ProcessMeter(services[0].clock.now())
        asyncio.get_running_loop().call_later(window_s + step_s + seconds, stop.set)
        async with asyncio.TaskGroup() as lanes:
            lanes.create_task(_sample(meter, stop))
            for service, pause_s in zip(services, np.diff(moments, prepend=0.0), strict=True):
                await asyncio.sleep(float(pause_s))
                lanes.create_task(service.play(stop, ProcessMeter(service.clock.now())))
        for service in services:
            await service.drain()
        times = np.concatenate([service.daemon.health.sensor_to_puback.kept_ms() for service in services])
        raised = sum(service.daemon.health.raised for service in services)
        acked = sum(service.daemon.health.acked for service in services)
        return {
            "watches": watches,
            "speed": speed,
            "sensor_to_puback_ms": _told(times),
            "alerts": {"raised": raised, "acked": acked},
            "rss_mb": meter.steady_rss_mb(),
            "cpu_percent": meter.cpu_percent(services[0].clock.now()),
        }


@contextlib.asynccontextmanager
async def _running(
    settings: Settings, broker: str, address: str, watches: int, speed: float
) -> AsyncGenerator[list[Service]]:
    async with AsyncExitStack() as stack:
        place = stack.enter_context(tempfile.TemporaryDirectory(prefix="vagus-bench-"))
        yield [
            await stack.enter_async_context(
                open_service(_one(settings, broker, address, number, Path(place)), speed=speed)
            )
            for number in range(watches)
        ]


def _one(settings: Settings, broker: str, address: str, number: int, place: Path) -> Settings:
    return msgspec.structs.replace(
        settings,
        state_dir=str(place / str(number)),
        watch=WatchSettings(address),
        camera=CameraSettings(),
        decision=ALWAYS,
        panel=PanelSettings(),
        sampling=msgspec.structs.replace(settings.sampling, mode="full"),
        mqtt=msgspec.structs.replace(settings.mqtt, broker=broker, device=f"bench-{number}", discovery=False),
    )


async def _sample(meter: ProcessMeter, stop: asyncio.Event) -> None:
    while not stop.is_set():
        meter.sample()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await stop.wait()


def _told(times: np.ndarray) -> dict[str, float | int | None]:
    if not len(times):
        return {"p50": None, "p99": None, "n": 0}
    p50, p99 = np.percentile(times, (50, 99))
    return {"p50": round(float(p50), 3), "p99": round(float(p99), 3), "n": len(times)}


def main() -> None:
    """`python -m edge.bench_watches`: settings, broker, watches and seconds as JSON come in, the figures go out."""
    spare()
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=tuple[Settings, str, int, float])
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(latencies(*asked))))


if __name__ == "__main__":
    main()

"""This machine, measured: each network alone, feature extraction, and the whole line."""

import asyncio
import platform
from collections.abc import Callable

import msgspec
import numpy as np

from edge.bundle import Bundle
from edge.clock import SystemClock
from edge.health import Latencies, ProcessMeter
from edge.service import open_bundle, open_service
from edge.settings import CameraSettings, Settings, WatchSettings

RUNS = 300
WARM_UP = 20
SPEED = 20.0


async def bench(settings: Settings, seconds: float) -> dict[str, object]:
    """Latencies in milliseconds, memory in MB, processor time in percent of one core."""
    clock, bundle = SystemClock(), open_bundle(settings)
    networks = {name: _alone(bundle, name, clock) for name, _ in bundle.contract.networks()}
    watch = settings.watch.address or "virtual:wearer?seed=1"
    line = msgspec.structs.replace(
        settings,
        watch=WatchSettings(watch),
        camera=CameraSettings(settings.camera.source, settings.camera.fps, True),
        sampling=msgspec.structs.replace(settings.sampling, mode="full"),
    )
    async with open_service(line, speed=SPEED) as service:
        stop, meter = asyncio.Event(), ProcessMeter(service.clock.now())
        asyncio.get_running_loop().call_later(seconds, stop.set)
        await service.play(stop, meter)
        await service.drain()
        summary = service.summary(meter)
    return {"machine": platform.machine(), "bundle": bundle.label, "networks_ms": networks, "line": summary}


def _alone(bundle: Bundle, name: str, clock: SystemClock) -> dict[str, float | int | None]:
    """One network on random input, bare."""
    network, chance = bundle.network(name), np.random.default_rng(0)
    feeds = {port: chance.normal(size=shape.shape).astype(np.float32) for port, shape in network.inputs.items()}
    return _time(lambda: network.run(feeds), clock)


def _time(call: Callable[[], object], clock: SystemClock) -> dict[str, float | int | None]:
    times = Latencies()
    for k in range(WARM_UP + RUNS):
        start = clock.now()
        call()
        if k >= WARM_UP:
            times.add(start, clock.now())
    return times.summary()

"""One, five, twenty people on one machine: from the last packet of a window to the broker's acknowledgement."""

import asyncio
import contextlib
import logging
import os
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import numpy as np

from edge.bench_quiet import Figures, Host, Tried
from edge.bench_wearers import wearers
from edge.clock import HostNs, SystemClock
from edge.health import Latencies, ProcessMeter
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


class Part(msgspec.Struct, frozen=True):
    """What one process measured of its people."""

    acked_ns: list[int]
    """When each alert had its PUBACK, host time,"""
    times_ms: list[float]
    """and how long after its last packet that was."""
    raised: int
    acked: int
    rss_mb: float | None
    cpu_percent: float


class _Stamped(Latencies):
    """Remembers of each when it ended, for as long as a bench lasts."""

    def __init__(self) -> None:
        super().__init__()
        self.ended: list[HostNs] = []
        self.ms: list[float] = []

    def add(self, start: HostNs, end: HostNs) -> None:
        super().add(start, end)
        self.ended.append(end)
        self.ms.append((end - start) / 1e6)


async def apart(settings: Settings, broker: str, watches: int, seconds: float) -> Tried:
    """Daemons of so many people, as many processes as there are cores, each with its share of them.

    On a device each daemon has a process of its own. In one for all, they would wait for each other while a core lies
    idle; with one for each, a machine to measure on would run out of memory.
    """
    people, processes = range(1, watches + 1), min(watches, os.cpu_count() or 1)
    host = Host(SystemClock())
    looking = asyncio.create_task(host.run())
    try:
        parts = await asyncio.gather(
            *(_asked(settings, broker, watches, list(people[k::processes]), seconds) for k in range(processes))
        )
    finally:
        looking.cancel()
    host.look()
    figures: Figures = {
        "watches": watches,
        "processes": processes,
        "speed": _speed(watches),
        "alerts": {"raised": sum(part.raised for part in parts), "acked": sum(part.acked for part in parts)},
        "rss_mb": round(sum(part.rss_mb or 0.0 for part in parts), 1),
        "cpu_percent": round(sum(part.cpu_percent for part in parts), 1),
    }
    ended = [HostNs(at) for part in parts for at in part.acked_ns]
    return Tried(figures, host.stretches(ended, [ms for part in parts for ms in part.times_ms]))


async def _asked(settings: Settings, broker: str, watches: int, people: list[int], seconds: float) -> Part:
    """`latencies` in a process of its own, as a daemon has one: what was measured before leaves no trace in it."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "edge.bench_watches", stdin=PIPE, stdout=PIPE)
    question = msgspec.json.encode((settings, broker, watches, people, seconds))
    output, _ = await process.communicate(question)
    if process.returncode:
        raise RefusalError(f"{watches} watches could not be measured; see what was said above")
    return msgspec.json.decode(output, type=Part)


async def latencies(settings: Settings, broker: str, watches: int, people: Sequence[int], seconds: float) -> Part:
    """Run the daemons of these of so many people in this process, each with a watch, an outbox and a connection of its
    own, for ``seconds`` after the first windows are whole.

    Their watches are boards on TCP in a process of their own. People put them on at any moment of a step (seed 0):
    neither all at once nor one packet apart.
    """
    speed = _speed(watches)
    window_s, step_s = WINDOW_S / speed, STEP_S / speed
    heard_s = WINDOW_S + 2 * STEP_S + seconds * speed + SPARE_S
    moments = np.sort(np.random.default_rng(0).uniform(0, step_s, watches))[np.array(people) - 1]
    async with (
        wearers(people, heard_s, speed) as address,
        _running(settings, broker, address, people, speed) as services,
    ):
        keep_prompt()
        stamped = [_Stamped() for _ in services]
        for service, each in zip(services, stamped, strict=True):
            service.daemon.health.sensor_to_puback = each
        stop, meter = asyncio.Event(), ProcessMeter(services[0].clock.now())
        asyncio.get_running_loop().call_later(window_s + step_s + seconds, stop.set)
        async with asyncio.TaskGroup() as lanes:
            lanes.create_task(_sample(meter, stop))
            for service, pause_s in zip(services, np.diff(moments, prepend=0.0), strict=True):
                await asyncio.sleep(float(pause_s))
                lanes.create_task(service.play(stop, ProcessMeter(service.clock.now())))
        for service in services:
            await service.drain()
        health = [service.daemon.health for service in services]
        return Part(
            acked_ns=[at for each in stamped for at in each.ended],
            times_ms=[ms for each in stamped for ms in each.ms],
            raised=sum(each.raised for each in health),
            acked=sum(each.acked for each in health),
            rss_mb=meter.steady_rss_mb(),
            cpu_percent=meter.cpu_percent(services[0].clock.now()),
        )


def _speed(watches: int) -> float:
    return min(FASTEST, max(1.0, LOAD / watches))


@contextlib.asynccontextmanager
async def _running(
    settings: Settings, broker: str, address: str, people: Sequence[int], speed: float
) -> AsyncGenerator[list[Service]]:
    async with AsyncExitStack() as stack:
        place = stack.enter_context(tempfile.TemporaryDirectory(prefix="vagus-bench-"))
        yield [
            await stack.enter_async_context(
                open_service(_one(settings, broker, address, number, Path(place)), speed=speed)
            )
            for number in people
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


def main() -> None:
    """`python -m edge.bench_watches`: settings, broker, watches, people, seconds come in as JSON, a `Part` goes out."""
    spare()
    logging.getLogger("vagus").setLevel(logging.ERROR)  # every window is an alert here, and each would be told
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=tuple[Settings, str, int, list[int], float])
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(latencies(*asked))))


if __name__ == "__main__":
    main()

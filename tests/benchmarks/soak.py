"""A day of watch time, replayed fast: whether memory grows, as one JSON object.

nice -n 10 python tests/benchmarks/soak.py [--hours 24] [--speed 40] [--clip FILE] [--json FILE]
"""

import argparse
import asyncio
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import psutil

from edge.clock import HostNs, seconds
from edge.health import ProcessMeter
from edge.inference.decision import DecisionSettings
from edge.memory import spare
from edge.relay.settings import MqttSettings
from edge.sensing.sampling import SamplingSettings
from edge.service import Service, open_service
from edge.settings import CameraSettings, Settings, WatchSettings
from tests.faults.mosquitto import PROGRAM, Mosquitto

_LOOK_S = 10.0
"""Watch time matters, but memory is looked at in host time."""
_WARM_HOURS = 1.0
"""Of watch time: buffers fill and the allocator settles; the slope is that of the rest."""
_PAIRS = 400
"""Samples that the slope is taken from, at most: it looks at every pair of them."""


@dataclass(frozen=True, slots=True)
class Look:
    """The process at one moment."""

    hours: float
    """Watch time since the start."""
    rss_mb: float
    threads: int
    files: int


def slope_mb_per_hour(looks: list[Look]) -> float:
    """Theil-Sen: the median of the slopes between all pairs, which a single burst does not bend."""
    kept = looks[:: max(1, len(looks) // _PAIRS)]
    hours, rss = np.array([look.hours for look in kept]), np.array([look.rss_mb for look in kept])
    first, second = np.triu_indices(len(kept), 1)
    return float(np.median((rss[second] - rss[first]) / (hours[second] - hours[first])))


async def soak(hours: float, speed: float, clip: Path | None, broker: str, state: Path) -> dict[str, object]:
    """Run the daemon for so many hours of watch time and look at it every few seconds."""
    settings = msgspec.structs.replace(
        Settings(),
        state_dir=str(state),
        watch=WatchSettings("virtual:wearer?seed=7"),
        camera=CameraSettings(str(clip) if clip else "", 5.0, loop=True),
        mqtt=MqttSettings(broker=broker, device="soak"),
        decision=DecisionSettings(on=0.6, off=0.5, own_level=0, smoothing_s=40, min_duration_s=20, refractory_s=60),
        sampling=SamplingSettings(mode="full"),
    )
    async with open_service(settings, speed=speed) as service:
        stop, meter, looks = asyncio.Event(), ProcessMeter(service.clock.now()), list[Look]()
        began = service.clock.now()
        asyncio.get_running_loop().call_later(hours * 3600 / speed, stop.set)
        process, due = psutil.Process(), HostNs(0)

        def look() -> None:
            nonlocal due
            now = service.clock.now()
            if now < due:
                return
            due = HostNs(now + round(_LOOK_S * 1e9))
            passed = seconds(now - began) * speed / 3600
            looks.append(Look(passed, process.memory_info().rss / 1e6, process.num_threads(), process.num_fds()))

        await service.play(stop, meter, look)
        await service.drain()
        return {"hours": hours, "speed": speed, **_told(looks), "run": _short(service, meter)}


def _told(looks: list[Look]) -> dict[str, object]:
    warm = [look for look in looks if look.hours >= min(_WARM_HOURS, looks[-1].hours / 4)]
    by_hour = {f"{int(look.hours)}": round(look.rss_mb, 1) for look in reversed(warm)}
    return {
        "rss_slope_mb_per_hour": round(slope_mb_per_hour(warm), 4),
        "rss_mb": {"first": round(warm[0].rss_mb, 1), "last": round(warm[-1].rss_mb, 1)},
        "rss_mb_by_hour": dict(reversed(by_hour.items())),
        "threads": [warm[0].threads, warm[-1].threads],
        "files": [warm[0].files, warm[-1].files],
        "looks": len(looks),
    }


def _short(service: Service, meter: ProcessMeter) -> dict[str, object]:
    summary = service.summary(meter)
    names = ("predictions", "frames", "faces", "alerts", "latency_ms", "cpu_percent", "dropped_by_cause", "skipped")
    return {name: summary[name] for name in names}


async def main(options: argparse.Namespace) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="vagus-soak-") as place:
        if PROGRAM is None:
            return await soak(options.hours, options.speed, options.clip, "", Path(place))
        broker = Mosquitto(Path(place) / "broker")
        await broker.start()
        try:
            return await soak(options.hours, options.speed, options.clip, str(broker.address), Path(place))
        finally:
            await broker.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hours", type=float, default=24.0, help="watch time")
    parser.add_argument("--speed", type=float, default=40.0, help="watch time runs so many times faster")
    parser.add_argument("--clip", type=Path, help="a video of a face; without one the camera is off")
    parser.add_argument("--json", type=Path, help="write there, too")
    given = parser.parse_args()
    spare()
    found = json.dumps(asyncio.run(main(given)), indent=2)
    print(found)
    if given.json:
        given.json.write_text(found + "\n")
    sys.exit(0)

"""This machine, measured: each network, what the daemon adds to it, the way to the broker, the whole service."""

import platform
from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

import cv2
import msgspec
import numpy as np

from edge.bench_broker import broker
from edge.bench_overhead import overhead
from edge.bench_quiet import TRIES, Figures, undisturbed
from edge.bench_serving import serving
from edge.bench_watches import apart
from edge.bundle import Bundle
from edge.clock import SystemClock
from edge.demo import DemoPlan, face_source
from edge.flow import Image
from edge.health import Latencies
from edge.sensing.pictures import open_pictures
from edge.service import open_bundle
from edge.settings import Settings

RUNS = 300
WARM_UP = 20
WATCHES = (1, 5, 20)
SECONDS = 120.0
"""Four windows a second: of fewer alerts than some hundreds the 99th of a hundred is the second worst of all."""
SERVED_S = 30.0
"""Long enough for memory and processor time to settle."""
FRAME = (640, 480)
"""Width and height."""
BARS = {"sensor_to_puback_p99_ms": 15.0, "overhead_ratio": 1.5, "rss_mb": 130.0, "cpu_percent": 25.0}
"""What this release promises of an ordinary machine; a figure above its bar is told as it is."""


async def bench(
    settings: Settings,
    seconds: float = SECONDS,
    watches: Sequence[int] = WATCHES,
    say: Callable[[str], None] = lambda _: None,
    tries: int = TRIES,
) -> Figures:
    """Latencies in ms, memory in MB, processor time in percent of one core; so many watches are timed for ``seconds``.

    A row of watches that a virtual machine's host disturbs is measured again, ``tries`` times in all.

    Without a camera in the settings a still portrait takes its place, where one is installed. ``say`` is told what is
    measured now.
    """
    source = settings.camera.source or face_source(DemoPlan())
    settings = msgspec.structs.replace(settings, camera=msgspec.structs.replace(settings.camera, source=source))
    clock, bundle = SystemClock(), open_bundle(settings)
    say("networks, alone and in the daemon")
    found: Figures = {
        "machine": {"kind": platform.machine(), "python": platform.python_version()},
        "bundle": bundle.label,
        "networks_ms": {name: _alone(bundle, name, clock) for name, _ in bundle.contract.networks()},
        "overhead": overhead(bundle, _picture(source), clock),
    }
    async with broker(settings) as (address, kind):
        found["broker"] = kind
        say(f"the service with a watch and a camera, {SERVED_S:.0f} s")
        found["serving"] = await serving(settings, address, SERVED_S)
        runs: list[Figures] = []
        for n in watches:
            say(f"{n} {'watch' if n == 1 else 'watches'} to the broker, {seconds:.0f} s and a minute's window before")
            runs.append(await undisturbed(partial(apart, settings, address, n, seconds), seconds, tries))
        found["watches"] = runs
    return found | {"bars": _against_bars(found)}


def _against_bars(found: Figures) -> list[Figures]:
    """Every promise, what was measured, and whether it holds; None where nothing could be measured."""
    serving_, ratios = cast(Figures, found["serving"]), cast(dict[str, Figures | None], found["overhead"])
    measured: list[tuple[str, str, object]] = [
        ("sensor_to_puback_p99_ms", f"{run['watches']} watches", cast(Figures, run["sensor_to_puback_ms"])["p99"])
        for run in cast(list[Figures], found["watches"])
    ]
    measured += [("overhead_ratio", name, ratio["ratio"]) for name, ratio in ratios.items() if ratio is not None]
    measured += [("rss_mb", "serving", serving_["rss_mb"]), ("cpu_percent", "serving", serving_["cpu_percent"])]
    return [
        {"name": name, "of": of, "measured": value, "bar": BARS[name], "holds": _holds(value, BARS[name])}
        for name, of, value in measured
    ]


def _holds(value: object, bar: float) -> bool | None:
    return value <= bar if isinstance(value, int | float) else None


def _picture(source: str) -> Image | None:
    """The first picture of a source that is a file, in a frame of the size that cameras are asked for."""
    if not source or source.startswith(("device:", "picamera2:", "gst:")):
        return None
    pictures = open_pictures(source, 1.0)
    try:
        first = pictures.retrieve() if pictures.grab() else None
        return None if first is None else _framed(first)
    finally:
        pictures.close()


def _framed(picture: Image) -> Image:
    height, width = picture.shape[:2]
    scale = min(FRAME[0] / width, FRAME[1] / height)
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    beside, below = FRAME[0] - small.shape[1], FRAME[1] - small.shape[0]
    filled = cv2.copyMakeBorder(small, 0, below, 0, beside, cv2.BORDER_REPLICATE)
    return filled.astype(np.uint8, copy=False)


def _alone(bundle: Bundle, name: str, clock: SystemClock) -> dict[str, float | int | None]:
    """One network on random input, as the daemon asks it."""
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

"""What an open page costs: `python tests/benchmarks/page.py [--minutes 60] [--json FILE]` prints JSON.

A daemon replays a recording with a camera beside it, two testers keep the live view open in real Chromium, a desk and a
phone. Every half minute, after a forced garbage collection: each page's JavaScript heap and DOM nodes, resident memory
of the browser and of the daemon; the slopes are Theil-Sen over what follows the first tenth. Before that, how soon a
page is painted first. Processor time of the daemon is compared in short turns with no page, one and two, before and
after the long watch, in points of one core.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[2]))

from edge.demo import DemoPlan, face_source
from firmware_bridge.links import Packet
from firmware_bridge.links.recorder import Recorder
from firmware_bridge.virtual.watch import Watch
from firmware_bridge.virtual.wearer import wear
from tests.edge.panel.browser import DESK, DRAWN, PHONE
from tests.edge.panel.devtools import Browser, Tab, chromium

LINE = "`${document.visibilityState}, ${document.querySelector('#line').textContent}`"
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
_OPENINGS = 5
_SPARE_S = 600
_SETTLE_S = 5.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, how fast, how often."""

    minutes: float = 60.0
    speed: float = 1.0
    every_s: float = 30.0
    turn_s: float = 40.0
    rounds: int = 3
    """Before the long watch, and as many after it."""

    @property
    def host_s(self) -> float:
        return 60 * self.minutes + 2 * self.rounds * 3 * (self.turn_s + 2 * _SETTLE_S)


@dataclass(slots=True)
class Seen:
    """What was counted, one row a look."""

    at_s: list[float] = field(default_factory=list[float])
    rows: list[dict[str, float]] = field(default_factory=list[dict[str, float]])

    def told(self) -> dict[str, object]:
        """First tenth's end, last value and slope of each, a robust one: one odd look moves nothing."""
        skip = len(self.rows) // 10
        at = np.array(self.at_s[skip:])
        return {
            name: {
                "first": self.rows[skip][name],
                "last": self.rows[-1][name],
                "most": max(row[name] for row in self.rows[skip:]),
                "slope_per_hour": _slope(at, np.array([row[name] for row in self.rows[skip:]])),
            }
            for name in self.rows[0]
        }


def _slope(at_s: np.ndarray, values: np.ndarray) -> float:
    i, j = np.triu_indices(len(at_s), 1)
    return round(float(np.median((values[j] - values[i]) / (at_s[j] - at_s[i]))) * 3600, 4) if len(i) else 0.0


def record(out: Path, seconds: int) -> None:
    """What the virtual watch says in so many seconds, as `edge-daemon record` would have kept it."""
    with Recorder(out, "virtual") as recorder:
        for said in Watch().speak(islice(wear(1), seconds)):
            recorder.keep(Packet(said.source, said.payload, said.at_ns))


@contextlib.asynccontextmanager
async def daemon(folder: Path, plan: Plan) -> AsyncGenerator[tuple[str, psutil.Process]]:
    """`edge-daemon replay` with a page and a camera: its address and its process."""
    record(folder / "watch.jsonl", round(plan.host_s * plan.speed) + _SPARE_S)
    config = folder / "vagus.toml"
    config.write_text(
        f"state_dir = '{folder / 'state'}'\n[panel]\nenabled = true\nport = 0\n"
        f"[camera]\nsource = '{face_source(DemoPlan())}'\nloop = true\n"
    )
    command = (
        sys.executable, "-m", "edge.cli", "replay", str(folder / "watch.jsonl"), "--speed", str(plan.speed),
        "--config", str(config), "--json", str(folder / "summary.json"),
    )  # fmt: skip
    with (folder / "daemon.log").open("w") as log:
        process = await asyncio.create_subprocess_exec(*command, stderr=log, stdout=asyncio.subprocess.DEVNULL)
    try:
        yield await _address(folder / "daemon.log", process), psutil.Process(process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        else:
            _tell_end(folder / "daemon.log", process.returncode)
        await process.wait()


async def _address(log: Path, process: asyncio.subprocess.Process) -> str:
    async with asyncio.timeout(60):
        while process.returncode is None:
            said = _said(log)
            if said:
                return said
            await asyncio.sleep(0.1)
    raise LookupError("the daemon ended before it served its page")


def _tell_end(log: Path, code: int) -> None:
    print(f"the daemon ended by itself, with {code}:\n{log.read_text()}", file=sys.stderr, flush=True)


def _said(log: Path) -> str:
    """Where the daemon says that its page is; empty before it does."""
    return next((line.split()[1] for line in log.read_text().splitlines() if line.startswith("page: ")), "")


@contextlib.asynccontextmanager
async def testers(browser: Browser, home: str, number: int) -> AsyncGenerator[list[Tab]]:
    """So many live views, a desk's first, a phone's next."""
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(browser.open(home, size)) for size in (DESK, PHONE)[:number]]


async def cost(process: psutil.Process, turn_s: float) -> float:
    """Processor time of the next ``turn_s``, in percent of one core."""
    began, spent = time.perf_counter(), sum(process.cpu_times()[:2])
    await asyncio.sleep(turn_s)
    return 100 * (sum(process.cpu_times()[:2]) - spent) / (time.perf_counter() - began)


async def painted(browser: Browser, home: str) -> dict[str, dict[str, object]]:
    """Milliseconds from asking for the page to its first content and to its pulse, of openings one after the other."""
    first, drawn = list[float](), list[float]()
    for _ in range(_OPENINGS):
        async with testers(browser, home, 1) as (tab,):
            drawn.append(round(float(str(await tab.value(f"({DRAWN})()"))), 1))
            first.append(round(float(str(await tab.value(PAINT))), 1))
    bars = (("first_contentful_paint_ms", first, 1000), ("pulse_drawn_ms", drawn, 2000))
    return {name: {"median": float(np.median(each)), "each": each, "bar": bar} for name, each, bar in bars}


async def turns(browser: Browser, home: str, process: psutil.Process, plan: Plan) -> dict[int, list[float]]:
    """The daemon's processor time with no page, one and two, in turn."""
    found: dict[int, list[float]] = {0: [], 1: [], 2: []}
    for _ in range(plan.rounds):
        for number in found:
            async with testers(browser, home, number):
                await asyncio.sleep(_SETTLE_S)
                found[number].append(await cost(process, plan.turn_s))
                print(f"{number} pages: {found[number][-1]:.2f} % of a core", file=sys.stderr, flush=True)
    return found


async def watch(browser: Browser, home: str, process: psutil.Process, plan: Plan) -> tuple[Seen, list[str]]:
    """Two live views for the whole time; also what each says of its line at the end."""
    seen = Seen()
    async with testers(browser, home, 2) as tabs:
        began = time.perf_counter()
        while (at_s := time.perf_counter() - began) < 60 * plan.minutes:
            await asyncio.sleep(plan.every_s)
            row = {"daemon_rss_mb": round(process.memory_info().rss / 1e6, 2)}
            for name, tab in zip(("desk", "phone"), tabs, strict=True):
                memory = await tab.memory()
                row[f"{name}_heap_mb"] = memory.heap_mb
                row[f"{name}_nodes"] = memory.nodes
                row[f"{name}_listeners"] = memory.listeners
            row["renderers_rss_mb"], row["browser_rss_mb"] = browser.renderers_mb(), browser.rss_mb()
            row["renderers_own_mb"] = browser.renderers_own_mb()
            seen.at_s.append(at_s)
            seen.rows.append(row)
            print(f"{at_s / 60:.1f} min {row}", file=sys.stderr, flush=True)
        alive = [await tab.value(LINE) for tab in tabs]
    return seen, [str(each) for each in alive]


async def measure(plan: Plan) -> dict[str, object]:
    """All of it."""
    with tempfile.TemporaryDirectory(prefix="vagus-page-") as name:
        folder = Path(name)
        async with daemon(folder, plan) as (home, process), chromium(folder / "profile") as browser:
            await asyncio.sleep(3 * _SETTLE_S)
            paint = await painted(browser, home)
            before = await turns(browser, home, process, plan)
            seen, alive = await watch(browser, home, process, plan)
            after = await turns(browser, home, process, plan)
    cpu = {number: before[number] + after[number] for number in before}
    middle = {number: float(np.median(values)) for number, values in cpu.items()}
    return {
        "minutes": plan.minutes,
        "speed": plan.speed,
        **paint,
        "looks": len(seen.rows),
        "lines_at_the_end": alive,
        "memory": seen.told(),
        "daemon_cpu_percent": {
            "closed": round(middle[0], 2),
            "one_page": round(middle[1], 2),
            "two_pages": round(middle[2], 2),
            "one_page_points": round(float(np.median(np.subtract(cpu[1], cpu[0]))), 2),
            "two_pages_points": round(float(np.median(np.subtract(cpu[2], cpu[0]))), 2),
            "turns": {str(number): [round(value, 2) for value in values] for number, values in cpu.items()},
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--every", type=float, default=30.0, help="seconds from look to look")
    parser.add_argument("--turn", type=float, default=40.0, help="seconds of each turn that compares processor time")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", default="-", help="where the figures go; - is standard output")
    given = parser.parse_args()
    plan = Plan(given.minutes, given.speed, given.every, given.turn, given.rounds)
    text = json.dumps(asyncio.run(measure(plan)), indent=2)
    if given.json == "-":
        sys.stdout.write(text + "\n")
    else:
        Path(given.json).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

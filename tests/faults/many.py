"""Whole-daemon fault schedules for a range of seeds: one JSON line each, and how fast everything recovered.

nice python -m tests.faults.many OUT [--first 0] [--count 1000] [--lanes 1] [--minutes M] [--again]

OUT/trials.jsonl grows by a line a seed. A seed that is in it is not run again; with --again those that failed are.
What happened in a schedule that failed is kept in OUT/SEED-TIME.log; OUT/summary.json tells of each seed's newest line.
SIGTERM lets the schedules that run come to their end.
"""

import argparse
import asyncio
import signal
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from edge.clock import SystemClock, nanoseconds, seconds
from tests.faults.ground import Ground, lay_ground
from tests.faults.schedule import Fault
from tests.faults.trial import Trial, TrialError, fault_words, possible_faults, run_trial

_MOST_FAILURES = 25
"""So many in one run end it: something is wrong with the machine, or with all of them."""


class Line(msgspec.Struct, frozen=True):
    """What is kept of one schedule."""

    seed: int
    held: bool
    """What it promises held."""
    faults: tuple[str, ...]
    took_s: float
    commit: str
    at: str
    trial: Trial | None = None
    failure: str = ""
    """One sentence,"""
    log: str = ""
    """and where the rest of it is."""


class Many:
    """Seeds to run, lanes that run them, a file that remembers."""

    def __init__(self, out: Path, ground: Ground, faults: tuple[Fault, ...], progress: Progress) -> None:
        self.failed = 0
        self._out = out
        self._ground = ground
        self._faults = faults
        self._progress = progress
        self._clock = SystemClock()
        self._commit = _commit()
        self._end = 0

    async def run(self, seeds: list[int], lanes: int, minutes: float) -> None:
        """Run them, ``lanes`` at a time; begin none after so long."""
        self._end = self._clock.now() + nanoseconds(60 * minutes)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._stop)
        bar = self._progress.add_task("schedules", total=len(seeds))
        left = iter(seeds)
        async with asyncio.TaskGroup() as group:
            for _ in range(lanes):
                group.create_task(self._lane(left, bar))

    async def _lane(self, left: Iterator[int], bar: TaskID) -> None:
        while self._goes_on() and (seed := next(left, None)) is not None:
            line = await self._try(seed)
            with (self._out / "trials.jsonl").open("ab") as file:
                file.write(msgspec.json.encode(line) + b"\n")
            if not line.held:
                self.failed += 1
                self._progress.console.print(
                    f"seed {seed}: {line.failure}; {line.log}", highlight=False, soft_wrap=True
                )
            self._progress.advance(bar)

    def _stop(self) -> None:
        self._end = 0

    def _goes_on(self) -> bool:
        return self.failed < _MOST_FAILURES and self._clock.now() < self._end

    async def _try(self, seed: int) -> Line:
        began, at = self._clock.now(), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        trial: Trial | None = None
        failure, log = "", ""
        with tempfile.TemporaryDirectory(prefix="vagus-faults-") as place:
            try:
                trial = await run_trial(seed, self._faults, self._ground, Path(place))
            except TrialError as error:
                failure = str(error).splitlines()[0]
                kept = self._out / f"{seed}-{at.replace(':', '')}.log"
                kept.write_text("\n".join([*error.story, "", str(error), ""]))
                log = str(kept)
        took_s = seconds(self._clock.now() - began)
        words = fault_words(seed, self._faults)
        return Line(seed, trial is not None, words, round(took_s, 2), self._commit, at, trial, failure, log)


def summary(lines: Iterable[Line]) -> dict[str, object]:
    """How many schedules held, with how many of which faults, on which commits, and how fast all recovered."""
    newest = {line.seed: line for line in lines}.values()
    held = [line for line in newest if line.held]
    times: dict[str, list[float]] = {}
    for line in held:
        for part, s in line.trial.recovery_s.items() if line.trial else ():
            times.setdefault(part, []).append(s)
    return {
        "schedules": len(newest),
        "held": len(held),
        "failed": [{"seed": line.seed, "failure": line.failure} for line in newest if not line.held],
        "faults": dict(Counter(fault for line in newest for fault in line.faults).most_common()),
        "alerts": sum(line.trial.arrived for line in held if line.trial),
        "delivered_twice": sum(line.trial.twice for line in held if line.trial),
        "recovery_s": {part: _spread(took) for part, took in sorted(times.items())},
        "schedule_s": _spread([line.took_s for line in held]),
        "commits": dict(Counter(line.commit for line in newest)),
    }


def _spread(values: list[float]) -> dict[str, float]:
    if len(values) < 2:
        return {"n": len(values)}
    shares = statistics.quantiles(values, n=100, method="inclusive")
    figures = {"p50": shares[49], "p99": shares[98], "most": max(values)}
    return {"n": len(values), **{name: round(value, 3) for name, value in figures.items()}}


def _read(out: Path) -> list[Line]:
    file = out / "trials.jsonl"
    return msgspec.json.decode(b"[" + b",".join(file.read_bytes().splitlines()) + b"]", type=list[Line])


def _commit() -> str:
    asked = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, check=False, capture_output=True, text=True).stdout.strip()


def main() -> int:
    """Run what is asked and not there yet; exit code 1 when a schedule did not hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, help="directory that remembers; a run that was interrupted goes on from it")
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--count", type=int, default=1000, help="so many seeds")
    parser.add_argument("--lanes", type=int, default=1, help="so many schedules at a time")
    parser.add_argument("--minutes", type=float, default=24 * 60.0, help="begin no schedule after so long")
    parser.add_argument("--again", action="store_true", help="run again what failed")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "trials.jsonl").touch()
    newest = {line.seed: line for line in _read(given.out)}
    done = {seed for seed, line in newest.items() if line.held or not given.again}
    seeds = [seed for seed in range(given.first, given.first + given.count) if seed not in done]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with tempfile.TemporaryDirectory(prefix="vagus-ground-") as place, Progress(*columns) as progress:
        ground = lay_ground(Path(place))
        many = Many(given.out, ground, possible_faults(Path(place)), progress)
        asyncio.run(many.run(seeds, given.lanes, given.minutes))
    found = summary(_read(given.out))
    told = msgspec.json.format(msgspec.json.encode(found), indent=2)
    (given.out / "summary.json").write_bytes(told + b"\n")
    Console().print_json(told.decode())
    return 1 if found["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())

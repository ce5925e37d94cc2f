"""What the host of a virtual machine takes while something is timed, and the figures of the time when it took little.

A host that others use, too, takes the processors for some milliseconds at a time: what was on its way meanwhile is
late, and no daemon can help it. So its share is looked at in stretches of 20 s, and those in which it was little are
counted, whatever was timed in them; the others are told.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import psutil

from edge.clock import Clock, HostNs

STRETCH_S = 20.0
"""Long enough for dozens of alerts, and to know a share of 1 % (40 ticks of the kernel's, on two processors)."""
QUIET_PERCENT = 1.0
"""Of the processors: a stretch in which the host took more is not counted while there are others."""
TRIES = 3
"""So often a row is measured at most, until enough of it was quiet."""

Figures = dict[str, object]
Milliseconds = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """What was timed between two looks at the host."""

    stolen_percent: float | None
    """Of the processors' time; None where the system does not tell, 0 on a board."""
    ms: Milliseconds

    @property
    def stolen(self) -> float:
        return self.stolen_percent or 0.0


class Host:
    """Looks at what the host takes, from when it is made; `run` is a lane beside what is timed."""

    def __init__(self, clock: Clock, times: Callable[[], Mapping[str, float]] | None = None) -> None:
        """``times`` are the processors' by use, in seconds since their start, as of `psutil.cpu_times`."""
        self._clock = clock
        self._times = times or (lambda: psutil.cpu_times()._asdict())
        self._looks: list[tuple[HostNs, Mapping[str, float]]] = []
        self.look()

    def look(self) -> None:
        """A stretch ends here, and the next one begins."""
        self._looks.append((self._clock.now(), self._times()))

    async def run(self) -> None:
        """Look every STRETCH_S, until cancelled."""
        while True:
            await asyncio.sleep(STRETCH_S)
            self.look()

    def stretches(self, ended: Sequence[HostNs], ms: Sequence[float]) -> list[Stretch]:
        """Those in which something ended: when each did, and what it had taken."""
        at, took = np.array(ended, np.int64), np.array(ms, np.float64)
        found: list[Stretch] = []
        for (start, before), (end, after) in zip(self._looks, self._looks[1:], strict=False):
            within = took[(at > start) & (at <= end)]
            if len(within):
                found.append(Stretch(stolen_percent(before, after), within))
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """One measurement of a row: what else it tells, and its stretches."""

    figures: Figures
    stretches: list[Stretch]


async def undisturbed(measured: Callable[[], Awaitable[Tried]], seconds: float, most: int = TRIES) -> Figures:
    """The row that ``measured`` tells, again until ``seconds`` of it, in stretches, were quiet, ``most`` times at most.

    Counted are the quiet stretches, or where there are too few of them the quietest; the first and the last of a try
    may hold few alerts. `all` tells of every one together, `stretches` of each. Whether one is counted is the host's
    doing alone, not the latencies'.
    """
    wanted = max(1, round(seconds / STRETCH_S))
    tries = [await measured()]
    while len(_quiet(_of(tries))) < wanted and len(tries) < most:
        tries.append(await measured())
    stretches = _of(tries)
    quiet = _quiet(stretches)
    counted = quiet if len(quiet) >= wanted else sorted(stretches, key=lambda each: each.stolen)[:wanted]
    return tries[-1].figures | _told(counted) | {
        "tries": len(tries),
        "all": _told(stretches),
        "stretches": [_told([each]) | {"counted": each in counted} for each in stretches],
    }  # fmt: skip


def stolen_percent(before: Mapping[str, float], after: Mapping[str, float]) -> float | None:
    """Of the processors' time between two readings, what a virtual machine wanted and its host gave to others.

    None where the system does not tell; 0 on a board.
    """
    if "steal" not in after:
        return None
    spent = sum(after.values()) - sum(before.values())
    return round(100 * (after["steal"] - before["steal"]) / spent, 2) if spent > 0 else None


def _of(tries: Sequence[Tried]) -> list[Stretch]:
    return [stretch for each in tries for stretch in each.stretches]


def _quiet(stretches: Sequence[Stretch]) -> list[Stretch]:
    return [each for each in stretches if each.stolen <= QUIET_PERCENT]


def _told(stretches: Sequence[Stretch]) -> Figures:
    """Latencies of stretches together, and the mean share that the host took."""
    ms = np.concatenate([each.ms for each in stretches]) if stretches else np.empty(0)
    told = [each.stolen_percent for each in stretches if each.stolen_percent is not None]
    p50, p99 = np.percentile(ms, (50, 99)).round(3).tolist() if len(ms) else (None, None)
    return {
        "sensor_to_puback_ms": {"p50": p50, "p99": p99, "n": len(ms)},
        "stolen_percent": round(float(np.mean(told)), 2) if told else None,
    }

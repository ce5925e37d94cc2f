"""A seed -> what goes wrong, in which order, and for how long."""

import random
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What may happen: to the process, to what is behind its relay, to the sensors before it."""

    KILL = "kill -9"
    BROKER_STOP = "broker stopped"
    CUT = "network cut"
    PINCH = "network silent"
    SLOW = "broker slow"
    DISK_FULL = "disk full"
    CLOCK_AHEAD = "clock an hour ahead"
    CLOCK_BACK = "clock an hour back"
    PACKETS_TWICE = "packets twice"
    PACKETS_LATE = "packets late"
    PACKETS_LOST = "packets lost"
    PACKETS_GARBLED = "packets garbled"
    WATCH_SILENT = "watch silent"
    WATCH_STALLS = "watch stalls"
    WATCH_GONE = "watch link gone"
    WATCH_HANGS_UP = "watch hangs up"
    WATCH_ANEW = "watch started anew"
    CAMERA_GONE = "camera gone"
    CAMERA_FROZEN = "camera frozen"
    CAMERA_SPOILT = "pictures spoilt"


INSTANT = frozenset({Fault.KILL, Fault.CLOCK_AHEAD, Fault.CLOCK_BACK, Fault.WATCH_ANEW})
"""These are done in an instant; the others stay until they are mended."""
LASTING = frozenset(Fault) - INSTANT
PACKETS = tuple(fault for fault in Fault if fault.name.startswith("PACKETS"))
WATCH = tuple(fault for fault in Fault if fault.name.startswith("WATCH"))
CAMERA = tuple(fault for fault in Fault if fault.name.startswith("CAMERA"))
RELAY = tuple(fault for fault in Fault if fault not in PACKETS + WATCH + CAMERA)
"""What happens to the process and behind its relay."""


@dataclass(frozen=True, slots=True)
class Step:
    """Wait a while, then break something, or mend it."""

    after: int
    """How long: in alerts raised, or in seconds of a watch's life."""
    fault: Fault
    mend: bool = False


def make_schedule(seed: int, faults: tuple[Fault, ...] = RELAY, longest: int = 30) -> list[Step]:
    """Three to seven faults; lasting ones overlap the others, and are all mended at the end.

    No wait is longer than ``longest``.
    """
    chance = random.Random(seed)
    steps: list[Step] = []
    broken: list[Fault] = []
    for fault in chance.choices(faults, k=chance.randint(3, 7)):
        if fault in broken:
            broken.remove(fault)
            steps.append(Step(chance.randint(1, longest), fault, mend=True))
            continue
        steps.append(Step(chance.randint(1, longest), fault))
        if fault in LASTING:
            broken.append(fault)
    chance.shuffle(broken)
    return steps + [Step(chance.randint(0, 2 * longest // 3), fault, mend=True) for fault in broken]

"""A seed -> what goes wrong, in which order, and for how long."""

import random
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What may happen to a relay."""

    KILL = "kill -9"
    BROKER_STOP = "broker stopped"
    CUT = "network cut"
    PINCH = "network silent"
    SLOW = "broker slow"
    DISK_FULL = "disk full"
    CLOCK_AHEAD = "clock an hour ahead"
    CLOCK_BACK = "clock an hour back"


LASTING = frozenset({Fault.BROKER_STOP, Fault.CUT, Fault.PINCH, Fault.SLOW, Fault.DISK_FULL})
"""These stay until they are mended; the others are done in an instant."""


@dataclass(frozen=True, slots=True)
class Step:
    """Wait until so many more alerts were raised, then break something, or mend it."""

    after: int
    fault: Fault
    mend: bool = False


def make_schedule(seed: int, faults: tuple[Fault, ...] = tuple(Fault)) -> list[Step]:
    """Three to seven faults; lasting ones overlap the others, and are all mended at the end."""
    chance = random.Random(seed)
    steps: list[Step] = []
    broken: list[Fault] = []
    for fault in chance.choices(faults, k=chance.randint(3, 7)):
        if fault in broken:
            broken.remove(fault)
            steps.append(Step(chance.randint(1, 30), fault, mend=True))
            continue
        steps.append(Step(chance.randint(1, 30), fault))
        if fault in LASTING:
            broken.append(fault)
    chance.shuffle(broken)
    return steps + [Step(chance.randint(0, 20), fault, mend=True) for fault in broken]

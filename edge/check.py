"""One thing that must be well, how it is, and what to do about it: the noun of every checkup."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["good", "warn", "bad", "off"]


@dataclass(frozen=True, slots=True)
class Check:
    """``off``: not asked for, so neither well nor ill. ``cure`` stands wherever something is not good."""

    name: str
    state: Verdict
    says: str
    cure: str = ""

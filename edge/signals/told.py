"""What became of one window of an ECG or EEG: rows for a network, or the reason why there are none."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from edge.clock import HostNs, StreamNs
from edge.flow import Floats

Why: TypeAlias = Literal["", "quiet", "gathering", "poor", "slow", "spoilt"]
"""Nothing; the person's quiet minute is not there yet; a sequence is not full yet; too little or no clean signal; too
few samples a second; an eye, a jaw or a loose electrode in too much of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """One window, told from the person's quiet minute."""

    end: StreamNs
    received: HostNs
    values: Floats | None
    """The network's input without its batch; None when the window must not be judged."""
    why: Why = ""
    uncertainty_ns: int = 0
    """The window's."""

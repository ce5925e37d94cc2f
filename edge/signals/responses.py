"""The phasic part of a skin conductance in; its responses, each with onset, peak, height and recovery, out."""

from dataclasses import dataclass

import numpy as np

from edge.signals.grid import Doubles, Indices

LEAST_US = 0.01
"""The lower of the two usual criteria (Boucsein et al. 2012, Psychophysiology 49:1017): wrists respond less."""
_LONGEST_RISE_S = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class Responses:
    """Skin conductance responses in order of time, each array (n,)."""

    onset_s: Doubles
    """The trough that the climb begins at, after the first sample."""
    peak_s: Doubles
    height_us: Doubles
    """From onset to peak."""
    rise_s: Doubles
    recovery_s: Doubles
    """From the peak until half of the height is lost; NaN when the signal ends or climbs again before."""


def responses(phasic: Doubles, rate_hz: float, least_us: float = LEAST_US) -> Responses:
    """Climbs from a trough to the next peak, at least ``least_us`` high and at most six seconds long.

    Fewer than three samples or a rate that is not above 0 hold no response.
    """
    if len(phasic) < 3 or not rate_hz > 0:
        nothing = np.empty(0)
        return Responses(nothing, nothing, nothing, nothing, nothing)
    turns, height, rise, found = _climbs(phasic, rate_hz, least_us)
    onsets, peaks = turns[found], turns[found + 1]
    recovery = [
        _recovery(phasic[peak : turns[k + 2] + 1] if k + 2 < len(turns) else phasic[peak:], float(height[k]) / 2)
        for k, peak in zip(found.tolist(), peaks.tolist(), strict=True)
    ]
    return Responses(
        onsets / rate_hz, peaks / rate_hz, height[found], rise[found], np.array(recovery, np.float64) / rate_hz
    )


def climbs(phasic: Doubles, rate_hz: float) -> tuple[Doubles, Doubles]:
    """Height (uS) and rise (s) of each response, each (n,), where onset and recovery are not asked for."""
    _, height, rise, found = _climbs(phasic, rate_hz, LEAST_US)
    return height[found], rise[found]


def _climbs(phasic: Doubles, rate_hz: float, least_us: float) -> tuple[Indices, Doubles, Doubles, Indices]:
    """Turning points (n + 1,), height and rise from each to the next (n,), and which of these are responses."""
    turns = np.flatnonzero(np.diff(np.sign(np.diff(phasic))) != 0) + 1
    turns = np.concatenate(([0], turns, [len(phasic) - 1]))
    height: Doubles = np.diff(phasic[turns])
    rise: Doubles = np.diff(turns) / rate_hz
    found = np.flatnonzero((height >= least_us) & (height > 0) & (rise > 0) & (rise <= _LONGEST_RISE_S))
    return turns, height, rise, found


def _recovery(fall: Doubles, half: float) -> float:
    """Samples until the fall is ``half`` below its first; NaN when it never is."""
    below = np.flatnonzero(fall <= fall[0] - half)
    return float(below[0]) if len(below) else float("nan")

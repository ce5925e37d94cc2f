"""Recordings in; the windows that the device would have cut from them at each level of sampling, out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from edge.flow import Channel
from edge.sensing.ladder import LADDER, Level
from models.datasets.recordings import Recording, Track
from models.seen_store import seen
from models.wrist_streams import Hop, Seen

REPLAYED = (Level.LOW, Level.FULL)
"""The levels at which a worn watch differs: at WATCHFUL it is sampled as at LOW."""
Say = Callable[[str], None]
_EDGE = 32
"""Samples of the slower rate that each end is continued by, so that the filter does not ring there."""


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One recording, window by window, at every level."""

    subject: str
    at: Mapping[Level, Seen]

    @property
    def seen(self) -> Seen:
        """At the rates of the recording."""
        return self.at[Level.FULL]

    def hop(self, k: int, level: Level) -> Hop:
        """The k-th window at a level."""
        return self.at[Level.FULL if level is Level.FULL else Level.LOW].hops[k]


def replay(
    recordings: Sequence[Recording], window_s: float, hop_s: float, store: Path | None, say: Say
) -> list[Person]:
    """Send each recording through the device's windows and features once a level; keep what was seen in ``store``."""
    people: list[Person] = []
    for recording in recordings:
        at = {level: _seen(recording, level, window_s, hop_s, store) for level in REPLAYED}
        count = min(len(seen.hops) for seen in at.values())
        at = {level: replace(seen, hops=seen.hops[:count], ends_s=seen.ends_s[:count], labels=seen.labels[:count])
              for level, seen in at.items()}  # fmt: skip
        people.append(Person(recording.subject, at))
        say(f"windows of {recording.dataset} {recording.subject}")
    return people


def slower(recording: Recording, rates_hz: Mapping[Channel, float]) -> Recording:
    """The recording as a watch at these rates would send it: low-passed below half the new rate, then thinned."""
    tracks = {channel: _thinned(track, rates_hz.get(channel, track.rate_hz))
              for channel, track in recording.tracks.items()}  # fmt: skip
    return replace(recording, tracks=tracks)


def _thinned(track: Track, rate_hz: float) -> Track:
    fold = round(track.rate_hz / rate_hz)
    if fold <= 1:
        return track
    values = track.values.astype(np.float64)
    edge = (fold * _EDGE, *[0] * (values.ndim - 1))
    padded = np.pad(values, [(edge[0], edge[0]), *[(0, 0)] * (values.ndim - 1)], mode="edge")
    return Track(track.rate_hz / fold, _decimated(padded, fold)[_EDGE:-_EDGE].astype(np.float32))


def _decimated(values: npt.NDArray[np.float64], fold: int) -> npt.NDArray[np.float64]:
    """SciPy's zero-phase polyphase filter (Kaiser 5.0) and every ``fold``-th sample; SciPy ships no types."""
    from scipy import signal  # pyright: ignore[reportMissingTypeStubs]  # untyped; used here alone

    return np.asarray(cast(Any, signal).resample_poly(values, 1, fold, axis=0), np.float64)


def _seen(recording: Recording, level: Level, window_s: float, hop_s: float, store: Path | None) -> Seen:
    rates = LADDER[level]
    variant = "-".join(f"{hz:g}" for hz in rates.values())
    return seen(recording, window_s, hop_s, store, lambda recorded: slower(recorded, rates), variant)

"""A quiet person's windows in; what is usual for this person at rest, out."""

import math
from dataclasses import dataclass, replace

import numpy as np

from edge.clock import StreamNs, nanoseconds, seconds
from edge.flow import Features, Floats
from edge.signals.features import FEATURE_VERSION, LOGARITHMIC
from edge.signals.grid import Doubles, Mask
from edge.signals.normalise import SMALLEST, TREND, Usual, logarithmic, quartiles

NEEDED_S = 300.0
"""Five minutes: the short-term recording of the Task Force (1996), and what a person will sit through."""
_LEAST_WINDOWS = 8
"""A feature that fewer windows held is not known of this person."""
_LEAST_QUALITY = 0.5
_RESTLESS_G = 0.1
"""Spread of the acceleration's magnitude above which nobody sits: ten times that of a still second."""


@dataclass(frozen=True, slots=True)
class PersonalBaseline:
    """A person at rest: each feature's median and spread over the quiet windows, None where it was not known."""

    names: tuple[str, ...]
    """Of the register of ``feature_version``."""
    centre: tuple[float | None, ...]
    """Medians; of the logarithm for the features that are compared by ratio (edge/signals/features.LOGARITHMIC)."""
    spread: tuple[float | None, ...]
    """Quartile distance / 1.349, in the same units."""
    windows: tuple[int, ...]
    """Windows that held each feature."""
    window_s: float
    seconds: float
    """Quiet time that was measured."""
    feature_version: int = FEATURE_VERSION

    def __post_init__(self) -> None:
        if not len(self.names) == len(self.centre) == len(self.spread) == len(self.windows):
            raise ValueError(
                f"a baseline needs one centre, spread and count for each of its {len(self.names)} names, got "
                f"{len(self.centre)}, {len(self.spread)} and {len(self.windows)}"
            )
        numbers = [value for value in (*self.centre, *self.spread) if value is not None]
        if not all(map(math.isfinite, numbers)) or min((v for v in self.spread if v is not None), default=0.0) < 0:
            raise ValueError("a baseline's centres and spreads must be numbers, spreads not below 0")
        if not (0 < self.window_s < math.inf and 0 < self.seconds < math.inf and min(self.windows, default=0) >= 0):
            raise ValueError("a baseline needs a window and a length above 0 s, and no count below 0")

    def value(self, name: str) -> float | None:
        """A feature's usual in its own unit, logarithm undone; None when it is not known."""
        centre = self.centre[self.names.index(name)] if name in self.names else None
        if centre is None or name not in LOGARITHMIC:
            return centre
        return max(math.exp(centre) - SMALLEST, 0.0)


class Baseline:
    """Gathers quiet windows until they cover five minutes. Pure: no clock, no files; at most a few hundred rows held.

    Feed it the raw features of each window of a worn watch. Windows that began before ``since``, that say too little,
    or in which the person moves about, do not count: their time must be sat through again.
    """

    def __init__(self, window_s: float, since: StreamNs, needed_s: float = NEEDED_S) -> None:
        if not 0 < window_s <= needed_s:
            raise ValueError(f"a window must be above 0 s and at most the {needed_s} s measured, got {window_s} s")
        self.since = since
        self.refused = ""
        """Why the newest window did not count: `moving` or `poor`; empty when it did, or none came yet."""
        self._window_s, self.needed_s = window_s, needed_s
        self._names: tuple[str, ...] = ()
        self._rows: list[Floats] = []
        self._covered = since
        self._quiet_ns = 0

    @property
    def progress(self) -> float:
        """Share of the quiet time that is there, 0 to 1."""
        return min(1.0, seconds(self._quiet_ns) / self.needed_s)

    def feed(self, features: Features) -> float:
        """Take one window's raw features, in order of time; return the progress. Once it is 1 nothing changes."""
        begin = features.end - nanoseconds(self._window_s)
        if self.progress >= 1 or (features.end >= self._covered and begin < self.since):
            return self.progress
        if features.end < self._covered:  # the stream's clock went back: what was gathered stays
            self.since = self._covered = features.end
            return self.progress
        self.refused = _why_not(features)
        if not self.refused:
            self._take(features, StreamNs(begin))
        return self.progress

    def result(self) -> PersonalBaseline | None:
        """The baseline once five quiet minutes are there; None before."""
        if self.progress < 1:
            return None
        rows = logarithmic(np.stack(self._rows).astype(np.float64), self._names)
        count, low, middle, high = quartiles(rows)
        known = count >= _LEAST_WINDOWS
        return PersonalBaseline(
            names=self._names,
            centre=_told(middle, known),
            spread=_told((high - low) / 1.349, known),
            windows=tuple(int(n) for n in count),
            window_s=self._window_s,
            seconds=round(seconds(self._quiet_ns), 3),
        )

    def _take(self, features: Features, begin: StreamNs) -> None:
        if features.names != self._names:
            self._names = features.names
            self._rows.clear()
            self._quiet_ns = 0
        self._rows.append(features.values)
        self._quiet_ns += features.end - max(begin, self._covered)
        self._covered = features.end


OWN_SHARE = 2 / 3
"""Of the baseline in what a person is told from before anything else is known; the rest is the population's."""


def seeded(usual: Usual, baseline: PersonalBaseline) -> Usual:
    """A model's usual as this person's: the population and the baseline together are what the person is told from.

    Both count for ``usual.rest`` remembered windows, once and for all, hardly more than the population does alone: what
    is remembered of the hour outweighs five minutes soon (models/baseline_effect.py has tried more). What the baseline
    does not know stays the population's. A ``rest`` of 0 takes no notice of it.
    """
    at = {name: k for k, name in enumerate(baseline.names)}
    if not usual.rest:
        return usual
    centres, scales = list[float](), list[float]()
    for name, centre, scale in zip(usual.names, usual.centre, usual.scale, strict=True):
        k = at.get(name.removesuffix(TREND))
        own, spread = (None, None) if k is None else (baseline.centre[k], baseline.spread[k])
        centres.append(centre if own is None else OWN_SHARE * own + (1 - OWN_SHARE) * centre)
        # five quiet minutes may hardly differ from each other: a distance in such a spread would be noise
        scales.append(scale if spread is None else max(OWN_SHARE * spread + (1 - OWN_SHARE) * scale, 0.25 * scale))
    return replace(usual, centre=tuple(centres), scale=tuple(scales), prior=usual.rest)


def _why_not(features: Features) -> str:
    told = features.named()
    if told.get("motion_spread", math.nan) > _RESTLESS_G:
        return "moving"
    return "poor" if features.quality < _LEAST_QUALITY else ""


def _told(values: Doubles, known: Mask) -> tuple[float | None, ...]:
    pairs = zip(values.tolist(), known.tolist(), strict=True)
    return tuple(round(value, 6) if there else None for value, there in pairs)

"""Features in; the same features told from this person's own usual, out: causal, robust, bounded."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from edge.flow import Features, Floats
from edge.signals.features import LOGARITHMIC
from edge.signals.grid import Doubles

TREND = "_trend"
"""Ending of a name that asks for the mean of a feature's last windows, after normalisation."""
SMALLEST = 1e-4
"""Added under the logarithm: far below what any of the features can resolve."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What a model's contract fixes about its normaliser; fitted on the training subjects alone."""

    names: tuple[str, ...]
    """What the model wants, in its order: names of the register, or such a name and TREND."""
    centre: tuple[float, ...]
    """Median over people of a person's median, after the logarithm where one is taken."""
    scale: tuple[float, ...]
    """Median over people of a person's spread (quartile distance / 1.349)."""
    prior: float = 8.0
    """How many remembered windows of the person the population counts for."""
    rest: float = 12.0
    """The same of population and measured baseline together, where there is a baseline (edge/signals/baseline.py)."""
    memory: int = 240
    """Windows remembered at most: 240 at every third hop of 5 s are an hour."""
    stride: int = 3
    """Every so many windows one is remembered: those between overlap it and say nearly the same."""
    trend: int = 60
    """Windows behind a TREND, the present one among them: 60 at a hop of 5 s are five minutes."""
    clip: float = 4.0

    @property
    def base(self) -> tuple[str, ...]:
        """The register's names among the wanted ones, each once."""
        return tuple(dict.fromkeys(name.removesuffix(TREND) for name in self.names))

    def __post_init__(self) -> None:
        if not (len(self.names) == len(self.centre) == len(self.scale) > 0):
            raise ValueError(
                f"a normaliser needs one centre and one scale for each name, got {len(self.names)} names, "
                f"{len(self.centre)} centres and {len(self.scale)} scales"
            )
        if (
            min(self.scale) <= 0
            or min(self.prior, self.rest) < 0
            or min(self.memory, self.stride, self.trend) < 1
            or self.clip <= 0
        ):
            raise ValueError(
                "a normaliser needs scales, memory, stride, trend and clip above 0 and a prior and rest of at least 0"
            )


class Normaliser:
    """Distance of each feature from the person's own median so far, in the person's own spread so far.

    The centre is the mean of the population's centre, weighted ``prior``, and of the median of this person's remembered
    windows, weighted by how many hold the feature; so is the scale. It looks only back, to the newest remembered
    window, which may be the present one. A missing feature is 0, "as usual". Memory is bounded.
    """

    def __init__(self, usual: Usual) -> None:
        self.usual = usual
        self._base = usual.base
        wanted = [name.removesuffix(TREND) for name in usual.names]
        first = [wanted.index(name) for name in self._base]
        self._place = np.array([self._base.index(name) for name in wanted])
        self._is_trend = np.array([name.endswith(TREND) for name in usual.names])
        self._population = np.array(usual.centre)[first], np.array(usual.scale)[first]
        self._person = self._population
        self._past: Floats = np.full((usual.memory, len(self._base)), np.nan, np.float32)
        self._recent: deque[Doubles] = deque(maxlen=usual.trend)
        self._seen = 0
        self._columns: tuple[tuple[str, ...], npt.NDArray[np.int64]] | None = None

    @property
    def seen(self) -> int:
        """Windows learned from since the start."""
        return self._seen

    def push(self, features: Features, *, fresh: bool = False) -> Features:
        """Learn from this window, and return it normalised: finite, within ``clip``, quality of the wanted names.

        ``fresh`` says that it is no continuation of the one before: trends start anew, the person stays the same.
        """
        if fresh:
            self._recent.clear()
        values = self._values(features)
        if self._seen % self.usual.stride == 0:
            self._past[(self._seen // self.usual.stride) % self.usual.memory] = values
            self._person = self._learned((self._seen // self.usual.stride) + 1)
        self._seen += 1
        distance, quality = self._distance(values)
        self._recent.append(distance)
        return self._told(features, distance, quality)

    def retold(self, usual: Usual, forget: int = 0) -> "Normaliser":
        """The same person from now on told from another usual: trends and memory stay, but for the newest remembered.

        ``forget`` of these, which the new usual speaks of already, are not counted a second time.
        """
        other = Normaliser(usual)
        remembered = -(-self._seen // self.usual.stride)
        other._past = self._past.copy()
        for back in range(min(forget, remembered, self.usual.memory)):
            other._past[(remembered - 1 - back) % self.usual.memory] = np.nan
        other._seen = self._seen
        other._person = other._learned(remembered)
        other._recent.extend(self._recent)
        return other

    def remembered(self) -> Floats:
        """The windows that this person is known by, (k, n), oldest first; n are `usual.base`, k `usual.memory` at most.

        Trends are not among them: they are of the last minutes.
        """
        count = -(-self._seen // self.usual.stride)
        if count <= self.usual.memory:
            return self._past[:count].copy()
        return np.roll(self._past, -(count % self.usual.memory), axis=0)

    def recall(self, rows: Floats) -> None:
        """Know the person by windows that were `remembered` earlier; ValueError when they are of another normaliser."""
        if rows.ndim != 2 or rows.shape[1] != len(self._base):
            raise ValueError(f"remembered windows have shape {rows.shape}, this model needs (k, {len(self._base)})")
        rows = rows[-self.usual.memory :]
        self._past[:] = np.nan
        self._past[: len(rows)] = rows
        self._seen = len(rows) * self.usual.stride
        self._person = self._learned(len(rows))

    def _values(self, features: Features) -> Doubles:
        raw = features.values[self._pick(features.names)].astype(np.float64)
        return logarithmic(raw, self._base)

    def _distance(self, values: Doubles) -> tuple[Doubles, float]:
        """Each base feature's distance from the usual, 0 where it is missing; share of those that are there."""
        centre, scale = self._person
        distance = (values - centre) / scale
        known = np.isfinite(distance)
        most = self.usual.clip
        return np.where(known, np.minimum(np.maximum(distance, -most), most), 0.0), float(known.mean())

    def _told(self, features: Features, distance: Doubles, quality: float) -> Features:
        trend = np.mean(self._recent, axis=0) if self._recent else distance
        told = np.where(self._is_trend, trend[self._place], distance[self._place]).astype(np.float32)
        return replace(features, names=self.usual.names, values=told, quality=quality)

    def _learned(self, remembered: int) -> tuple[Doubles, Doubles]:
        """Centre and scale from what is remembered of the person and of the population."""
        centre, scale = self._population
        count, low, middle, high = quartiles(self._past[: min(remembered, self.usual.memory)])
        known = count > 0
        own = np.where(known, count / np.maximum(count + self.usual.prior, 1e-9), 0.0)
        centre = np.where(known, own * middle + (1 - own) * centre, centre)
        spread = np.where(known, own * (high - low) / 1.349 + (1 - own) * scale, scale)
        # few windows of one quiet hour may hardly differ: a distance in such a spread would be noise
        return centre, np.maximum(spread, 0.25 * scale)

    def _pick(self, names: tuple[str, ...]) -> npt.NDArray[np.int64]:
        if self._columns is None or self._columns[0] is not names:
            missing = set(self._base) - set(names)
            if missing:
                raise ValueError(f"the model wants features that nobody extracts: {', '.join(sorted(missing))}")
            self._columns = (names, np.array([names.index(n) for n in self._base], np.int64))
        return self._columns[1]


def logarithmic(values: Doubles, names: Sequence[str]) -> Doubles:
    """Natural logarithm of the features that are compared by ratio, (..., n); NaN stays NaN."""
    return np.where(_by_ratio(tuple(names)), np.log(np.maximum(values, 0) + SMALLEST), values)


@lru_cache(maxsize=16)
def _by_ratio(names: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    return np.array([name in LOGARITHMIC for name in names])


def quartiles(rows: Floats | Doubles) -> tuple[Doubles, Doubles, Doubles, Doubles]:
    """Count of numbers, first quartile, median, third quartile of each column; NaN columns give NaN, no warning."""
    if not len(rows):
        columns = int(rows.shape[1])
        nothing: Doubles = np.full(columns, np.nan)
        return np.zeros(columns), nothing, nothing, nothing
    ordered = np.sort(rows.astype(np.float64), axis=0)  # NaN last
    count: npt.NDArray[np.intp] = np.isfinite(ordered).sum(axis=0)
    low, middle, high = (_share(ordered, count, share) for share in (0.25, 0.5, 0.75))
    return count.astype(np.float64), low, middle, high


def _share(ordered: Doubles, count: npt.NDArray[np.intp], share: float) -> Doubles:
    """The value below which ``share`` of each column's numbers lie, linear between two."""
    last = np.maximum(count - 1, 0)
    place = last * share
    low = place.astype(np.int64)
    high = np.minimum(low + 1, last)
    column = np.arange(int(ordered.shape[1]))
    below, above = ordered[low, column], ordered[high, column]
    return below + (above - below) * (place - low)

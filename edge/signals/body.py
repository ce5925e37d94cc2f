"""Samples of a worn watch in; features, raw and as a model wants them, out, one pair a hop."""

import math
from dataclasses import dataclass, replace

from edge.clock import StreamNs
from edge.flow import Channel, Features, Floats, Samples, Window
from edge.signals.baseline import PersonalBaseline, seeded
from edge.signals.features import Extractor
from edge.signals.normalise import Normaliser, Usual
from edge.signals.wear import Wear, wear
from edge.signals.windows import Windows

CHANNELS = frozenset(
    {
        Channel.PULSE, Channel.BEAT_INTERVAL, Channel.HEART_RATE, Channel.SKIN_CONDUCTANCE, Channel.SKIN_TEMPERATURE,
        Channel.MOTION,
    }
)  # fmt: skip
"""What a wrist's features are made of; other channels pass by."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What one window says."""

    wear: Wear
    raw: Features
    """Every feature in its unit, NaN where there is none: for reasons that a person can read."""
    told: Features | None
    """The model's features, normalised for this person, no NaN; None when no prediction may be made from them.
    ``told.gap`` says that the model's state must start anew."""


class Body:
    """Windows, features, wear and the person's usual, in the one order in which training and the device run them.

    No prediction is offered while the watch is off the wrist, as long as a window still holds seconds off the wrist, or
    when less than ``least_quality`` of the model's features are there. The first one after such a time, after a hole,
    and at the start carries ``gap``.
    """

    def __init__(self, usual: Usual, span_s: float, hop_s: float, least_quality: float = 0.25) -> None:
        self.windows = Windows(span_s, hop_s)
        self._usual, self._hop_s = usual, hop_s
        self.normaliser = Normaliser(usual)
        self.least_quality = least_quality
        self._extractor = Extractor()
        self._fresh = True
        self._worn_since = StreamNs(0)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the features that a person is known by."""
        return self._usual.base

    @property
    def window_s(self) -> float:
        return self.windows.span_s

    def feed(self, samples: Samples) -> list[Reading]:
        """Take samples; return a reading for each window they complete, oldest first."""
        if samples.channel not in CHANNELS:
            return []
        return [self.read(window) for window in self.windows.feed(samples)]

    def look_ahead(self, window: Window) -> None:
        """Do what can be done of the next window with those of its channels that are whole."""
        self._extractor.look_ahead(window)

    def read(self, window: Window) -> Reading:
        """One window's reading; windows must come in order."""
        return self.tell(wear(window), self._extractor.extract(window), window.start)

    def tell(self, worn: Wear, raw: Features, start: StreamNs) -> Reading:
        """A reading from what was already seen in a window that began at ``start``; in order, too."""
        if worn is not Wear.ON:
            self._worn_since = raw.end
        gap = raw.gap or self._fresh
        told = self.normaliser.push(raw, fresh=gap) if start >= self._worn_since else None
        if told is None or told.quality < self.least_quality:
            self._fresh = True
            return Reading(worn, raw, None)
        self._fresh = False
        return Reading(worn, raw, replace(told, gap=gap))

    def anchor(self, baseline: PersonalBaseline | None) -> None:
        """Tell this person from their measured baseline from now on, None: from the population's usual.

        What was remembered of them stays, but for the quiet minutes just heard: the baseline speaks of these. The
        model's state is carried on: starting it anew costs more than the step in its input (models/baseline_effect.py).
        """
        if baseline is None:
            self.normaliser = self.normaliser.retold(self._usual)
            self._fresh = True
            return
        quiet = math.ceil(baseline.seconds / (self._hop_s * self._usual.stride))
        self.normaliser = self.normaliser.retold(seeded(self._usual, baseline), quiet)

    def remembered(self) -> Floats:
        """The windows that this person is known by, (k, len(names)), oldest first."""
        return self.normaliser.remembered()

    def recall(self, rows: Floats) -> None:
        """Know the person by windows that were `remembered` earlier; ValueError when they are of another model."""
        self.normaliser.recall(rows)

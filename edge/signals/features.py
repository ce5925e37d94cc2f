"""One window in; the numbers a model sees, in a fixed order, out."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edge.clock import StreamNs
from edge.flow import Channel, Features, Signal, Window
from edge.signals import heart, motion, skin

FEATURE_VERSION = 1
"""Goes up when a feature is added, dropped, renamed or computed otherwise: a bundle names the version it learned on."""

NAMES: tuple[str, ...] = (*heart.NAMES, *skin.NAMES, *motion.NAMES)
"""The register: every feature there is, in the order of every feature vector."""

LOGARITHMIC = frozenset(
    {
        "rmssd", "sdnn", "lf", "hf", "lf_hf", "interval_spread", "pulse_height", "pulse_height_spread", "conductance",
        "phasic_spread", "response_height", "enmo", "motion_spread", "motion_turn", "motion_jerk",
    }
)  # fmt: skip
"""Features that are compared by ratio: the normaliser takes their logarithm first."""


@dataclass(frozen=True, slots=True)
class Part:
    """Features that are made together."""

    make: Callable[[Window], tuple[float, ...]]
    channels: Callable[[Window], tuple[Channel, ...]]
    """What they are made of, of this window."""


PARTS = (
    Part(heart.heart, heart.sources),
    Part(skin.conductance, lambda _: (Channel.SKIN_CONDUCTANCE,)),
    Part(skin.temperature, lambda _: (Channel.SKIN_TEMPERATURE,)),
    Part(motion.motion, lambda _: (Channel.MOTION,)),
)
"""In the order of NAMES."""


class Extractor:
    """`extract` for one wearer's windows, in order, with less left to do at the moment when a window is whole.

    Channels that have all of it may be shown before (edge/signals/windows.Windows.ahead): what is made of them is kept
    until the window comes, and made anew should it come with other samples. The features are the same, to the bit.
    """

    def __init__(self) -> None:
        self._made: dict[Part, tuple[tuple[StreamNs, tuple[Signal | None, ...]], tuple[float, ...]]] = {}

    def look_ahead(self, window: Window) -> None:
        """Make the features of the channels that are there."""
        for part in PARTS:
            if any(channel in window.signals for channel in part.channels(window)):
                self._values(part, window)

    def extract(self, window: Window) -> Features:
        """All features of one window; NaN where it cannot support one, and ``quality`` says how many are not."""
        values = np.array([value for part in PARTS for value in self._values(part, window)], np.float64)
        values = np.where(np.abs(values) < 1e12, values, np.nan).astype(np.float32)
        quality = float(np.isfinite(values).mean())
        return Features(window.end, NAMES, values, quality, window.received, window.gap, window.uncertainty_ns)

    def _values(self, part: Part, window: Window) -> tuple[float, ...]:
        signals = tuple(window.signals.get(channel) for channel in part.channels(window))
        source = (window.start, signals)  # equal when they are the very same objects
        known, values = self._made.get(part, (None, ()))
        if known != source:
            values = part.make(window)
            self._made[part] = (source, values)
        return values


def extract(window: Window) -> Features:
    """All features of one window that stands alone, as `Extractor.extract` gives them."""
    return Extractor().extract(window)

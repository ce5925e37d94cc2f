"""A person's deviations from their own usual in; what stands out, in words that a person reads, out."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

NOTABLE = 1.0
"""Deviations smaller than this, in the person's own standard deviations, are not worth a phrase."""
MOST = 3
_TREND = "_trend"
"""Ending of a feature that is the mean over the last minutes (edge/signals/normalise.TREND)."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """One thing a person can picture, and the features that measure it; they say the same, so one of them speaks."""

    above: str
    below: str
    features: tuple[str, ...]


PHRASES = (
    Phrase("heart rate raised", "heart rate low", ("heart_rate", "pulse_rate")),
    Phrase("heart rate rising", "heart rate falling", ("heart_rate_slope",)),
    Phrase(
        "beat intervals unusually varied",
        "beat intervals unusually even",
        ("rmssd", "sdnn", "pnn50", "hf", "interval_spread"),
    ),
    Phrase("pulse stronger", "pulse weaker", ("pulse_height",)),
    Phrase("skin conductance raised", "skin conductance low", ("conductance",)),
    Phrase("skin conductance rising", "skin conductance falling", ("conductance_slope",)),
    Phrase("many skin-conductance responses", "few skin-conductance responses", ("responses",)),
    Phrase("skin conductance restless", "skin conductance steady", ("phasic_spread", "response_height")),
    Phrase("wrist warmer", "wrist cooler", ("temperature",)),
    Phrase("more movement", "less movement", ("enmo", "motion_spread", "motion_share", "motion_jerk")),
)


def stand_out(deviations: Mapping[str, float]) -> list[str]:
    """At most MOST phrases, the strongest deviation first; `for minutes` where that of the last minutes is strongest.

    ``deviations`` are told in the person's own standard deviations, by feature; numbers that are none are passed over.
    """
    found = [_strongest(phrase, deviations) for phrase in PHRASES]
    notable = sorted((each for each in found if each[0] >= NOTABLE), key=lambda each: -each[0])
    return [words for _, words in notable[:MOST]]


def _strongest(phrase: Phrase, deviations: Mapping[str, float]) -> tuple[float, str]:
    names = (*phrase.features, *(f"{name}{_TREND}" for name in phrase.features))
    known = {name: deviations[name] for name in names if math.isfinite(deviations.get(name, math.nan))}
    if not known:
        return 0.0, ""
    name = max(known, key=lambda name: abs(known[name]))
    words = phrase.above if known[name] > 0 else phrase.below
    return abs(known[name]), f"{words} for minutes" if name.endswith(_TREND) else words

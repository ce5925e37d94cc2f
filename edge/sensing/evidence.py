"""What each window says of the person in; what there is to be attentive to, out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from edge.clock import StreamNs, nanoseconds
from edge.sensing.change import Turn

NAMES: Mapping[str, str] = {
    "heart_rate": "heart rate",
    "conductance": "skin conductance",
    "motion_turn": "movement",
}
"""Features in which a change is sought (Mouthami 2025, section 3.1: physiology and motion), as a reason calls them."""
_RECOVERED = 5.0
"""Percent above the low mark at which a battery counts as charged again."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What one window of the watch said."""

    at: StreamNs
    worn: bool | None
    """None when no channel could tell."""
    stress: float | None = None
    """Probability from the wrist; None when the window says too little."""
    features: Mapping[str, float] = field(default_factory=dict[str, float])
    """Distances from the person's usual, in the person's own spread."""
    battery: float | None = None
    """Percent of the watch's battery, as it told last; None when this watch has not told."""
    fresh: bool = False
    """No continuation of the window before."""


class Bounds(Protocol):
    """What the settings must say for evidence to be weighed."""

    @property
    def likely(self) -> float: ...
    @property
    def unsure(self) -> float: ...
    @property
    def margin(self) -> float: ...
    @property
    def moving(self) -> float: ...
    @property
    def battery_low(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is held of the person now, with hysteresis where a bound is crossed."""

    at: StreamNs | None = None
    judged: StreamNs | None = None
    """The last window that said enough to judge by."""
    worn: bool | None = None
    stress: float | None = None
    likely: bool = False
    unsure: bool = False
    moving: bool = False
    spared: bool = False
    """The watch's battery is low."""
    turns: Mapping[str, Turn] = field(default_factory=dict[str, Turn])
    """The last change that movement does not explain."""
    turned: StreamNs | None = None

    def changed(self, now: StreamNs, hold_s: float) -> bool:
        """Whether there was a change within the last ``hold_s`` seconds."""
        return self.turned is not None and now - self.turned <= nanoseconds(hold_s)

    def cause(self, changed: bool) -> str | None:
        """Why attention is due, in words; None when it is not.

        A change alone is none: hearts and skins change all day. It is one when the classifier is unsure what it means.
        """
        moves = [f"{NAMES[name]} {turn.value}" for name, turn in self.turns.items()] if changed else []
        if self.stress is None:
            return "the wrist says too little"
        if self.likely:
            return " and ".join([f"stress is likely ({self.stress:.0%})", *moves])
        if self.unsure and moves:
            return " and ".join([*moves, f"the classifier is unsure ({self.stress:.0%} stress)"])
        return None

    def calm(self) -> str:
        """Why no attention is due, in words."""
        if self.moving:
            return "the person moves, which explains what changes"
        return "all is as usual"


def weigh(before: Evidence, signs: Signs, turns: Mapping[str, Turn], bounds: Bounds) -> Evidence:
    """What is held after one more window; ``turns`` are the changes that this window proves."""
    moving = signs.features.get("motion_turn", 0.0) >= bounds.moving
    counted = {} if moving else dict(turns)
    stress = signs.stress
    return Evidence(
        at=signs.at,
        judged=before.judged if stress is None else signs.at,
        worn=signs.worn,
        stress=stress,
        likely=stress is not None and _above(stress, bounds.likely, bounds.margin, before.likely),
        unsure=stress is not None and _above(stress, bounds.unsure, bounds.margin, before.unsure),
        moving=moving,
        spared=_spared(before.spared, signs.battery, bounds.battery_low),
        turns=counted or before.turns,
        turned=signs.at if counted else before.turned,
    )


def _above(value: float, bound: float, margin: float, before: bool) -> bool:
    return value >= (bound - margin if before else bound)


def _spared(before: bool, battery: float | None, low: float) -> bool:
    return battery is not None and battery <= (low + _RECOVERED if before else low)

"""Predictions in, decisions out: hysteresis, a minimum duration, a refractory period, and a reason a person can read.

All durations run in stream time, the time of the samples, so that a replay decides what the live run decided.
"""

import math
from collections.abc import Iterable

import msgspec

from edge.clock import StreamNs, nanoseconds, seconds
from edge.flow import Decision, Modality, Prediction, State
from edge.inference.own_level import OwnLevel
from edge.inference.phrases import stand_out


class DecisionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a run of predictions becomes an alert.

    The defaults were picked by `python -m models operating` (models/operating_point.py) over four trainings, so that
    for people left out of network and picking there is at most one false alert in two hours. A lower `on` or a shorter
    `min_duration_s` notices more, sooner, and cries wolf more often: the curve is on the card.
    """

    on: float = 0.65
    """Stress begins at this probability."""
    off: float = 0.6
    """Stress ends below this one."""
    own_level: float = 1.0
    """Share of the person's own usual level that is taken off first (edge/inference/own_level.py); 0 takes nothing."""
    smoothing_s: float = 180.0
    """Time constant of the average taken over predictions, so that one odd window decides nothing."""
    min_duration_s: float = 60.0
    """Stress must last this long before it counts."""
    refractory_s: float = 300.0
    """After an alert none follows for this long."""
    stale_s: float = 30.0
    """After this long without a prediction the state is unknown."""

    def __post_init__(self) -> None:
        for name in ("on", "off"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"decision.{name} must lie between 0 and 1, got {getattr(self, name)}")
        if not 0 <= self.own_level <= 1:
            raise ValueError(f"decision.own_level must be 0 to 1, got {self.own_level}")
        if self.off > self.on:
            raise ValueError(f"decision.off ({self.off}) must not lie above decision.on ({self.on})")
        for name in ("smoothing_s", "min_duration_s", "refractory_s", "stale_s"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"decision.{name} must be 0 s or more, got {getattr(self, name)}")


class Decider:
    """Holds one person's state. Feed predictions as they are made; each gives one decision."""

    def __init__(self, settings: DecisionSettings) -> None:
        self._settings = settings
        self._own = OwnLevel(settings.own_level)
        self._state = State.UNKNOWN
        self._level = math.nan
        self._last: StreamNs | None = None
        self._above_since: StreamNs | None = None
        self._below_since: StreamNs | None = None
        self._alerted: StreamNs | None = None

    @property
    def state(self) -> State:
        return self._state

    def step(self, prediction: Prediction) -> Decision:
        """Take one prediction into account."""
        if self._last is not None and abs(seconds(prediction.at - self._last)) > self._settings.stale_s:
            self.forget()
        # A window's end may lie before the face that was decided upon while it was judged; time goes on all the same.
        at = prediction.at if self._last is None else max(prediction.at, self._last)
        self._smooth(at, prediction.stress)
        alert = self._advance(at)
        reason = explain(self._state, self._level, prediction)
        return Decision(prediction.at, self._state, alert, reason, self._level, prediction)

    def expire(self, now: StreamNs) -> bool:
        """True when the predictions stopped so long ago that the state has just become unknown."""
        if self._last is None or seconds(now - self._last) <= self._settings.stale_s or self._state is State.UNKNOWN:
            return False
        self.forget()
        return True

    def forget(self) -> None:
        """Know nothing of the person's state any more; their usual level stays, and the refractory period goes on."""
        self._state, self._level = State.UNKNOWN, math.nan
        self._last = self._above_since = self._below_since = None

    def remembered(self) -> tuple[tuple[float, ...], StreamNs | None]:
        """The log odds that tell the person's usual level, oldest first, and when the last alert was raised."""
        return self._own.remembered(), self._alerted

    def recall(self, odds: Iterable[float], alerted: StreamNs | None) -> None:
        """Go on with a person of whom so much was `remembered` earlier, and nothing else is known."""
        self._own.recall(odds)
        self._alerted = alerted

    def _smooth(self, at: StreamNs, said: float) -> None:
        stress = self._own.told(at, said)
        if self._last is None or self._settings.smoothing_s == 0:
            self._level = stress
        else:
            keep = math.exp(-seconds(at - self._last) / self._settings.smoothing_s)
            self._level = keep * self._level + (1 - keep) * stress
        self._last = at

    def _advance(self, at: StreamNs) -> bool:
        calm_below = self._settings.on if self._state is State.UNKNOWN else self._settings.off
        self._above_since = _since(self._above_since, at, self._level >= self._settings.on)
        self._below_since = _since(self._below_since, at, self._level < calm_below)
        if self._state is not State.STRESS and self._lasted(self._above_since, at):
            self._state = State.STRESS
            return self._may_alert(at)
        if self._state is not State.CALM and self._lasted(self._below_since, at):
            self._state = State.CALM
        return False

    def _lasted(self, since: StreamNs | None, at: StreamNs) -> bool:
        return since is not None and at - since >= nanoseconds(self._settings.min_duration_s)

    def _may_alert(self, at: StreamNs) -> bool:
        if self._alerted is not None and at - self._alerted < nanoseconds(self._settings.refractory_s):
            return False
        self._alerted = at
        return True


def _since(before: StreamNs | None, at: StreamNs, holds: bool) -> StreamNs | None:
    if not holds:
        return None
    return at if before is None else before


def explain(state: State, level: float, prediction: Prediction) -> str:
    """One sentence: what is held, how surely, from which modalities, and what stands out in the body and the face."""
    sources = " and ".join(sorted(m.value for m in prediction.modalities))
    words = [f"{state.value}: stress {level:.0%} from {sources}"]
    words += stand_out(prediction.features) if prediction.features else []
    if Modality.FACE in prediction.modalities and prediction.emotion:
        emotion, p = max(prediction.emotion.items(), key=lambda item: item[1])
        words.append(f"face {emotion} {p:.0%}")
    return "; ".join(words)

"""Predictions in, decisions out: hysteresis, a minimum duration, a refractory period, and a reason a person can read.

All durations run in stream time, the time of the samples, so that a replay decides what the live run decided.
"""

import math

import msgspec

from edge.clock import StreamNs, seconds
from edge.flow import Decision, Modality, Prediction, State
from edge.inference.own_level import Levels, OwnLevels
from edge.inference.phrases import stand_out

_EVEN = 0.5


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
    """Time constant of the average taken over predictions, so that one odd window decides nothing.

    It begins at even odds, a person's usual, and goes back there while nothing is heard."""
    min_duration_s: float = 60.0
    """Stress must last this long before it counts."""
    refractory_s: float = 300.0
    """After an alert none follows for this long; stress that returned meanwhile is told then, if it still lasts.

    What was told is told once, whatever silences shorter than this lie in it."""
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
        self._own = OwnLevels(settings.own_level)
        self._state = State.UNKNOWN
        self._level = _EVEN
        self._averaged: StreamNs | None = None
        self._last: StreamNs | None = None
        self._heard: StreamNs | None = None
        """When somebody was heard last, also where that is so long ago that the state is unknown."""
        self._above_since: StreamNs | None = None
        self._below_since: StreamNs | None = None
        self._alerted: StreamNs | None = None
        self._told = False
        """An alert was raised since this person was calm: stress that is found now is no news."""

    @property
    def state(self) -> State:
        return self._state

    def step(self, prediction: Prediction, by: str = "") -> Decision:
        """Take one prediction, of this bundle, into account."""
        if self._last is not None and abs(seconds(prediction.at - self._last)) > self._settings.stale_s:
            self._lapse()
        # A window's end may lie before the face that was decided upon while it was judged; time goes on all the same.
        at = prediction.at if self._last is None else max(prediction.at, self._last)
        if self._last is None and self._away(at):
            self._told = False
        self._heard = at
        body = sorted(modality.value for modality in prediction.modalities - {Modality.FACE})
        ear = "+".join(body) or Modality.FACE.value  # what stands beside a body's word is told from the body's usual
        self._smooth(at, self._own.told(at, prediction.stress, by=by, ear=ear))
        alert = self._advance(at)
        reason = explain(self._state, self._level, prediction)
        return Decision(prediction.at, self._state, alert, reason, self._level, prediction)

    def expire(self, now: StreamNs) -> bool:
        """True when the predictions stopped so long ago that they have just been forgotten."""
        if self._last is None or seconds(now - self._last) <= self._settings.stale_s:
            return False
        self._lapse()
        return True

    def forget(self) -> None:
        """Know nothing of the person's state any more.

        Their usual level stays, the refractory period goes on, and what they were told of was told: it is a silence.
        """
        self._lapse()
        self._averaged = None

    def _lapse(self) -> None:
        """The state is unknown; the average fades. It may be the same stress afterwards, told or not."""
        self._state = State.UNKNOWN
        self._last = self._above_since = self._below_since = None

    def remembered(self) -> tuple[Levels, StreamNs | None]:
        """What tells the person's usual levels, and when the last alert was raised."""
        return self._own.remembered(), self._alerted

    def recall(self, levels: Levels, alerted: StreamNs | None) -> None:
        """Go on with a person of whom so much was `remembered` earlier, and nothing else is known.

        Not even whether the stress of the last alert lasts: what is found is told once the refractory period is over.
        It may be told a second time by that; the other reading could keep a new one silent for as long as it lasts.
        """
        self.forget()
        self._own.recall(levels)
        self._alerted, self._heard, self._told = alerted, None, False

    def alerted(self, at: StreamNs) -> None:
        """Somebody is told now: of this stress no more, and of another one after the refractory period."""
        self._alerted, self._told = at, True

    def untold(self) -> None:
        """Nobody heard of the last alert: if its stress still lasts, or is found again, it is to be told."""
        self._told = False

    def _smooth(self, at: StreamNs, stress: float) -> None:
        since = math.inf if self._averaged is None else seconds(at - self._averaged)
        if not self._settings.smoothing_s:
            self._level = stress
        elif since < 0:  # a clock was set
            self._level = _EVEN
        else:
            heard = stress if since <= self._settings.stale_s else _EVEN
            keep = math.exp(-since / self._settings.smoothing_s)
            self._level = keep * self._level + (1 - keep) * heard
        self._averaged = self._last = at

    def _advance(self, at: StreamNs) -> bool:
        calm_below = self._settings.on if self._state is State.UNKNOWN else self._settings.off
        self._above_since = _since(self._above_since, at, self._level >= self._settings.on)
        self._below_since = _since(self._below_since, at, self._level < calm_below)
        if self._lasted(self._above_since, at):
            self._state = State.STRESS
        elif self._lasted(self._below_since, at):
            self._state, self._told = State.CALM, False
        alert = self._state is State.STRESS and not self._told and self._may_alert(at)
        if alert:
            self.alerted(at)
        return alert

    def _lasted(self, since: StreamNs | None, at: StreamNs) -> bool:
        return since is not None and seconds(at - since) >= self._settings.min_duration_s

    def _may_alert(self, at: StreamNs) -> bool:
        return self._alerted is None or seconds(at - self._alerted) >= self._settings.refractory_s

    def _away(self, at: StreamNs) -> bool:
        """After a silence: it was so long that stress now is another one."""
        return self._heard is not None and abs(seconds(at - self._heard)) >= self._settings.refractory_s


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

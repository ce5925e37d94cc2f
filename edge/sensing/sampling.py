"""What is known of the person in; a plan of how closely to measure, with its reason, out."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from edge.clock import LONGEST_S, StreamNs, nanoseconds, seconds
from edge.flow import SamplingPlan
from edge.sensing.allowance import Allowance
from edge.sensing.change import Changes, ChangeSettings
from edge.sensing.evidence import NAMES, Evidence, Signs, weigh
from edge.sensing.ladder import LADDER, Level

WORDS = ("auto", "full", "low", "off")
DURATIONS = ("camera_burst_s", "camera_glimpse_s", "full_burst_s", "dwell_s", "hold_s", "stale_s")
LEAST_FPS = 0.001
"""A frame in a quarter of an hour: at less nobody is seen any more, and the time between two must be a number."""
_LONGEST_STEP_S = 60.0
"""More time than this between two steps is a pause, not spending."""


class SamplingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How closely the person is measured, and within what bounds. All durations run in stream time.

    The shares bound what is called for by a watch that can tell, not what the camera does in its stead.
    """

    mode: Literal["auto", "full", "low"] = "auto"
    """`auto` follows the person; `full` and `low` stay where they are."""
    camera_share: float = 0.2
    """The camera is open at most this share of the time, beyond one `camera_burst_s`."""
    camera_burst_s: float = 120.0
    """The camera looks at most this long without a rest."""
    camera_glimpse_s: float = 30.0
    """After a rest it looks at least this long, if there is still cause."""
    watchful_fps: float = 2.0
    """Frames a second while something has moved and stress is not yet likely."""
    full_share: float = 0.05
    """The watch sends at full rate at most this share of the time, beyond one `full_burst_s`."""
    full_burst_s: float = 120.0
    dwell_s: float = 20.0
    """A plan is kept at least this long, unless the watch leaves the wrist or the operator says otherwise."""
    hold_s: float = 45.0
    """A change keeps attention this long."""
    likely: float = 0.6
    """Stress from this probability on is likely."""
    unsure: float = 0.5
    """From this probability on the classifier is unsure; below it there is calm."""
    margin: float = 0.05
    """Attention that a probability has raised ends this far below the bound that raised it."""
    moving: float = 3.0
    """Movement this far above the person's usual explains heart rate and skin by itself."""
    battery_low: float = 20.0
    """Percent of the watch's battery at which it is spared; spared until it is 5 above."""
    stale_s: float = 30.0
    """When a watch has said nothing, or nothing to judge by, for so long, the camera looks in its stead."""
    change: ChangeSettings = ChangeSettings()

    def __post_init__(self) -> None:
        for name in ("camera_share", "full_share", "likely", "unsure", "margin"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"sampling.{name} must lie between 0 and 1, got {getattr(self, name)}")
        if self.unsure > self.likely:
            raise ValueError(f"sampling.unsure ({self.unsure}) must not lie above sampling.likely ({self.likely})")
        for name in DURATIONS:
            if not 0 <= getattr(self, name) <= LONGEST_S:
                raise ValueError(
                    f"sampling.{name} must be 0 or more, and at most {LONGEST_S:g} (thirty years), got "
                    f"{getattr(self, name)}"
                )
        if not 0 <= self.moving < math.inf:
            raise ValueError(f"sampling.moving must be a finite number of at least 0, got {self.moving}")
        if self.camera_glimpse_s > self.camera_burst_s:
            raise ValueError(
                f"sampling.camera_glimpse_s ({self.camera_glimpse_s}) must not be above sampling.camera_burst_s "
                f"({self.camera_burst_s})"
            )
        if not LEAST_FPS <= self.watchful_fps <= 60:
            raise ValueError(f"sampling.watchful_fps must lie between {LEAST_FPS} and 60, got {self.watchful_fps}")
        if not 0 <= self.battery_low <= 100:
            raise ValueError(f"sampling.battery_low must be a percentage, got {self.battery_low}")


class Sampler:
    """Holds one person's plan. Tell it what is known (`sense`), then let it decide (`step`), in order of time."""

    def __init__(self, settings: SamplingSettings, camera_fps: float, *, watch: bool = True) -> None:
        """``camera_fps`` is the camera's full rate."""
        self._settings = settings
        self._fps = camera_fps
        self._slow_fps = min(camera_fps, settings.watchful_fps)
        self.watch = watch
        """Whether there is a watch to go by at all."""
        self._word: str = settings.mode
        self._changes = Changes(settings.change, tuple(NAMES))
        self._evidence = Evidence()
        debt_s = settings.dwell_s + _LONGEST_STEP_S  # a plan goes on for so long after its allowance is empty
        self._camera = Allowance(settings.camera_share, settings.camera_burst_s, settings.camera_glimpse_s, debt_s)
        self._full = Allowance(settings.full_share, settings.full_burst_s, min(60.0, settings.full_burst_s), debt_s)
        self._stepped: StreamNs | None = None
        self._at_once = True
        self._bounded = False
        """Whether the plan is one that the allowances bound."""
        asked = settings.mode == "full"
        reason = "full: the operator asked for it" if asked else "full: nothing is known of the person yet"
        self.plan = self._made(_Wish(Level.FULL, self._fps, reason), StreamNs(0))

    @property
    def word(self) -> str:
        """What the operator wants: one of WORDS."""
        return self._word

    def force(self, word: str) -> None:
        """Plan as the operator says from the next step on; `auto` gives the person the lead again.

        Raises ValueError for a word that is none of WORDS.
        """
        if word not in WORDS:
            raise ValueError(f"no sampling plan is called {word!r}; there are {', '.join(WORDS)}")
        self._word = word
        self._at_once = True

    def sense(self, signs: Signs) -> None:
        """Take what one window says of the person."""
        turns = self._changes.step(signs.features) if signs.features else {}
        if signs.worn is False or signs.fresh:
            self._changes.forget()
            turns = {}
        self._evidence = weigh(self._evidence, signs, turns, self._settings)

    def step(self, now: StreamNs) -> SamplingPlan | None:
        """The plan from now on, if it is another; None when the one there is stays, be it for another reason."""
        self._spend(now)
        wish = self._wish(now)
        stays = (wish.level.word, wish.camera_fps) == (self.plan.mode, self.plan.camera_fps)
        if not (stays or self._may_change(wish, now)):
            return None
        self._at_once, self._bounded = False, wish.bounded
        self.plan = replace(self.plan, reason=wish.reason) if stays else self._made(wish, now)
        return None if stays else self.plan

    def _spend(self, now: StreamNs) -> None:
        if self._stepped is not None and self._bounded:
            gone_s = min(max(0.0, seconds(now - self._stepped)), _LONGEST_STEP_S)
            self._camera.pass_s(gone_s, spent=self.plan.camera_fps > 0)
            self._full.pass_s(gone_s, spent=self.plan.mode == Level.FULL.word)
        self._stepped = now

    def _may_change(self, wish: "_Wish", now: StreamNs) -> bool:
        left_wrist = wish.level is Level.OFF
        return self._at_once or left_wrist or now - self.plan.since >= nanoseconds(self._settings.dwell_s)

    def _wish(self, now: StreamNs) -> "_Wish":
        match self._word:
            case "full":
                return _Wish(Level.FULL, self._fps, "full: the operator asked for it", bounded=False)
            case "low" if not self.watch:
                reason = "low: the operator asked for it; without a watch the camera goes on slowly"
                return _Wish(Level.LOW, self._slow_fps, reason, bounded=False)
            case "low":
                return _Wish(Level.LOW, 0.0, "low: the operator asked for it")
            case "off":
                return _Wish(Level.OFF, 0.0, "off: the operator asked for it")
            case _:
                return self._follow(now)

    def _follow(self, now: StreamNs) -> "_Wish":
        """What the person calls for."""
        known, stale = self._evidence, nanoseconds(self._settings.stale_s)
        if not self.watch:
            return _Wish(Level.FULL, self._fps, "full: without a watch the camera alone can tell", bounded=False)
        if known.at is None:
            return _Wish(Level.FULL, self._fps, "full: nothing is known of the person yet", bounded=False)
        if now - known.at > stale:
            reason = "full: the watch is silent, so the camera looks in its stead"
            return _Wish(Level.FULL, self._fps, reason, bounded=False)
        if known.worn is False:
            return _Wish(Level.OFF, 0.0, "off: the watch is off the wrist")
        if known.judged is None or now - known.judged > stale:
            # The watch itself stays slow: its full rate would tell no more (docs/sampling.md), and drain its battery.
            reason = "watchful: the watch says too little to judge by, so the camera looks in its stead"
            return _Wish(Level.WATCHFUL, self._fps, reason, bounded=False)
        return self._attend(known, now)

    def _attend(self, known: Evidence, now: StreamNs) -> "_Wish":
        """What somebody calls for whom the watch can judge."""
        settings = self._settings
        changed = known.changed(now, settings.hold_s)
        cause = known.cause(changed)
        if cause is None:
            return _Wish(Level.LOW, 0.0, f"low: {known.calm()}")
        spared = known.spared
        if changed and known.likely and self._full.open and not spared:
            fps = self._fps if self._camera.open else 0.0
            return _Wish(Level.FULL, fps, f"full: {cause}")
        if not self._camera.open:
            return _Wish(Level.LOW, 0.0, f"low: {cause}, but the camera has looked and rests")
        note = "; the watch is spared, its battery is low" if spared else ""
        fps = self._fps if known.likely else self._slow_fps
        return _Wish(Level.WATCHFUL, fps, f"watchful: {cause}{note}")

    def _made(self, wish: "_Wish", now: StreamNs) -> SamplingPlan:
        return SamplingPlan(wish.level.word, LADDER[wish.level], wish.camera_fps, wish.reason, now)


@dataclass(frozen=True, slots=True)
class _Wish:
    level: Level
    camera_fps: float
    reason: str
    bounded: bool = True
    """False where nobody but the camera can tell, or the operator knows best: the allowances are then left alone."""

"""A person's windows at every level of sampling, and a policy, in; how that recording would have gone, out.

Each policy is run in closed loop over every recording, through the device's own normaliser, network, decision room and
energy model: a window's answer changes the plan, and the plan changes the windows after it. A window is seen at full
rate only when the watch was at full rate for the whole of it, since a mixed one is cut at the slower rate
(edge/signals/level.py). No recordings with a camera exist: camera time is what the plan would have asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edge.clock import StreamNs, nanoseconds
from edge.flow import Features, SamplingPlan
from edge.sensing.energy import Spent, spend
from edge.sensing.evidence import Signs
from edge.sensing.ladder import LADDER, Level
from edge.sensing.sampling import Sampler, SamplingSettings
from edge.signals.body import Body
from edge.signals.normalise import Usual
from edge.signals.wear import Wear
from models.sampling_replay import Person
from models.wrist_streams import Judge, Judged

CAMERA_FPS = 5.0


class Policy(Protocol):
    """Whatever makes plans: told each window's signs, it answers with the plan for the seconds that follow."""

    def follow(self, signs: Signs) -> SamplingPlan: ...


class Adaptive:
    """The device's own sampler."""

    def __init__(self, settings: SamplingSettings | None = None) -> None:
        self._sampler = Sampler(settings or SamplingSettings(), CAMERA_FPS)

    def follow(self, signs: Signs) -> SamplingPlan:
        self._sampler.sense(signs)
        self._sampler.step(signs.at)
        return self._sampler.plan


class Fixed:
    """One level for ever; the camera is open for ``open_s`` of every ``every_s`` seconds."""

    def __init__(self, level: Level, open_s: float, every_s: float) -> None:
        self._level = level
        self._open, self._every = nanoseconds(open_s), nanoseconds(every_s)

    def follow(self, signs: Signs) -> SamplingPlan:
        fps = CAMERA_FPS if signs.at % self._every < self._open else 0.0
        return SamplingPlan(self._level.word, LADDER[self._level], fps, "fixed", signs.at)


class Threshold:
    """Everything as soon as stress is more likely than not, little otherwise: no dwell, no memory, no bounds."""

    def follow(self, signs: Signs) -> SamplingPlan:
        level = Level.FULL if signs.stress is not None and signs.stress >= 0.5 else Level.LOW
        fps = CAMERA_FPS if level is Level.FULL else 0.0
        return SamplingPlan(level.word, LADDER[level], fps, "threshold", signs.at)


POLICIES: Mapping[str, Callable[[], Policy]] = {
    "full rate": lambda: Fixed(Level.FULL, 1, 1),
    "fixed low rate": lambda: Fixed(Level.LOW, 20, 100),
    "simple threshold": Threshold,
    "adaptive": Adaptive,
}
"""What is compared; the fixed low rate opens its camera as long as the adaptive plan may, but by the clock."""


@dataclass(frozen=True, slots=True, eq=False)
class Lived:
    """One person's recording under one policy."""

    judged: Judged
    spent: Spent
    plans: tuple[SamplingPlan, ...]
    """The plan that held in the hop before each window's end, (n,)"""
    stress: tuple[float | None, ...]
    """(n,)"""
    ends_s: npt.NDArray[np.float64]
    """(n,)"""
    hop_s: float


@dataclass(frozen=True, slots=True)
class Clockwork:
    """How the wrist network is fed."""

    window_s: float = 60.0
    hop_s: float = 5.0
    least_quality: float = 0.25


def live(person: Person, policy: Policy, usual: Usual, say: Judge, clockwork: Clockwork) -> Lived:
    """Run one recording under a policy; the plan made at a window's end holds from then on."""
    body, spent = Body(usual, 1.0, 1.0, clockwork.least_quality), Spent()
    plan = SamplingPlan(Level.FULL.word, LADDER[Level.FULL], CAMERA_FPS, "the start", StreamNs(0))
    spent = spend(spent, plan, clockwork.window_s)
    kept, plans, told_stress = list[tuple[float, int, float]](), list[SamplingPlan](), list[float | None]()
    unjudged, slow_until, labels = 0, -1, person.seen.labels.tolist()
    reach = round(clockwork.window_s / clockwork.hop_s)
    for k, label in enumerate(labels):
        plans.append(plan)
        if plan.mode != Level.FULL.word:
            slow_until = k + reach - 1
        hop = person.hop(k, Level.FULL if k > slow_until else Level.LOW)
        told = body.tell(hop.worn, hop.raw, hop.start).told
        stress = None if told is None else say(told)
        told_stress.append(stress)
        if label >= 0 and stress is not None:
            kept.append((stress, label, float(person.seen.ends_s[k])))
        unjudged += label >= 0 and stress is None
        plan = policy.follow(_signs(hop.raw.end, hop.worn, told, stress))
        if k + 1 < len(labels):
            spent = spend(spent, plan, clockwork.hop_s)
    chance, truth, ends = np.array(kept, np.float64).reshape(-1, 3).T
    judged = Judged(person.subject, chance, truth.astype(np.int64), ends, unjudged)
    return Lived(judged, spent, tuple(plans), tuple(told_stress), person.seen.ends_s, clockwork.hop_s)


def _signs(at: StreamNs, worn: Wear, told: Features | None, stress: float | None) -> Signs:
    known = None if worn is Wear.UNKNOWN else worn is Wear.ON
    features = {} if told is None else told.named()
    return Signs(at, known, stress, features, None, told is not None and told.gap)

"""A fitness of feature subsets in; the subset that a search found for a given budget, out.

Four ways to spend the same number of evaluations: the Archimedes optimization of Patil and Kulkarni 2026 (equations 1
to 8, after Hashim et al. 2021) with or without Levy flights, a genetic algorithm, and a particle swarm. All start from
the same bodies for the same seed, and none ever evaluates one subset more often than the others could.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import gamma, pi, sin
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from models.metrics import Numbers

Mask = npt.NDArray[np.bool_]
"""(features,): which are used."""
Fitness = Callable[[Mask], float]
"""What is to be as large as possible; only people who may be learned from are behind it."""
_HALF = 0.5
"""A feature is used when its coordinate, 0 to 1, lies above this."""
_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Budget:
    """The same for every search: bodies times (1 + rounds) evaluations."""

    bodies: int = 20
    rounds: int = 25


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a search ended with."""

    mask: Mask
    fitness: float
    curve: tuple[float, ...]
    """The best fitness so far, at the start and after each round."""
    candidates: npt.NDArray[np.bool_]
    """(bodies, features): the subsets where the bodies ended"""


Search = Callable[[Fitness, int, Budget, int], Found]
"""Fitness, number of features, budget, seed."""


def archimedes(fitness: Fitness, features: int, budget: Budget, seed: int, *, levy: bool = True) -> Found:
    """Bodies in a fluid: those of like density and volume collide first, then all sink towards the best.

    Equations 1 to 7 as printed; the sign in the exponent of equation 2 differs from Hashim et al., where the step
    shrinks from 2.7 to 0: here it shrinks from 0.37 to 0. The paper gives no update of positions: that of Hashim et al.
    (equations 13 to 15) stands here. With ``levy``, equation 8 is added to every coordinate.
    """
    rng = np.random.default_rng(seed)
    crowd = _Crowd(fitness, _start(rng, features, budget), budget)
    shape = crowd.places.shape
    density, volume = rng.random(shape), rng.random(shape)
    push = _LOW + rng.random(shape) * (_HIGH - _LOW)
    best = crowd.best_body
    best_density, best_volume, best_push = density[best].copy(), volume[best].copy(), push[best].copy()
    for t in range(1, budget.rounds + 1):
        transfer = np.exp((t - budget.rounds) / budget.rounds)  # (1)
        step = transfer - t / budget.rounds  # (2)
        density += rng.random(shape) * (best_density - density)  # (3)
        volume += rng.random(shape) * (best_volume - volume)  # (4)
        colliding = transfer <= _HALF
        if colliding:
            other = rng.integers(0, budget.bodies, budget.bodies)
            force = density[other] + volume[other] * push[other]
        else:
            force = best_density + best_volume * best_push
        push = force / np.maximum(rng.random(shape) * density * volume, _LEAST)  # (5), (6)
        low, high = push.min(axis=0), push.max(axis=0)
        even_push = _HIGH * (push - low) / np.maximum(high - low, _LEAST) + _LOW  # (7)
        places = crowd.places
        if colliding:
            partner = places[rng.integers(0, budget.bodies, budget.bodies)]
            places = places + 2 * rng.random(shape) * even_push * step * (partner - places)
        else:
            pull = min(2 * transfer, 1.0)
            turn = np.where(2 * rng.random((budget.bodies, 1)) - _HALF <= _HALF, 1.0, -1.0)
            places = crowd.best_place + turn * 6 * rng.random(shape) * even_push * step * (
                pull * crowd.best_place - places
            )
        if levy:
            places = places + levy_steps(rng, shape)
        crowd.move(places)
        if crowd.improved is not None:
            best = crowd.improved
            best_density, best_volume, best_push = density[best].copy(), volume[best].copy(), even_push[best].copy()
        push = even_push
    return crowd.found()


def archimedes_without_levy(fitness: Fitness, features: int, budget: Budget, seed: int) -> Found:
    """The same without the long jumps of equation 8."""
    return archimedes(fitness, features, budget, seed, levy=False)


def genetic(fitness: Fitness, features: int, budget: Budget, seed: int) -> Found:
    """Tournaments of two, uniform crossover, one flip expected a child; the best always lives on."""
    rng = np.random.default_rng(seed)
    crowd = _Crowd(fitness, _start(rng, features, budget), budget)
    for _ in range(budget.rounds):
        pairs = rng.integers(0, budget.bodies, (2, budget.bodies, 2))
        fitter = np.take_along_axis(pairs, crowd.values[pairs].argmax(axis=2)[..., None], axis=2)[..., 0]
        mother, father = crowd.places[fitter[0]], crowd.places[fitter[1]]
        children = np.where(rng.random(mother.shape) < _HALF, mother, father)
        flips = rng.random(children.shape) < 1 / features
        children = np.where(flips, 1 - children, children)
        children[0] = crowd.best_place
        crowd.move(children)
    return crowd.found()


def swarm(fitness: Fitness, features: int, budget: Budget, seed: int) -> Found:
    """Particles drawn to their own best and to everybody's (Clerc and Kennedy 2002: .7298, 1.49618)."""
    rng = np.random.default_rng(seed)
    crowd = _Crowd(fitness, _start(rng, features, budget), budget)
    speed = np.zeros_like(crowd.places)
    own, own_value = crowd.places.copy(), crowd.values.copy()
    for _ in range(budget.rounds):
        pulls = rng.random((2, *speed.shape))
        speed = 0.7298 * speed + 1.49618 * (
            pulls[0] * (own - crowd.places) + pulls[1] * (crowd.best_place - crowd.places)
        )
        crowd.move(crowd.places + speed)
        better = crowd.values > own_value
        own[better], own_value[better] = crowd.places[better], crowd.values[better]
    return crowd.found()


def everything(fitness: Fitness, features: int, budget: Budget, seed: int) -> Found:
    """No selection."""
    del budget, seed
    mask = np.ones(features, np.bool_)
    value = fitness(mask)
    return Found(mask, value, (value,), mask[np.newaxis])


SEARCHES: Mapping[str, Search] = MappingProxyType(
    {"aoa_levy": archimedes, "aoa": archimedes_without_levy, "ga": genetic, "pso": swarm, "none": everything}
)


def levy_steps(rng: np.random.Generator, shape: tuple[int, ...], beta: float = 1.5) -> Numbers:
    """Equation 8: 0.01 r sigma / |s|^(1/beta), r and s Gaussian (Mantegna 1994): small steps and a rare long jump."""
    above = gamma(1 + beta) * sin(pi * beta / 2)
    below = gamma((1 + beta) / 2) * beta * 2 ** ((beta - 1) / 2)
    sigma = (above / below) ** (1 / beta)
    return 0.01 * rng.normal(size=shape) * sigma / np.maximum(np.abs(rng.normal(size=shape)), _LEAST) ** (1 / beta)


_LOW, _HIGH = 0.1, 0.9
"""l and u of equation 7, as Hashim et al. have them."""


def _start(rng: np.random.Generator, features: int, budget: Budget) -> Numbers:
    """Bodies anywhere: about half of the features each."""
    return rng.random((budget.bodies, features))


class _Crowd:
    """Where the bodies are, what each is worth, and the best that was ever seen."""

    def __init__(self, fitness: Fitness, places: Numbers, budget: Budget) -> None:
        self._fitness = fitness
        self._curve: list[float] = []
        self.places = places
        self.values: Numbers = np.full(budget.bodies, -np.inf)
        self.best_value, self.best_body, self.best_place = -np.inf, 0, places[0]
        self.improved: int | None = None
        """The body that became the best in the last move."""
        self.move(places)

    def move(self, places: Numbers) -> None:
        """Everybody goes to these places, held within 0 and 1, and is judged there."""
        self.places = np.clip(places, 0, 1)
        self.values = np.array([self._judge(place) for place in self.places])
        self.improved = None
        lead = int(self.values.argmax())
        if self.values[lead] > self.best_value:
            self.best_value, self.best_body, self.improved = float(self.values[lead]), lead, lead
            self.best_place = self.places[lead].copy()
        self._curve.append(self.best_value)

    def found(self) -> Found:
        """The best that was ever seen."""
        return Found(self.best_place > _HALF, self.best_value, tuple(self._curve), self.places > _HALF)

    def _judge(self, place: Numbers) -> float:
        mask: Mask = place > _HALF
        return self._fitness(mask) if mask.any() else -np.inf

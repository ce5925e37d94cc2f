"""A fitness of feature subsets in; the subset that a search found for a given budget, out.

Four ways to spend the same number of evaluations: the Archimedes optimization of Patil and Kulkarni 2026 (equations 1
to 8, after Hashim et al. 2021) with or without Levy flights, a genetic algorithm, and a particle swarm. None ever
evaluates one subset more often than the others could, and for none may a subset be larger than the space allows.
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
class Space:
    """What may be chosen from."""

    features: int
    most: int | None = None
    """Features of a subset at most: of more, those with the largest coordinates are used"""
    likely: Numbers | None = None
    """(features,), 0 to 1: how promising each is held to be before the search; bodies start leaning that way"""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a search ended with."""

    mask: Mask
    fitness: float
    curve: tuple[float, ...]
    """The best fitness so far, at the start and after each round."""
    candidates: npt.NDArray[np.bool_]
    """(bodies, features): the subsets where the bodies ended"""


Search = Callable[[Fitness, Space, Budget, int], Found]
"""Fitness, space, budget, seed."""


def archimedes(fitness: Fitness, space: Space, budget: Budget, seed: int, *, levy: bool = True) -> Found:
    """Bodies in a fluid: those of like density and volume collide first, then all sink towards the best.

    Equations 1 to 7 as printed; the sign in the exponent of equation 2 differs from Hashim et al., where the step
    shrinks from 2.7 to 0: here it shrinks from 0.37 to 0. The paper gives no update of positions: that of Hashim et al.
    (equations 13 to 15) stands here. With ``levy``, equation 8 is added to every coordinate.
    """
    rng = np.random.default_rng(seed)
    crowd = _Crowd(fitness, space, _start(rng, space, budget))
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


def archimedes_without_levy(fitness: Fitness, space: Space, budget: Budget, seed: int) -> Found:
    """The same without the long jumps of equation 8."""
    return archimedes(fitness, space, budget, seed, levy=False)


def genetic(fitness: Fitness, space: Space, budget: Budget, seed: int) -> Found:
    """Tournaments of two, uniform crossover, one flip expected a child; the best always lives on."""
    rng = np.random.default_rng(seed)
    crowd = _Crowd(fitness, space, _start(rng, space, budget))
    for _ in range(budget.rounds):
        pairs = rng.integers(0, budget.bodies, (2, budget.bodies, 2))
        fitter = np.take_along_axis(pairs, crowd.values[pairs].argmax(axis=2)[..., None], axis=2)[..., 0]
        mother, father = crowd.places[fitter[0]], crowd.places[fitter[1]]
        children = np.where(rng.random(mother.shape) < _HALF, mother, father)
        flips = rng.random(children.shape) < 1 / space.features
        children = np.where(flips, 1 - children, children)
        children[0] = crowd.best_place
        crowd.move(children)
    return crowd.found()


def swarm(fitness: Fitness, space: Space, budget: Budget, seed: int) -> Found:
    """Particles drawn to their own best and to everybody's (Clerc and Kennedy 2002: .7298, 1.49618)."""
    rng = np.random.default_rng(seed)
    crowd = _Crowd(fitness, space, _start(rng, space, budget))
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


def everything(fitness: Fitness, space: Space, budget: Budget, seed: int) -> Found:
    """No selection."""
    del budget, seed
    mask = np.ones(space.features, np.bool_)
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


_LEAN = 0.3
"""How far the most promising feature starts above, and the least promising below, where chance alone puts it."""


def _start(rng: np.random.Generator, space: Space, budget: Budget) -> Numbers:
    """Bodies anywhere, about half of the features each; more of the likely ones, where these are told."""
    places: Numbers = rng.random((budget.bodies, space.features))
    return places if space.likely is None else places + _LEAN * (2 * space.likely - 1)


class _Crowd:
    """Where the bodies are, what each is worth, and the best that was ever seen."""

    def __init__(self, fitness: Fitness, space: Space, places: Numbers) -> None:
        self._fitness, self._space = fitness, space
        self._curve: list[float] = []
        self.places = places
        self.values: Numbers = np.full(len(places), -np.inf)
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
        ended = np.stack([self._mask(place) for place in self.places])
        return Found(self._mask(self.best_place), self.best_value, tuple(self._curve), ended)

    def _judge(self, place: Numbers) -> float:
        mask = self._mask(place)
        return self._fitness(mask) if mask.any() else -np.inf

    def _mask(self, place: Numbers) -> Mask:
        mask: Mask = place > _HALF
        most = self._space.most
        if most is not None and int(mask.sum()) > most:
            mask = np.zeros(len(place), np.bool_)
            mask[np.argsort(-place, kind="stable")[:most]] = True
        return mask

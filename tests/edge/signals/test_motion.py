"""Motion features against movement of known size."""

import math

import numpy as np
import pytest

from edge.signals.motion import NAMES, motion
from tests.edge.signals.bodies import signal, window


def named(made: tuple[float, ...]) -> dict[str, float]:
    return dict(zip(NAMES, made, strict=True))


def still(seconds: float = 60, rate_hz: float = 32) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.tile(np.array([[0.0, 0.0, 1.0]], np.float32), (round(seconds * rate_hz), 1))


def test_a_still_wrist_does_not_move() -> None:
    assert motion(window(60, motion=signal(still(), 32))) == (0, 0, 0, 0, 0)


def test_shaking_is_measured() -> None:
    t = np.arange(32 * 60) / 32
    shaken = still()
    shaken[:, 2] += (0.3 * np.sin(2 * np.pi * 2 * t)).astype(np.float32)
    made = named(motion(window(60, motion=signal(shaken, 32))))
    assert made["enmo"] == pytest.approx(0.3 / math.pi, rel=0.02)
    assert made["motion_spread"] == pytest.approx(0.3 / math.sqrt(2), rel=0.02)
    assert made["motion_share"] == 1


def test_enmo_is_its_formula() -> None:
    axes = np.random.default_rng(8).normal(0, 0.6, (32 * 60, 3)).astype(np.float32)
    over = np.maximum(np.linalg.norm(axes.astype(np.float64), axis=1) - 1, 0)
    assert named(motion(window(60, motion=signal(axes, 32))))["enmo"] == pytest.approx(over.mean(), rel=1e-4)


def test_turning_shows_though_the_size_stays() -> None:
    t = np.arange(32 * 60) / 32
    angle = 0.8 * np.sin(2 * np.pi * 0.1 * t)
    turned = np.stack([np.sin(angle), 0 * t, np.cos(angle)], axis=1).astype(np.float32)
    made = named(motion(window(60, motion=signal(turned, 32))))
    assert made["motion_turn"] > 0.4
    assert made["motion_spread"] < 1e-3


def test_half_a_minute_of_movement_is_half() -> None:
    half = still()
    half[: 32 * 30, 0] = np.random.default_rng(0).normal(0, 0.2, 32 * 30)
    assert named(motion(window(60, motion=signal(half, 32))))["motion_share"] == pytest.approx(0.5, abs=0.02)


def test_nothing_is_told_of_nothing() -> None:
    assert all(math.isnan(v) for v in motion(window(60)))
    assert all(math.isnan(v) for v in motion(window(60, motion=signal(still(0.5), 32))))

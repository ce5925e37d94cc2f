"""A wearer made from a seed: calm, stress, recovery, motion, off-wrist, second by second, for ever."""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from firmware_bridge.virtual.second import MOTION_HZ, PULSE_HZ, SKIN_HZ, Readings, Second


class Phase(StrEnum):
    """What the wearer goes through."""

    CALM = "calm"
    STRESS = "stress"
    RECOVERY = "recovery"
    MOTION = "motion"
    OFF_WRIST = "off-wrist"


Script = Sequence[tuple[Phase, int]]
"""Phases in order, each with its length in seconds; it starts over at its end."""

DEMO: Script = (
    (Phase.CALM, 180),
    (Phase.STRESS, 240),
    (Phase.RECOVERY, 150),
    (Phase.MOTION, 45),
    (Phase.CALM, 60),
    (Phase.OFF_WRIST, 20),
)


@dataclass(frozen=True, slots=True)
class _Body:
    """Where a phase draws the body to. Sizes follow E4 recordings of stress studies and HRV norms (Shaffer 2017)."""

    heart_bpm: float
    breath_hz: float
    breath_ms: float
    """Respiratory sinus arrhythmia: half-swing of the beat interval with the breath"""
    slow_ms: float
    """Half-swing of the beat interval at 0.1 Hz"""
    pulse: float
    """Height of the pulse wave; vessels narrow under stress"""
    tonic_us: float
    responses_per_min: float
    response_us: float
    skin_c: float
    fidget_g: float
    stride_g: float = 0.0


_BODIES = {
    Phase.CALM: _Body(64, 0.22, 42, 26, 70, 0.9, 1.5, 0.06, 34.0, 0.004),
    Phase.STRESS: _Body(98, 0.33, 7, 12, 38, 4.6, 11.0, 0.55, 32.2, 0.020),
    Phase.RECOVERY: _Body(73, 0.18, 34, 24, 58, 2.0, 3.0, 0.12, 33.2, 0.006),
    Phase.MOTION: _Body(108, 0.40, 5, 8, 52, 2.8, 4.0, 0.20, 33.4, 0.060, stride_g=0.45),
    # The heart goes on while the watch lies on the table; only nobody measures it.
    Phase.OFF_WRIST: _Body(70, 0.22, 40, 25, 0, 0.02, 0.0, 0.0, 24.0, 0.0005),
}

_HEART_LAG_S = 8.0
_TONIC_LAG_S = 14.0
_SKIN_LAG_S = 70.0
_RESPONSE_RISE_S, _RESPONSE_FALL_S = 0.75, 3.2
"""Bateman shape of a skin conductance response (Benedek and Kaernbach 2010)."""
_STRIDE_HZ = 1.8


def wear(seed: int, script: Script = DEMO) -> Iterator[Second]:
    """Live through the script, over and over; the same seed gives the same seconds.

    Raises ValueError if the script is empty or a phase shorter than a second.
    """
    if not script or any(length_s < 1 for _, length_s in script):
        raise ValueError(f"a script needs phases of at least 1 s each, got {list(script)}")
    wearer = _Wearer(np.random.default_rng(seed), _BODIES[script[0][0]])
    while True:
        for phase, length_s in script:
            for _ in range(length_s):
                yield wearer.live(phase)


class _Wearer:
    """The state of one body between two seconds."""

    def __init__(self, chance: np.random.Generator, body: _Body) -> None:
        self._chance = chance
        self._second = 0
        self._bpm = body.heart_bpm
        self._tonic_us = body.tonic_us
        self._skin_c = body.skin_c
        self._beats: deque[tuple[float, float]] = deque([(0.0, 60 / body.heart_bpm)])
        """Foot and length of each beat that still shows, in seconds"""
        self._responses: deque[tuple[float, float]] = deque()
        """Onset and size of each skin conductance response that still shows"""
        self._phase_of_slow = float(chance.uniform(0, 2 * math.pi))
        self._posture = _unit(chance.normal(size=3) + np.array([0.0, 0.6, 1.6]))

    def live(self, phase: Phase) -> Second:
        """Live one second and say what was measured."""
        body, worn = _BODIES[phase], phase is not Phase.OFF_WRIST
        begin = float(self._second)
        self._bpm += (body.heart_bpm + self._chance.normal(0, 2.0) - self._bpm) / _HEART_LAG_S
        ended = self._beat_until(begin + 2, body, counted=(begin, begin + 1))
        motion = self._move(begin, body)
        second = Second(
            pulse=self._pulse(begin, body, motion),
            skin_conductance_us=self._sweat(begin, body, worn),
            skin_temperature_c=self._warm(body, lag_s=_SKIN_LAG_S if worn else 15.0),
            motion_g=motion,
            heart_bpm=self._bpm if worn else None,
            beats_ms=tuple(1000 * length for length in ended) if worn else (),
            worn=worn,
        )
        self._second += 1
        return second

    def _beat_until(self, end: float, body: _Body, counted: tuple[float, float]) -> list[float]:
        """Let the heart beat past ``end``; the lengths of those beats that ended within ``counted``."""
        while (last := self._beats[-1])[0] + last[1] < end:
            foot = last[0] + last[1]
            breath = body.breath_ms * math.sin(2 * math.pi * body.breath_hz * foot)
            slow = body.slow_ms * math.sin(2 * math.pi * 0.1 * foot + self._phase_of_slow)
            length_s = 60 / self._bpm + (breath + slow + self._chance.normal(0, 4.0)) / 1000
            self._beats.append((foot, min(max(length_s, 0.3), 2.0)))
        while self._beats[0][0] < counted[0] - 3:
            self._beats.popleft()
        return [length for foot, length in self._beats if counted[0] <= foot + length < counted[1]]

    def _pulse(self, begin: float, body: _Body, motion: Readings) -> Readings:
        times = begin + np.arange(PULSE_HZ) / PULSE_HZ
        wave = np.zeros(PULSE_HZ)
        for foot, length in self._beats:
            width = math.sqrt(length)
            breath = 1 + 0.08 * math.sin(2 * math.pi * body.breath_hz * foot)
            wave += breath * (
                _bump(times, foot + 0.21 * width, 0.085 * width)
                + 0.55 * _bump(times, foot + 0.45 * width, 0.12 * width)
            )
        mean = (0.085 + 0.55 * 0.12) * math.sqrt(2 * math.pi) * math.sqrt(60 / self._bpm) * self._bpm / 60
        shaken = np.repeat(motion[:, 0] - motion[:, 0].mean(), PULSE_HZ // MOTION_HZ)
        return body.pulse * (wave - mean) + 180 * shaken + self._chance.normal(0, 1.2, PULSE_HZ)

    def _sweat(self, begin: float, body: _Body, worn: bool) -> Readings:
        if self._chance.uniform() < body.responses_per_min / 60:
            size_us = body.response_us * float(self._chance.lognormal(0, 0.4))
            self._responses.append((begin + float(self._chance.uniform()), size_us))
        while self._responses and self._responses[0][0] < begin - 30:
            self._responses.popleft()
        self._tonic_us += (body.tonic_us - self._tonic_us) / (_TONIC_LAG_S if worn else 1.0)
        times = begin + np.arange(SKIN_HZ) / SKIN_HZ
        phasic = np.zeros(SKIN_HZ)
        if worn:
            for onset, size_us in self._responses:
                phasic += size_us * _response(times - onset)
        return np.maximum(self._tonic_us + phasic + self._chance.normal(0, 0.003, SKIN_HZ), 0.0)

    def _warm(self, body: _Body, lag_s: float) -> Readings:
        self._skin_c += (body.skin_c - self._skin_c) / lag_s
        return self._skin_c + self._chance.normal(0, 0.01, SKIN_HZ)

    def _move(self, begin: float, body: _Body) -> Readings:
        times = begin + np.arange(MOTION_HZ) / MOTION_HZ
        if self._chance.uniform() < body.fidget_g * 2:
            self._posture = _unit(self._posture + self._chance.normal(0, 0.15, 3))
        step = 2 * math.pi * _STRIDE_HZ * times
        stride = body.stride_g * np.stack([np.sin(step), 0.6 * np.sin(2 * step + 1), 0.4 * np.cos(step)], axis=1)
        return self._posture + stride + self._chance.normal(0, body.fidget_g + 0.003, (MOTION_HZ, 3))


def _bump(times: Readings, centre: float, width: float) -> Readings:
    return np.exp(-0.5 * ((times - centre) / width) ** 2)


def _response(since: Readings) -> Readings:
    """A skin conductance response of height 1, ``since`` seconds after its onset."""
    t = np.maximum(since, 0.0)
    peak_s = math.log(_RESPONSE_FALL_S / _RESPONSE_RISE_S) / (1 / _RESPONSE_RISE_S - 1 / _RESPONSE_FALL_S)
    height = math.exp(-peak_s / _RESPONSE_FALL_S) - math.exp(-peak_s / _RESPONSE_RISE_S)
    return (np.exp(-t / _RESPONSE_FALL_S) - np.exp(-t / _RESPONSE_RISE_S)) / height


def _unit(vector: Readings) -> Readings:
    return vector / float(np.linalg.norm(vector))

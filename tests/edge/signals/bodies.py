"""Signals whose truth is known: beats at given times, responses of given height, movement of given size."""

import numpy as np
import numpy.typing as npt

from edge.clock import SECOND, HostNs, StreamNs
from edge.flow import Channel, Floats, Signal, Window

Numbers = npt.NDArray[np.float64]


def pulse_wave(beats_s: Numbers, seconds: float, rate_hz: float, height: float = 5000.0) -> Floats:
    """A wave with a systolic bump and a smaller diastolic one after each beat."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    wave = np.zeros_like(t)
    for beat in beats_s:
        wave += np.exp(-0.5 * ((t - beat) / 0.08) ** 2) + 0.4 * np.exp(-0.5 * ((t - beat - 0.25) / 0.1) ** 2)
    return np.rint(height * wave).astype(np.float32)


def beats(seconds: float, bpm: float, wobble_ms: float = 0.0, wobble_hz: float = 0.25) -> Numbers:
    """Beat times whose intervals swing around the mean by a sine."""
    at, times = 0.4, list[float]()
    while at < seconds:
        times.append(at)
        at += 60 / bpm + wobble_ms / 1000 * float(np.sin(2 * np.pi * wobble_hz * at))
    return np.array(times)


def signal(values: Floats, rate_hz: float, start_s: float = 0.0) -> Signal:
    spacing = SECOND / rate_hz
    times = np.rint(start_s * SECOND + np.arange(len(values)) * spacing).astype(np.int64)
    return Signal(times, values.astype(np.float32), rate_hz, 1.0)


def window(seconds: float, **signals: Signal) -> Window:
    """A window from 0 to `seconds`; channels by their names."""
    by_channel = {Channel(name): s for name, s in signals.items()}
    return Window(StreamNs(0), StreamNs(round(seconds * SECOND)), by_channel, HostNs(0))


def worn(seconds: float = 60.0, bpm: float = 72.0, seed: int = 0) -> Window:
    """All four channels of a quiet person."""
    rng = np.random.default_rng(seed)
    wave = pulse_wave(beats(seconds, bpm, 30), seconds, 64) + rng.normal(0, 20, round(64 * seconds)).astype(np.float32)
    still = np.tile(np.array([0.0, 0.6, 0.8]), (round(32 * seconds), 1)) + rng.normal(
        0, 0.004, (round(32 * seconds), 3)
    )
    return window(
        seconds,
        pulse=signal(wave.astype(np.float32), 64),
        skin_conductance=signal((2 + rng.normal(0, 0.002, round(4 * seconds))).astype(np.float32), 4),
        skin_temperature=signal((33 + rng.normal(0, 0.01, round(4 * seconds))).astype(np.float32), 4),
        motion=signal(still.astype(np.float32), 32),
    )

"""A window in; whether the watch is on a wrist, out."""

from enum import StrEnum

import numpy as np

from edge.clock import StreamNs, nanoseconds
from edge.flow import Channel, Signal, Window
from edge.signals.grid import middle
from edge.signals.heart import find_beats

RECENT_S = 10.0
_DRY_US = 0.03
"""Below this no skin bridges the electrodes."""
_ROOM_C = 24.0
"""A wrist is warmer; the coldest worn minute of the forty people recorded for training is above this."""
_LIKENESS = 0.6
"""Pulses less alike than this are noise."""


class Wear(StrEnum):
    """Where the watch is."""

    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"
    """No channel that could tell."""


def wear(window: Window) -> Wear:
    """Judge the window's last ten seconds by what skin alone can give: a pulse, conductance, warmth.

    A sign that is missing (dry, room-warm, flat wave) says off, unless there is a pulse, which only a wrist has. A wave
    that is merely noisy does not say off, since motion drowns the pulse of a worn watch. Beats that the sensor counted
    itself are a pulse.
    """
    recent = _recent(window)
    signs = [_warm(recent), _bridged(recent), _alive(recent)]
    counted = any(_positive(recent, channel) for channel in (Channel.BEAT_INTERVAL, Channel.HEART_RATE))
    if False not in signs:
        return Wear.UNKNOWN if all(sign is None for sign in signs) and not counted else Wear.ON
    return Wear.ON if counted or _pulsing(recent) else Wear.OFF


def _recent(window: Window) -> Window:
    start = StreamNs(max(window.start, window.end - nanoseconds(RECENT_S)))
    cuts = {channel: _since(signal, start) for channel, signal in window.signals.items()}
    held = {channel: signal for channel, signal in cuts.items() if len(signal.times)}
    return Window(start, window.end, held, window.received, window.gap)


def _since(signal: Signal, start: StreamNs) -> Signal:
    first = int(np.searchsorted(signal.times, start))
    return Signal(signal.times[first:], signal.values[first:], signal.rate_hz, signal.complete)


def _positive(window: Window, channel: Channel) -> bool:
    signal = window.signals.get(channel)
    return signal is not None and bool((signal.values > 0).any())


def _warm(window: Window) -> bool | None:
    signal = window.signals.get(Channel.SKIN_TEMPERATURE)
    return None if signal is None else middle(signal.values.astype(np.float64)) >= _ROOM_C


def _bridged(window: Window) -> bool | None:
    signal = window.signals.get(Channel.SKIN_CONDUCTANCE)
    return None if signal is None else middle(signal.values.astype(np.float64)) >= _DRY_US


def _alive(window: Window) -> bool | None:
    """The wave moves at all: most neighbouring samples differ."""
    signal = window.signals.get(Channel.PULSE)
    if signal is None or len(signal.values) < 8:
        return None
    return float((signal.values[1:] != signal.values[:-1]).mean()) > 0.2


def _pulsing(window: Window) -> bool:
    if _alive(window) is False:
        return False
    beats = find_beats(window)
    return beats is not None and beats.likeness >= _LIKENESS and float(beats.good.mean()) >= 0.6

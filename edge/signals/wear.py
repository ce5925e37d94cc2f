"""A window in; whether the watch is on a wrist, out."""

from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum

import numpy as np

from edge.clock import StreamNs, nanoseconds
from edge.flow import Channel, Signal, Window
from edge.signals.grid import middle
from edge.signals.heart import find_beats
from edge.signals.motion import NAMES, motion

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
    that is merely noisy does not say off, since motion drowns the pulse of a worn watch; but where it is the only sign,
    nothing moved in the whole window and no part of it had a pulse, it says nothing: so does a sensor on a table. Beats
    that the sensor counted itself are a pulse.
    """
    recent = _recent(window)
    signs = [_warm(recent), _bridged(recent), _alive(recent)]
    counted = any(_positive(recent, channel) for channel in (Channel.BEAT_INTERVAL, Channel.HEART_RATE))
    if False not in signs:
        told = counted or signs[:2] != [None, None] or (signs[2] is not None and not _like_a_table(window))
        return Wear.ON if told else Wear.UNKNOWN
    return Wear.ON if counted or _pulsing(recent) else Wear.OFF


def _like_a_table(window: Window) -> bool:
    """Still all along, and no part with a pulse. Of 1,365 worn minutes of WESAD 168 were still, 4 without a pulse."""
    rests = motion(window)[NAMES.index("motion_share")] == 0
    return rests and not any(_pulsing(part) for part in _parts(window))


def _parts(window: Window) -> Iterator[Window]:
    """As long as the recent one each, the newest first."""
    end = window.end
    while end - nanoseconds(RECENT_S) >= window.start:
        yield _recent(replace(window, end=end))
        end = StreamNs(end - nanoseconds(RECENT_S))


def _recent(window: Window) -> Window:
    start = StreamNs(max(window.start, window.end - nanoseconds(RECENT_S)))
    cuts = {channel: _between(signal, start, window.end) for channel, signal in window.signals.items()}
    held = {channel: signal for channel, signal in cuts.items() if len(signal.times)}
    return Window(start, window.end, held, window.received, window.gap)


def _between(signal: Signal, start: StreamNs, end: StreamNs) -> Signal:
    first, last = int(np.searchsorted(signal.times, start)), int(np.searchsorted(signal.times, end, side="right"))
    return Signal(signal.times[first:last], signal.values[first:last], signal.rate_hz, signal.complete)


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

"""A window in; the features that it is too short for, out."""

from collections.abc import Mapping
from types import MappingProxyType

from edge.clock import SECOND
from edge.flow import Channel, Window
from edge.signals import heart, motion, skin

LEAST_S: Mapping[str, float] = MappingProxyType(
    {
        "heart_rate": 1.0, "heart_rate_slope": 20.0, "rmssd": 3.0, "sdnn": 2.5, "pnn50": 3.0, "lf": 50.0, "hf": 20.0,
        "lf_hf": 50.0, "pulse_rate": 3.0, "interval_spread": 3.0, "pulse_height": 1.5, "pulse_height_spread": 1.5,
        "pulse_likeness": 0.0,
        "conductance": 0.0, "conductance_slope": 5.0, "phasic_spread": 19.0, "responses": 19.0,
        "response_height": 19.0, "response_rise": 19.0, "temperature": 0.0, "temperature_slope": 5.0,
        "enmo": 1.0, "motion_spread": 1.0, "motion_turn": 1.0, "motion_jerk": 1.0, "motion_share": 1.0,
    }
)  # fmt: skip
"""Seconds of signal without which no window gives the feature. With them it may still be NaN, for want of beats."""
_OWNERS: tuple[tuple[tuple[str, ...], tuple[Channel, ...]], ...] = (
    (heart.NAMES, (Channel.PULSE, Channel.BEAT_INTERVAL, Channel.HEART_RATE)),
    (skin.NAMES[:-2], (Channel.SKIN_CONDUCTANCE,)),
    (skin.NAMES[-2:], (Channel.SKIN_TEMPERATURE,)),
    (motion.NAMES, (Channel.MOTION,)),
)
_OF: Mapping[str, tuple[Channel, ...]] = {name: channels for names, channels in _OWNERS for name in names}


def short(window: Window) -> frozenset[str]:
    """Names whose channel covers less than LEAST_S: flagged, and NaN in edge/signals/features.extract."""
    return frozenset(name for name, least_s in LEAST_S.items() if held_s(window, name) < least_s)


def held_s(window: Window, name: str) -> float:
    """Seconds from the first sample to the last, of the channel that a feature comes from; 0 without one."""
    there = [window.signals[channel] for channel in _OF[name] if channel in window.signals]
    spans = [(int(s.times[-1]) - int(s.times[0])) / SECOND for s in there if len(s.times)]
    return max(spans, default=0.0)

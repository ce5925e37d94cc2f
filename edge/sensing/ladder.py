"""A level of attention in; the rates that the watch is asked for, out."""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType

from edge.flow import Channel


class Level(IntEnum):
    """How closely a person is attended to; each level measures at least what the ones below it do."""

    OFF = 0
    """Nobody wears the watch, or the operator wants rest: just enough to notice that it is worn again."""
    LOW = 1
    """All is as usual: the slowest rates whose features are still those the wrist network learned."""
    WATCHFUL = 2
    """Something moves, or the networks are unsure: the camera looks, and the watch goes on as it does at LOW."""
    FULL = 3
    """All that the watch can give, as recorded for the training."""

    @property
    def word(self) -> str:
        return self.name.lower()


def _rates(pulse: float, motion: float, conductance: float, temperature: float) -> Mapping[Channel, float]:
    return MappingProxyType(
        {
            Channel.PULSE: pulse,
            Channel.MOTION: motion,
            Channel.SKIN_CONDUCTANCE: conductance,
            Channel.SKIN_TEMPERATURE: temperature,
        }
    )


LADDER: Mapping[Level, Mapping[Channel, float]] = MappingProxyType(
    {
        Level.FULL: _rates(64, 32, 4, 4),
        Level.WATCHFUL: _rates(16, 8, 2, 1),
        Level.LOW: _rates(16, 8, 2, 1),
        Level.OFF: _rates(16, 4, 1, 1),
    }
)
"""Samples a second. A pulse wave below 12 Hz has no beats (edge/signals/beats.py), skin conductance below 2 Hz no
responses (edge/signals/skin.py), motion below 4 Hz no share of moving seconds (edge/signals/motion.py): LOW stays above
all three. On people left out, neither 16 Hz of pulse, nor 8 Hz of motion, nor 2 Hz of skin conductance changed the
balanced accuracy by half a point (docs/sampling.md)."""

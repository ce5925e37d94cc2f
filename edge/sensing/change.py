"""A person's signals, window by window, in; which of them have begun to move, out."""

import math
from collections.abc import Mapping
from enum import StrEnum

import msgspec


class Turn(StrEnum):
    """Which way a signal has left its level."""

    RISES = "rises"
    FALLS = "falls"


class ChangeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How large and how long a move must be. Sizes are in the person's own spread (edge/signals/normalise.py)."""

    slack: float = 0.3
    """A move smaller than this from the level is noise: Page's reference value, half of the move that is sought."""
    alarm: float = 2.5
    """The moves beyond the slack, summed over windows, that make a change: with a hop of 5 s a move of one spread is
    noticed after four windows, of three spreads at once."""
    memory: float = 24.0
    """Windows over which the level follows: slow drifts, as of the hour or of the skin's drying, are no change."""

    def __post_init__(self) -> None:
        if not 0 <= self.slack < math.inf or not 0 < self.alarm < math.inf or not 1 <= self.memory < math.inf:
            raise ValueError(
                f"a change needs a slack of at least 0, an alarm above 0 and a memory of at least 1 window, all "
                f"of them finite, got {self.slack}, {self.alarm} and {self.memory}"
            )


class PageHinkley:
    """Page-Hinkley's test on both sides (Page 1954, Biometrika 41:100; Hinkley 1971, Biometrika 58:509).

    The level that is tested against is a mean that follows slowly; after an alarm it is learned anew, so that one step
    is told once. Values that are no numbers are left out.
    """

    def __init__(self, settings: ChangeSettings) -> None:
        self._settings = settings
        self.forget()

    def step(self, value: float) -> Turn | None:
        """Take one value; say which way the signal has turned, if this value proves it."""
        if not math.isfinite(value):
            return None
        self._seen += 1
        if self._seen == 1:
            self._level = value
        move = value - self._level
        self._up = max(0.0, self._up + move - self._settings.slack)
        self._down = max(0.0, self._down - move - self._settings.slack)
        self._level += move / min(self._seen, self._settings.memory)
        if max(self._up, self._down) <= self._settings.alarm:
            return None
        turn = Turn.RISES if self._up > self._down else Turn.FALLS
        self.forget()
        return turn

    def forget(self) -> None:
        """Know nothing of the level any more."""
        self._level = 0.0
        self._up = self._down = 0.0
        self._seen = 0


class Changes:
    """Several signals watched side by side."""

    def __init__(self, settings: ChangeSettings, names: tuple[str, ...]) -> None:
        self._tests = {name: PageHinkley(settings) for name in names}

    def step(self, values: Mapping[str, float]) -> dict[str, Turn]:
        """Take one window's values by name; a name that is missing is left out. Gives the turns this window proves."""
        turns = {name: test.step(values.get(name, math.nan)) for name, test in self._tests.items()}
        return {name: turn for name, turn in turns.items() if turn is not None}

    def forget(self) -> None:
        """The next windows are no continuation: another wrist, or the same after a pause."""
        for test in self._tests.values():
            test.forget()

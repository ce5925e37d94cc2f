"""What others may ask of a running daemon: `<name>/set` heard and checked, `<name>/state` told back."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

_log = logging.getLogger(__name__)
_LONGEST = 64
"""Bytes; no command needs more."""
SNOOZE_LIMIT_MIN = 24 * 60


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that may be asked, and which words it is asked with."""

    name: str
    words: tuple[str, ...] = ()
    """The payloads it knows; none: a whole number from `least` to `most`."""
    least: int = 0
    most: int = 0

    def read(self, payload: bytes) -> str:
        """The request in its plain form; ValueError, one sentence, for what it does not know."""
        asked = payload[:_LONGEST].decode("ascii", errors="replace").strip()
        if self.words:
            if asked in self.words:
                return asked
            raise ValueError(f"{self.name}: {asked!r} is unknown; it takes {', '.join(self.words)}")
        if asked.isdecimal() and self.least <= int(asked) <= self.most:
            return str(int(asked))
        raise ValueError(f"{self.name}: {asked!r} is no whole number from {self.least} to {self.most}")


CAMERA = Command("camera", ("on", "paused"))
PLAN = Command("plan", ("auto", "full", "low", "off"))
"""`auto` lets the daemon choose how often the sensors speak."""
BASELINE = Command("baseline", ("start",))
"""Take the next minutes as the person at rest."""
SNOOZE = Command("snooze", least=0, most=SNOOZE_LIMIT_MIN)
"""Minutes without alerts; 0 ends it."""
COMMANDS = (CAMERA, PLAN, BASELINE, SNOOZE)


class Line(Protocol):
    """What commands need of a relay."""

    def listen(self, name: str, handler: Callable[[bytes, bool], None]) -> None: ...

    def publish_retained(self, name: str, payload: bytes) -> None: ...


class Commands:
    """The commands of one daemon. What is refused or unheard of changes nothing and is counted."""

    def __init__(self, line: Line) -> None:
        self.refused = 0
        self._line = line

    def offer(self, command: Command, act: Callable[[str], str], now: str) -> None:
        """Hear a command from now on; ``act`` obeys and says what holds then, ``now`` is what holds until asked."""
        self._line.listen(
            f"~/{command.name}/set", lambda payload, retained: self._obey(command, act, payload, retained)
        )
        self.tell(command, now)

    def tell(self, command: Command, now: str) -> None:
        """Say what holds now, such as when a snooze has ended by itself."""
        self._line.publish_retained(f"~/{command.name}/state", now.encode())

    def _obey(self, command: Command, act: Callable[[str], str], payload: bytes, retained: bool) -> None:
        if retained:
            # The broker repeats it at every reconnect: an order of yesterday is none of today.
            self._refuse(f"{command.name}: retained requests are not obeyed; publish it without the retain flag")
            return
        try:
            asked = command.read(payload)
        except ValueError as error:
            self._refuse(str(error))
            return
        self.tell(command, act(asked))

    def _refuse(self, sentence: str) -> None:
        self.refused += 1
        _log.warning("command refused: %s", sentence)

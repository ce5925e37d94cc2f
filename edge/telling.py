"""What is held to be true, in; state messages, out: few enough for a broker, and the newest always in the end."""

from collections.abc import Callable

import msgspec

from edge.clock import Clock, HostNs, nanoseconds
from edge.relay.alerts import StateMessage, iso_time

PUBLISH_S = 1.0
"""State goes out at most this often, but for one that has changed its name, which goes out at once."""
AGAIN_S = 60.0
"""Told again after so long even if nothing has changed: Home Assistant holds what is silent for 120 s to be gone."""


class Telling:
    """Call `tell` whenever there may be news, and `flush` once a second for what `tell` has kept back."""

    def __init__(self, held: Callable[[], StateMessage], publish: Callable[[StateMessage], None], clock: Clock) -> None:
        self._held = held
        self._publish = publish
        self._clock = clock
        self._told: StateMessage | None = None
        self._told_at = HostNs(0)

    def tell(self) -> None:
        """Publish what is held now, unless the last time was just now."""
        held = self._held()
        if self._told is None or held.state != self._told.state or self._since_told(PUBLISH_S):
            self._out(held)

    def flush(self) -> None:
        """Publish what is held now, if it differs from what was told, or was told too long ago."""
        held = self._held()
        if held != self._told or self._since_told(AGAIN_S):
            self._out(held)

    def _since_told(self, s: float) -> bool:
        return self._clock.now() - self._told_at >= nanoseconds(s)

    def _out(self, held: StateMessage) -> None:
        self._told, self._told_at = held, self._clock.now()
        at = self._clock.wall()
        self._publish(msgspec.structs.replace(held, published_unix_ns=at, published_time=iso_time(at)))

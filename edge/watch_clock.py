"""The host's wall clock in; the local time that a watch may be set to out, or none while nobody keeps it right."""

from collections.abc import Callable
from datetime import datetime

from edge.clock import SECOND, Clock
from edge.time_service import Synchronised, synchronised


def local_time(clock: Clock, in_step: Callable[[], Synchronised] = synchronised) -> datetime | None:
    """The time on this home's walls; None on a machine that has just started and not yet asked a time server."""
    if in_step() is Synchronised.NO:
        return None
    return datetime.fromtimestamp(clock.wall() / SECOND).astimezone()

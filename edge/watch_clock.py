"""The host's wall clock in; the local time that a watch may be set to out, or none while nobody keeps it right."""

import time
from collections.abc import Callable
from datetime import datetime

from edge.clock import SECOND, Clock
from edge.time_service import Synchronised, synchronised


def local_time(clock: Clock, in_step: Callable[[], Synchronised] = synchronised) -> datetime | None:
    """The time on this home's walls; None unless this machine's clock is known to be right.

    Nor where the kernel cannot be asked: a watch that is not set shows what its owner gave it, and can be set by hand;
    one that is set wrong is set wrong again every hour.
    """
    if in_step() is not Synchronised.YES:
        return None
    time.tzset()  # localtime_r(3) reads /etc/localtime once: a zone that was set later would stay unknown
    return datetime.fromtimestamp(clock.wall() / SECOND).astimezone()

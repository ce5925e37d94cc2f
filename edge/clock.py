"""The only room that reads time."""

import time
from typing import NewType, Protocol

HostNs = NewType("HostNs", int)
"""The host's monotonic clock, in nanoseconds: for latencies and time-outs."""
StreamNs = NewType("StreamNs", int)
"""The time in which samples, windows and decisions live: the host's clock, or a faster one in a replay."""
UnixNs = NewType("UnixNs", int)
"""Wall-clock time since 1970, for people and other machines; it may jump, so nothing is measured with it."""
DeviceTicks = NewType("DeviceTicks", int)
"""A device's own clock, unwrapped, in the device's unit."""

SECOND = 1_000_000_000
LONGEST_S = 1e9
"""Thirty years: a setting may last no longer, as its nanoseconds must be a number. What is never to happen may."""


class Clock(Protocol):
    """What a room may ask about time. Tests move one by hand."""

    def now(self) -> HostNs:
        """The host's monotonic time."""
        ...

    def stream(self, host: HostNs) -> StreamNs:
        """The stream time at a host time; equal to it unless a replay runs faster."""
        ...

    def wall(self) -> UnixNs:
        """Wall-clock time, now."""
        ...


class SystemClock:
    """The machine's clock; ``speed`` makes stream time run faster than host time, from the clock's making on."""

    def __init__(self, speed: float = 1.0) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be above 0, got {speed}; 1 is real time, 20 is twenty times faster")
        self.speed = speed
        self._origin = time.monotonic_ns()

    def now(self) -> HostNs:
        return HostNs(time.monotonic_ns())

    def stream(self, host: HostNs) -> StreamNs:
        return StreamNs(self._origin + round((host - self._origin) * self.speed))

    def wall(self) -> UnixNs:
        return UnixNs(time.time_ns())


def seconds(ns: int) -> float:
    """Nanoseconds as seconds."""
    return ns / SECOND


def nanoseconds(s: float) -> int:
    """Seconds as whole nanoseconds."""
    return round(s * SECOND)

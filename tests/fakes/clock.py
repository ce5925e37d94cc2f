"""A clock that tests move by hand."""

from edge.clock import HostNs, StreamNs, UnixNs, nanoseconds


class HandClock:
    """Stands still until moved; stream time runs ``speed`` times faster from zero."""

    def __init__(self, speed: float = 1.0, wall_ns: int = 1_800_000_000_000_000_000) -> None:
        self.host = 0
        self.speed = speed
        self.wall_ns = wall_ns

    def move(self, s: float) -> None:
        self.host += nanoseconds(s)
        self.wall_ns += nanoseconds(s)

    def step(self, s: float) -> None:
        """Somebody sets the wall clock; the machine runs on."""
        self.wall_ns += nanoseconds(s)

    def now(self) -> HostNs:
        return HostNs(self.host)

    def stream(self, host: HostNs) -> StreamNs:
        return StreamNs(round(host * self.speed))

    def wall(self) -> UnixNs:
        return UnixNs(self.wall_ns)

"""A host clock in nanoseconds that only sleeping moves."""


class SleepClock:
    """``sleep`` returns at once and moves ``now`` by what was asked."""

    def __init__(self, start_ns: int = 0) -> None:
        self.now_ns = start_ns
        self.slept: list[float] = []

    def now(self) -> int:
        return self.now_ns

    async def sleep(self, s: float) -> None:
        self.slept.append(s)
        self.now_ns += round(s * 1e9)

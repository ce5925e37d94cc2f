"""Failed attempts -> how long to wait: doubling, with full jitter, so that many devices do not come at once."""

import random


class Backoff:
    """Waits drawn evenly from 0 to a ceiling that doubles with each failure."""

    def __init__(self, least_s: float, most_s: float, chance: random.Random | None = None) -> None:
        self._least_s = least_s
        self._most_s = most_s
        self._chance = chance or random.Random()
        self._failures = 0

    def next_s(self) -> float:
        """Seconds to wait after one more failure."""
        # 2**32 times any sensible least is above any sensible most; more would overflow a float one day.
        ceiling = min(self._most_s, self._least_s * 2 ** min(self._failures, 32))
        self._failures += 1
        return self._chance.uniform(0.0, ceiling)

    def reset(self) -> None:
        """It worked: start low again."""
        self._failures = 0

"""Time that passes in; time that may be spent on something dear, out."""

import math


class Allowance:
    """A share of the time, saved up to ``most_s`` seconds, so that what is spent over any stretch is bounded.

    Over any T seconds at most ``share * T + most_s`` are spent, however often they are wished for. Once it is empty,
    ``least_s`` must be saved before it may be spent again: many short glimpses tell less than one long one. Who cannot
    stop at once owes what is spent beyond, and may take up to ``debt_s`` for it: more than that is never owed.
    """

    def __init__(self, share: float, most_s: float, least_s: float, debt_s: float) -> None:
        if not (0 <= share <= 1 and 0 <= least_s <= most_s < math.inf and 0 <= debt_s < math.inf):
            raise ValueError(
                "an allowance needs a share from 0 to 1, 0 <= least_s <= most_s and a debt_s of 0 or more, "
                f"got {share}, {least_s}, {most_s}, {debt_s}"
            )
        self._share = share
        self._most_s = most_s
        self._least_s = least_s
        self._debt_s = debt_s
        self._saved_s = most_s
        self._resting = False

    @property
    def open(self) -> bool:
        """Whether any may be spent now."""
        return not self._resting and self._saved_s > 0

    def pass_s(self, s: float, *, spent: bool) -> None:
        """Note that ``s`` seconds have gone by, spent or not."""
        saved_s = self._saved_s + s * (self._share - (1 if spent else 0))
        self._saved_s = min(self._most_s, max(-self._debt_s, saved_s))
        if self._saved_s <= 0:
            self._resting = self._share < 1
        elif self._saved_s >= self._least_s:
            self._resting = False

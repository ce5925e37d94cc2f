"""Samples in as they come, one bounded bunch for the open pages out, some times a second."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from edge.flow import Channel, Samples

MOST = 4096
"""Samples of a channel kept from one `take` to the next: at 0.1 s, ten times what the fastest replay brings."""
_DECIMALS = {Channel.SKIN_CONDUCTANCE: 3, Channel.MOTION: 3, Channel.SKIN_TEMPERATURE: 2}
SHOWN = frozenset(Channel) - {Channel.BATTERY}


@dataclass(frozen=True, slots=True)
class Bunch:
    """What one channel brought: stream times in ms, and one row of values an axis."""

    t: list[int]
    v: list[list[float]]
    gap: bool


class Tap:
    """Holds what came since it was last emptied; when nobody empties it, the newest MOST samples a channel."""

    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter()
        self._runs: dict[Channel, list[Samples]] = {}
        self._held: Counter[Channel] = Counter()

    def put(self, samples: Samples) -> None:
        if samples.channel not in SHOWN:
            return
        runs = self._runs.setdefault(samples.channel, [])
        runs.append(samples)
        self._held[samples.channel] += len(samples.times)
        while self._held[samples.channel] > MOST and len(runs) > 1:
            lost = len(runs.pop(0).times)
            self._held[samples.channel] -= lost
            self.dropped[samples.channel.value] += lost

    def take(self) -> dict[str, Bunch]:
        """Everything since the last time, by channel; empty when nothing came."""
        bunches = {channel.value: _bunch(channel, runs) for channel, runs in self._runs.items()}
        self.clear()
        return bunches

    def clear(self) -> None:
        self._runs.clear()
        self._held.clear()


def _bunch(channel: Channel, runs: list[Samples]) -> Bunch:
    times = np.concatenate([run.times for run in runs]) // 1_000_000
    values = np.concatenate([run.values for run in runs])[-MOST:].astype(np.float64)
    rows = values.reshape(len(values), -1).T.round(_DECIMALS.get(channel, 1))
    return Bunch(times[-MOST:].tolist(), rows.tolist(), any(run.gap for run in runs))

"""One Muse headband's messages in; samples on stream time out, the electrodes side by side.

A headband sends no time stamps: each stream numbers its notifications from a start of its own (muse-lsl, `muse.py`), so
each has a clock of its own here, which ticks once a notification. Electrodes share their numbers.
"""

from collections import Counter

import numpy as np

from edge.clock import SECOND, Clock, HostNs
from edge.flow import Channel, Floats, Samples, Times
from edge.sensing.timesync import ClockEstimate, TimeSync
from firmware_bridge.counters import Order, Sequence
from firmware_bridge.messages import MuseAcceleration, MuseEeg, MuseElectrode, MuseLight, MusePpg

ELECTRODES = (MuseElectrode.TP9, MuseElectrode.AF7, MuseElectrode.AF8, MuseElectrode.TP10)
"""The order of an EEG sample's values; the auxiliary one is left out."""
NAMES = tuple(electrode.name for electrode in ELECTRODES)
RATES_HZ = {Channel.EEG: 256.0, Channel.PULSE: 64.0, Channel.MOTION: 52.0}
_TURN = 1 << 16
_PATIENCE = 3
"""Moments that wait for an electrode that never comes; its values are then NaN."""


class Headband:
    """Gathers what came apart and puts it on stream time; what is lost or came twice is counted in ``counts``."""

    def __init__(self, clock: Clock, counts: Counter[str]) -> None:
        self._counts = counts
        self._streams = {channel: _Stream(clock, rate_hz) for channel, rate_hz in RATES_HZ.items()}
        self._open: dict[int, dict[MuseElectrode, tuple[float, ...]]] = {}

    @property
    def device_clock(self) -> ClockEstimate:
        """That of the electrodes."""
        return self._streams[Channel.EEG].clock

    def feed(self, message: MuseEeg | MusePpg | MuseAcceleration, received: HostNs) -> list[Samples]:
        """What one notification completes; nothing while electrodes are missing, or for light that is no pulse."""
        match message:
            case MuseEeg():
                return [
                    made
                    for index, values in self._side_by_side(message)
                    for made in self._place(Channel.EEG, index, values, received)
                ]
            case MuseAcceleration():
                return self._place(Channel.MOTION, message.index, np.array(message.g, np.float32), received)
            case MusePpg(MuseLight.INFRARED):
                # More blood takes more of the light: turned round, the wave rises with the heart beat.
                return self._place(Channel.PULSE, message.index, -np.array(message.counts, np.float32), received)
            case _:
                return []

    def _side_by_side(self, message: MuseEeg) -> list[tuple[int, Floats]]:
        """Moments that are complete, or whose missing electrodes will not come any more, oldest first."""
        if message.electrode not in ELECTRODES:
            return []
        index = message.index
        for ahead in [known for known in self._open if _PATIENCE < (known - index) % _TURN <= _TURN // 2]:
            del self._open[ahead]  # the numbers began anew: nothing of then stands beside what is of now
        self._open.setdefault(index, {})[message.electrode] = message.microvolts
        # Notifications keep their order: once a moment is whole, what lacks in an older one is lost.
        least = 0 if len(self._open[index]) == len(ELECTRODES) else _PATIENCE
        done = [known for known in self._open if least <= (index - known) % _TURN < _TURN // 2]
        lacking = (np.nan,) * len(message.raw)
        return [
            (known, np.array([parts.get(each, lacking) for each in ELECTRODES], np.float32).T)
            for known in sorted(done, key=lambda known: -((index - known) % _TURN))
            if (parts := self._open.pop(known))
        ]

    def _place(self, channel: Channel, index: int, values: Floats, received: HostNs) -> list[Samples]:
        stream = self._streams[channel]
        arrival = stream.order.see(index)
        self._counts["lost"] += arrival.missing - (arrival.order is Order.LATE)
        if arrival.order in (Order.DUPLICATE, Order.LATE, Order.RESTART):
            self._counts[arrival.order.value] += 1
        if arrival.order is Order.DUPLICATE:
            return []
        if arrival.order is Order.RESTART:  # its numbers begin anew, and so does its clock
            stream.begin()
        times, jumped, off_ns = stream.place(arrival.position, len(values), received)
        if times is None:
            self._counts["early" if stream.early else "untold"] += 1
            return []
        gap = jumped or arrival.order in (Order.GAP, Order.RESTART)
        axes = NAMES if channel is Channel.EEG else ()
        return [Samples(channel, times, values, stream.rate_hz, received, gap, off_ns, axes)]


class _Stream:
    """One stream's numbers and its clock."""

    def __init__(self, clock: Clock, rate_hz: float) -> None:
        self.rate_hz = rate_hz
        self.order = Sequence(16)
        self._clock = clock
        self.begin()

    def begin(self) -> None:
        """Learn the stream's clock anew."""
        self._sync = TimeSync()

    @property
    def clock(self) -> ClockEstimate:
        return self._sync.estimate

    @property
    def early(self) -> bool:
        return self._sync.early

    def place(self, position: int, samples: int, received: HostNs) -> tuple[Times | None, bool, int]:
        """Times of a notification's samples, whether its clock jumped, and how far the times may be off in ns.

        No times when it came before it can have been sent, or so late that its number must be another turn's.
        """
        steps = position * samples + np.arange(samples)
        device: Times = np.rint(steps * (SECOND / self.rate_hz)).astype(np.int64)
        jumped = self._sync.observe(int(device[-1]), self._clock.stream(received))
        if self._sync.early or self._sync.undecided(goes_on=True):
            return None, False, 0
        shift = self._sync.time_of(int(device[0])) - int(device[0])
        return device + shift, jumped, self._sync.estimate.off_ns

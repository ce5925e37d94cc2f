"""Time stamps of one channel's packets in, the rate its samples were taken at out."""

from edge.clock import SECOND

SLOWEST_HZ, FASTEST_HZ = 0.5, 2000.0
"""A rate outside these bounds is a gap, or a clock that was set."""
_SLOWER = 1.4
"""A channel that seems slower by more lost a packet, unless those after it say the same: it was asked for less."""
_DOUBTS = 4
"""So many in a row that say the same are believed. Where one packet in twenty is lost, every other one is so often in a
row about once a day; a rate that was asked for is known a few seconds after."""
_SAME = 0.1
_NEAR = 0.07
"""Packets that differ by less say the same rate, and are averaged: a stamp of whole milliseconds is wrong by so much of
sixteen samples at 500 Hz (Movesense)."""
_AVERAGED = 64


class LearnedRate:
    """For devices whose packets say when, but not how fast."""

    def __init__(self) -> None:
        self.hz = 0.0
        """0 while unknown: one packet alone does not say."""
        self.lost = False
        """Something is missing before the packet learned from last."""
        self._doubted_hz, self._doubts = 0.0, 0
        self._averaged = 0
        self._mark_ns: int | None = None
        self._samples = 0

    def learn(self, mark_ns: int, samples: int, *, of_first: bool) -> float:
        """Note when the first, or else the last, of a packet's samples was taken; the rate.

        From last to last the packet took so long itself (Polar online measurement, PmdTimeStampUtils), from first to
        first it was the packet before.
        """
        before, counted = self._mark_ns, self._samples if of_first else samples
        self._mark_ns, self._samples = mark_ns, samples
        if before is None:
            return 0.0
        hz = counted * SECOND / (mark_ns - before) if mark_ns > before else 0.0
        self.lost = hz * _SLOWER < self.hz and self._doubt(hz) < _DOUBTS
        if not self.lost:
            self._doubted_hz, self._doubts = 0.0, 0
            if SLOWEST_HZ <= hz <= FASTEST_HZ:
                self._average(hz)
        return self.hz

    def _average(self, hz: float) -> None:
        near = abs(hz - self.hz) < _NEAR * self.hz
        self._averaged = min(self._averaged + 1, _AVERAGED) if near else 1
        self.hz += (hz - self.hz) / self._averaged

    def _doubt(self, hz: float) -> int:
        """How many packets in a row have now said the same slower rate."""
        same = abs(hz - self._doubted_hz) < _SAME * self._doubted_hz
        self._doubted_hz, self._doubts = hz, self._doubts + 1 if same else 1
        return self._doubts

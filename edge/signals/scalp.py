"""Epochs of a headband's EEG in; sequences of features, told from the person's quiet minute, out."""

from collections import deque
from collections.abc import Sequence

import numpy as np

from edge.clock import StreamNs
from edge.flow import Channel, Floats, Window
from edge.signals import eeg, eeg_person
from edge.signals.grid import Doubles
from edge.signals.told import Told, Why
from edge.signals.windows import Windows


class Scalp:
    """One person's EEG. Feed ``windows``, then ``read`` what they give, in order.

    The first clean ``quiet_s`` seconds are what the person is told from, until `retake`; they need not be in one piece.
    A gap begins the sequence anew.
    """

    def __init__(
        self,
        electrodes: Sequence[str],
        features: Sequence[str],
        window_s: float,
        step_s: float,
        quiet_s: float,
        *,
        steps: int,
        least_hz: float = 100.0,
        least_quality: float = 0.5,
    ) -> None:
        """``features`` out of eeg.names(electrodes); ValueError names one that is not there."""
        names = eeg.names(electrodes)
        if unknown := sorted(set(features) - set(names)):
            raise ValueError(f"no electrode has the features {', '.join(unknown)}; there are {', '.join(electrodes)}")
        self.windows = Windows(window_s, step_s)
        self._kept = np.array([names.index(name) for name in features])
        self._quiet_epochs = max(8, int((quiet_s - window_s) / step_s) + 1)
        self._least_hz, self._least_quality = least_hz, least_quality
        self._past: deque[Floats | None] = deque(maxlen=steps)
        self._quiet: list[Doubles] = []
        self._known: eeg_person.Quiet | None = None
        self._asked = self._heeded = StreamNs(0)
        """When the person sat down, as it was asked and as `read` knows: only that touches what is known."""

    @property
    def settled(self) -> bool:
        """Whether the quiet minute is there."""
        return self._known is not None and self._heeded == self._asked

    def retake(self, since: StreamNs) -> None:
        """Tell the person from the next quiet minute that begins at ``since`` or later; from any thread."""
        self._asked = since

    def read(self, window: Window) -> Told:
        """The sequence that this epoch ends, or why there is none."""
        if self._heeded != self._asked:
            self._begin_anew(self._asked)
        if window.gap:
            self._past.clear()
        signal = window.signals.get(Channel.EEG)
        if signal is None or signal.values.ndim != 2:
            return _none(window, "poor")
        if signal.rate_hz < self._least_hz:
            return _none(window, "slow")
        epoch = eeg_person.prepared(signal, window.start)
        row = None if epoch is None or eeg_person.spoilt(epoch) else eeg_person.row(epoch)
        why: Why = "poor" if epoch is None else "spoilt"
        if self._known is None:
            if window.start < self._heeded:
                return _none(window, "quiet")
            return _none(window, why if row is None else self._settle(row))
        self._past.append(None if row is None else eeg_person.told(row, self._known)[self._kept])
        if len(self._past) < (self._past.maxlen or 1):
            return _none(window, "gathering")
        if sum(each is not None for each in self._past) < self._least_quality * len(self._past):
            return _none(window, why)
        usual = np.zeros(len(self._kept), np.float32)
        rows = [usual if each is None else each for each in self._past]
        return Told(window.end, window.received, np.stack(rows)[:, :, np.newaxis], uncertainty_ns=window.uncertainty_ns)

    def _begin_anew(self, since: StreamNs) -> None:
        self._heeded, self._known, self._quiet = since, None, []
        self._past.clear()

    def _settle(self, row: Doubles) -> Why:
        self._quiet.append(row)
        if len(self._quiet) >= self._quiet_epochs:
            self._known = eeg_person.quiet(self._quiet)
            self._quiet = []
        return "quiet"


def _none(window: Window, why: Why) -> Told:
    return Told(window.end, window.received, None, why)

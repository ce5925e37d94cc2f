"""Windows of a chest strap's ECG in; what a network wants of them, told from the person's quiet minute, out."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from edge.clock import StreamNs, nanoseconds
from edge.flow import Channel, Floats, Signal, Window
from edge.signals import ecg_person
from edge.signals.ecg_images import images
from edge.signals.ecg_spectrogram import LEAST, Domain
from edge.signals.grid import Doubles
from edge.signals.told import Told, Why
from edge.signals.windows import Windows

LEAST_LIKENESS = 0.55
"""Complexes less alike than this are noise, or no heart: noise alone reaches .5."""
Recipe: TypeAlias = Literal["pulse", "images"]


class Chest:
    """One person's ECG. Feed ``windows``, then ``read`` what they give, in order.

    The first clean ``quiet_s`` seconds are what the person is told from, until `retake`. Nothing is carried from one
    window to the next but that.
    """

    def __init__(
        self,
        recipe: Recipe,
        features: Sequence[str],
        window_s: float,
        step_s: float,
        quiet_s: float,
        *,
        steps: int = 1,
        domain: Domain = "time",
        scale: Floats | None = None,
        least_hz: float = 100.0,
        least_quality: float = 0.5,
    ) -> None:
        """``features`` out of ecg_person.HEAD for a pulse, none for images; ``scale`` is what they are divided by.

        ValueError names a feature that is not there, or says that the parts of a window are too short for images.
        """
        if unknown := sorted(set(features) - set(ecg_person.HEAD)):
            raise ValueError(f"an ECG has no feature {', '.join(unknown)}; there are {', '.join(ecg_person.HEAD)}")
        if recipe == "images" and ecg_person.HZ * window_s / steps < LEAST[domain]:
            least_s = LEAST[domain] / ecg_person.HZ
            raise ValueError(f"{window_s:g} s in {steps} parts are no {steps} spectrograms; one needs {least_s:.1f} s")
        self.windows = Windows(max(quiet_s, window_s), step_s)
        self._kept = [ecg_person.HEAD.index(name) for name in features]
        self._recipe, self._steps = recipe, steps
        self._domain: Domain = domain
        self._scale = np.ones(1, np.float32) if scale is None else scale
        self._least_hz, self._least_quality = least_hz, least_quality
        self._window = nanoseconds(window_s)
        self._known: ecg_person.Quiet | None = None
        self._since = StreamNs(0)
        """Windows that begin before it are not judged: the quiet minute is in them."""
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
        """One window's rows, or why there are none."""
        if self._heeded != self._asked:
            self._heeded, self._known = self._asked, None
        signal = window.signals.get(Channel.ECG)
        if signal is None or signal.values.ndim != 1:
            return _none(window, "poor")
        if signal.rate_hz < self._least_hz:
            return _none(window, "slow")
        known = self._known
        if known is None:
            return _none(window, self._settle(window, signal))
        start = StreamNs(window.end - self._window)
        if start < self._since:
            return _none(window, "quiet")
        even = ecg_person.prepared(_last(signal, start, window.end), start)
        if even is None:
            return _none(window, "poor")
        values = self._values(even, known)
        if values is None:
            return _none(window, "poor")
        return Told(window.end, window.received, values, uncertainty_ns=window.uncertainty_ns)

    def _settle(self, window: Window, signal: Signal) -> Why:
        """Take the quiet minute, if this window is one."""
        if window.start < self._heeded:
            return "quiet"
        even = ecg_person.prepared(signal, window.start)
        known = None if even is None else ecg_person.quiet(even, self._domains)
        if known is None or known.likeness < LEAST_LIKENESS or np.isfinite(known.head).mean() < self._least_quality:
            return "poor"  # what is told from features that nobody knows is poor for ever
        self._known, self._since = known, window.end
        return "quiet"

    @property
    def _domains(self) -> tuple[Domain, ...]:
        return (self._domain,) if self._recipe == "images" else ()

    def _values(self, even: Doubles, known: ecg_person.Quiet) -> Floats | None:
        head, likeness = ecg_person.head(even, known), ecg_person.likeness(even)
        if likeness < LEAST_LIKENESS or np.isfinite(head).mean() < self._least_quality:
            return None
        if self._recipe == "images":
            if len(even) // self._steps < LEAST[self._domain]:  # its last samples are missing
                return None
            return images(even, known, self._domain, self._steps)
        return (np.nan_to_num(head[self._kept]) / self._scale).astype(np.float32)


def _none(window: Window, why: Why) -> Told:
    return Told(window.end, window.received, None, why)


def _last(signal: Signal, start: StreamNs, end: StreamNs) -> Signal:
    """The samples from ``start`` on."""
    kept = signal.times >= start
    wanted = (end - start) / 1e9 * signal.rate_hz
    return Signal(signal.times[kept], signal.values[kept], signal.rate_hz, min(1.0, float(kept.sum()) / wanted))

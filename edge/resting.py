"""A person's baseline in a running line: read at the start, measured when asked, kept when done."""

import logging
import threading
from pathlib import Path

from edge.baseline_store import BaselineError, KeptBaseline, forget_baseline, keep_baseline, read_baseline
from edge.clock import Clock, seconds
from edge.signals.baseline import Baseline, PersonalBaseline
from edge.signals.body import Reading
from edge.signals.wear import Wear

log = logging.getLogger("vagus")


class Resting:
    """One person's baseline. `hear` may be called on another thread than the rest.

    ``window_s`` is the length of the wrist model's windows; None when there is no wrist to measure.
    """

    def __init__(self, state: Path, window_s: float | None, clock: Clock) -> None:
        self._state, self._clock = state, clock
        self._window_s: float | None = window_s
        self._running: Baseline | None = None
        self._ending = threading.Lock()
        """Held while a measurement is kept: one that is ended or forgotten at that moment must not come back."""
        self.trouble = ""
        """Why the last measurement could not be kept; empty when it was."""
        self.kept = self._read()

    @property
    def baseline(self) -> PersonalBaseline | None:
        """What is held to be this person's rest; None when it was never measured."""
        return None if self.kept is None else self.kept.baseline

    @property
    def progress(self) -> float | None:
        """Share of the running measurement that is done, 0 to 1; None when none runs."""
        running = self._running
        if running is None or self._window_s is None:
            return None
        # before the first window is complete, the time that it has taken so far is all there is to show
        waited = seconds(self._clock.stream(self._clock.now()) - running.since)
        return max(running.progress, min(max(waited, 0.0), self._window_s) / running.needed_s)

    @property
    def refused(self) -> str:
        """Why the newest window did not count: `moving`, `poor`, `off_wrist`; empty when it did."""
        return "" if self._running is None else self._running.refused

    def start(self) -> None:
        """Take the next quiet minutes as this person at rest; a running measurement begins anew.

        Raises BaselineError when there is no wrist to measure.
        """
        if self._window_s is None:
            raise BaselineError(
                "no baseline can be measured: there is no watch, or the bundle has no wrist model; "
                "set watch.address and use a bundle that has one"
            )
        with self._ending:
            self.trouble = ""
            self._running = Baseline(self._window_s, self._clock.stream(self._clock.now()))

    def begin_anew(self) -> None:
        """What was gathered so far is of another watch: a running measurement begins anew."""
        if self._running is not None:
            self.start()

    def suit(self, window_s: float) -> None:
        """Windows are of ``window_s`` from now on: a baseline of others does not compare, and half of one is none."""
        if window_s != self._window_s:
            with self._ending:
                self._running = None
                self._window_s, self.trouble = window_s, ""
                self.kept = self._read()

    def stop(self) -> None:
        """End a running measurement; nothing is kept of it."""
        with self._ending:
            self._running = None

    def forget(self) -> None:
        """Remove what was measured, and end what runs; BaselineError when the disk refuses."""
        self.stop()
        forget_baseline(self._state)
        self.kept, self.trouble = None, ""

    def hear(self, reading: Reading) -> PersonalBaseline | None:
        """Take one window's reading; return the baseline when this window completes it, stored."""
        running = self._running
        if running is None:
            return None
        if reading.told is None:
            running.refused = "off_wrist" if reading.wear is Wear.OFF else "poor"
            return None
        running.feed(reading.raw)
        done = running.result()
        if done is None:
            return None
        with self._ending:
            if self._running is not running:
                return None
            self._keep(done)  # first: whoever sees the measurement ended looks for what it gave
            self._running = None
        return done

    def _keep(self, done: PersonalBaseline) -> None:
        kept = KeptBaseline(self._clock.wall(), done)
        try:
            path = keep_baseline(self._state, kept)
        except BaselineError as error:
            self.trouble = str(error)
            log.error("%s", error)  # it is used all the same, until the next start
        else:
            log.info("the baseline of %.0f quiet seconds is kept in %s", done.seconds, path)
        self.kept = kept

    def _read(self) -> KeptBaseline | None:
        if self._window_s is None:
            return None
        try:
            kept = read_baseline(self._state, self._window_s)
        except BaselineError as error:
            self.trouble = str(error)
            log.warning("%s; going on without it", error)
            return None
        if kept is not None:
            log.info("using the baseline of %s", kept.measured.isoformat(" ", "minutes"))
        return kept

"""What is usual for this wearer, as the daemon came to know it -> one file: a restart must not make them a stranger."""

import asyncio
import contextlib
import logging
import math
import threading
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np

from edge.clock import SECOND, Clock, StreamNs, UnixNs
from edge.flow import Floats
from edge.inference.decision import Decider
from edge.inference.own_level import Levels
from edge.signals.body import Body
from edge.signals.features import FEATURE_VERSION
from edge.whole_file import private_folder, write_whole
from edge.worker import StuckError, Worker

log = logging.getLogger("vagus")

FILE = "usual.json"
EVERY_S = 600.0
"""A power cut takes so much of the wearer's last hour, at most."""
_DISK_S = 30.0
_WAIT_S = 5.0
"""How long a write waits for one that is under way: the last one holds a stop up."""
_MOST_BYTES = 4 * 2**20
_DAY_NS = 86_400 * SECOND
_NOBODY = ("replay:", "virtual:")
"""Watches that no person wears now."""


class Usual(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The wearer's last hour: features of windows, and how stressed the networks held them to be."""

    kept: UnixNs
    watch: str
    """The address of the watch, since another one may be another person's; empty without one."""
    feature_version: int
    window_s: float
    names: tuple[str, ...]
    windows: tuple[tuple[float | None, ...], ...]
    """By `names`, as the normaliser remembers them, oldest first; nothing where a feature was missing."""
    bundle: str
    """Whose networks told the levels: those of another say nothing of its own."""
    levels: dict[str, tuple[float, ...]]
    """Log odds of stress by what was listened to, oldest first."""
    alerted: UnixNs | None
    """When the last alert was raised."""

    def __post_init__(self) -> None:
        if any(len(row) != len(self.names) for row in self.windows):
            raise ValueError(f"each window must have {len(self.names)} features")


@dataclass(frozen=True, slots=True, eq=False)
class _Body:
    """What a body remembers."""

    watch: str
    window_s: float
    names: tuple[str, ...]
    rows: Floats

    @property
    def of(self) -> tuple[str, float, tuple[str, ...]]:
        """Whose windows of which kind: those of another say nothing to it."""
        return self.watch, self.window_s, self.names


_Known: TypeAlias = tuple[_Body | None, Levels, StreamNs | None]
"""The body, the levels and the last alert."""


class Acquaintance:
    """Reads what an earlier run kept of the wearer of ``watch``, hears what this one learns, keeps it for the next.

    ``days`` is how long it may lie there unused; with 0 nothing is kept, and what lies there is removed.
    """

    def __init__(self, state: Path, days: float, watch: str, clock: Clock) -> None:
        self._file, self._days, self._clock = state / FILE, days, clock
        self._writing = threading.Lock()
        self._turn_to(watch)

    def follow(self, watch: str, decider: Decider) -> None:
        """Another watch may be another person's: what is known is what was kept of its own wearer, if anything.

        The last alert stays the last: it may still be the same person.
        """
        if _itself(watch) != self._watch:
            self._turn_to(watch)
            self._written = *self._written[:2], decider.remembered()[1]
            self.remind(decider)

    def introduce(self, body: Body, watch: str) -> None:
        """Tell a body that knows nobody yet of the wearer, if they are known by this watch and these features."""
        for known in self._bodies:
            if known.of == (_itself(watch), body.window_s, body.names):
                body.recall(known.rows)
                self._last(known)
                return

    def remind(self, decider: Decider) -> None:
        """Tell a decider of the wearer's usual level and their last alert, as they were kept."""
        decider.recall(*self._written[1:])

    def note(self, body: Body, watch: str) -> None:
        """A window was judged, and no other is while this is called."""
        self._watch = _itself(watch)
        self._last(_Body(self._watch, body.window_s, body.names, body.remembered()))

    async def run(self, decider: Decider) -> None:
        """Keep it some times an hour, away from the lanes, as a disk may take its time; and when all lanes end."""
        try:
            with Worker("usual") as worker:
                while True:
                    await asyncio.sleep(EVERY_S)
                    await self._keep_by(worker, decider)
        finally:
            known = self._news(decider)
            if known is not None:
                self._write(self._usual(known))

    @property
    def _body(self) -> _Body | None:
        """Of the bundle in use, as far as is known."""
        return self._bodies[-1] if self._bodies else None

    def _last(self, body: _Body) -> None:
        """This is the bundle's in use. That of the one before stays: it comes back when this one fails its trial."""
        others = [each for each in self._bodies if each.watch == body.watch and each.of != body.of]
        self._bodies = [*others[-1:], body]

    def _turn_to(self, watch: str) -> None:
        self._watch = _itself(watch)
        left = self._read()
        self._bodies = [] if left is None else [_Body(self._watch, left.window_s, left.names, _rows(left))]
        self._written: _Known = (
            (None, Levels(), None)
            if left is None
            else (self._body, Levels(left.bundle, left.levels), self._stream(left.alerted))
        )

    async def _keep_by(self, worker: Worker, decider: Decider) -> None:
        known, watch = self._news(decider), self._watch
        if known is not None:
            try:
                if await worker.do(_DISK_S, self._write, self._usual(known)) and watch == self._watch:
                    self._written = known
            except StuckError as error:
                log.error("a restart would forget what is usual for the wearer: %s", error)

    def _news(self, decider: Decider) -> _Known | None:
        """What is known, where that is to be kept and is not what the disk has."""
        known = self._body, *decider.remembered()
        return None if not self._days or self._watch.startswith(_NOBODY) or known == self._written else known

    def _usual(self, known: _Known) -> Usual:
        body, levels, alerted = known
        body = body or _Body(self._watch, 0.0, (), np.empty((0, 0), np.float32))
        return Usual(
            kept=self._clock.wall(),
            watch=body.watch,
            feature_version=FEATURE_VERSION,
            window_s=body.window_s,
            names=body.names,
            windows=tuple(tuple(None if math.isnan(x) else x for x in row) for row in body.rows.tolist()),
            bundle=levels.by,
            levels=dict(levels.odds),
            alerted=self._unix(alerted),
        )

    def _write(self, usual: Usual) -> bool:
        """Whether the disk has it. One is written at a time: a stop may come meanwhile."""
        try:
            with _one(self._writing):
                private_folder(self._file.parent)
                write_whole(self._file, msgspec.json.encode(usual))
        except OSError as error:
            log.error(
                "a restart would forget what is usual for the wearer: %s: %s", self._file, error.strerror or error
            )
            return False
        return True

    def _read(self) -> Usual | None:
        if self._watch.startswith(_NOBODY):
            return None
        try:
            if not self._days:
                self._file.unlink(missing_ok=True)
                return None
            with self._file.open("rb") as file:
                left = msgspec.json.decode(file.read(_MOST_BYTES), type=Usual)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:  # msgspec's errors are ValueErrors
            log.warning("what is usual for the wearer is learned anew: %s cannot be used (%s)", self._file, error)
            return None
        old = self._clock.wall() - left.kept > self._days * _DAY_NS
        return None if old or (_itself(left.watch), left.feature_version) != (self._watch, FEATURE_VERSION) else left

    def _unix(self, at: StreamNs | None) -> UnixNs | None:
        return None if at is None else UnixNs(self._clock.wall() - (self._clock.stream(self._clock.now()) - at))

    def _stream(self, at: UnixNs | None) -> StreamNs | None:
        """A moment of an earlier run in this one's time; None when by the wall clock, which was set, it is to come."""
        ago = -1 if at is None else self._clock.wall() - at
        return StreamNs(self._clock.stream(self._clock.now()) - ago) if ago >= 0 else None


def _itself(watch: str) -> str:
    """The watch's address, however it is written: a Bluetooth address knows no case, and options are not the watch."""
    scheme, _, rest = watch.partition(":")
    return f"ble:{rest.partition('?')[0].upper()}" if scheme.lower() == "ble" else watch


@contextlib.contextmanager
def _one(writing: threading.Lock) -> Generator[None]:
    """Hold a lock; TimeoutError, which is an OSError, when another write does not end."""
    if not writing.acquire(timeout=_WAIT_S):
        raise TimeoutError("another write does not end")
    try:
        yield
    finally:
        writing.release()


def _rows(usual: Usual) -> Floats:
    rows = [[math.nan if value is None else value for value in row] for row in usual.windows]
    return np.array(rows, np.float32).reshape(len(rows), len(usual.names))

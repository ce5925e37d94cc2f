"""Rows to keep -> the file, or memory while the disk takes nothing; a corrupted file is set aside, never trusted."""

import contextlib
import logging
import os
import sqlite3
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from edge.clock import SECOND, Clock, HostNs
from edge.relay.aside import ASIDE, is_foreign, move_aside, move_back
from edge.relay.errors import NotDurableError, OutboxError, UnreadableError
from edge.relay.lifetime import Lifetime
from edge.relay.rescue import noted_topics, rescue
from edge.relay.settings import OutboxSettings
from edge.relay.store import Priority, Row, Store

_log = logging.getLogger(__name__)
_HELD = 256
"""Rows kept in memory at most while the disk takes nothing."""
_COMMITS_PER_LOOK = 64
"""So often the file is looked at for what is too old, too much or too long."""
_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_ERROR}
"""What a damaged file answers. SQLITE_ERROR: tables that we made are gone."""
_AGAIN_NS = 30 * SECOND
"""To save what a damaged file holds reads all of it: while the disk is full, not more often than this."""
_NOTED_NS = 3600 * SECOND
"""So much of an outbox's life may be forgotten when the power goes: written more often it would wear the disk."""


class Keeper:
    """The outbox's state on its own thread; every failure of SQLite ends here, as a sentence."""

    def __init__(self, settings: OutboxSettings, clock: Clock, *, max_pages: int | None = None) -> None:
        self.dropped: Counter[str] = Counter()
        self.durable = True
        self.sequence = 0
        self.recovered = 0
        self.lifetime = Lifetime(clock)
        self.topics: set[str] = set()
        """Noted, so that a later run can clear what is retained there."""
        self._settings = settings
        self._clock = clock
        self._max_pages = max_pages
        self._store: Store | None = None
        self._held: dict[int, Row] = {}
        self._acknowledged: set[int] = set()
        self._position = 0
        self._commits = 0
        self._failed: tuple[HostNs, OutboxError] | None = None
        """When a new file could not be made, and why."""

    @property
    def pending(self) -> int:
        stored = self._store.counts.rows if self._store else 0
        return max(stored + len(self._held) - len(self._acknowledged), 0)

    def open(self) -> Store:
        """Open the file, setting a corrupted one aside; OutboxError where neither can be done."""
        if self._store is None:
            try:
                self._store = Store(self._settings, max_pages=self._max_pages)
            except sqlite3.Error as error:
                if not _is_corrupt(error):
                    raise OutboxError(_open_sentence(self._settings.path, error)) from error
                if is_foreign(Path(self._settings.path)):
                    raise OutboxError(
                        f"{self._settings.path} is no outbox but some other file, which is left as it is:"
                        " set [outbox] path to a file of its own"
                    ) from error
                self._store = self._set_aside(error)
            self._position = max(self._position, self._store.counts.last_position)
            self.sequence = max(self.sequence, self._store.counts.sequence)
            self.recovered = self._store.counts.recovered
            self.lifetime.go_on_from(self._store.counts.lived_ns)
            self.topics |= self._store.topics()
        return self._store

    def take(self, name: str, kind: str, payload: bytes, priority: Priority, sequence: int) -> Row:
        """Give a message its place in the order; `commit` makes it durable."""
        self._position += 1
        row = Row(self._position, name, kind, priority, self._clock.wall(), payload, self.lifetime.ns)
        self._held[row.position] = row
        self.sequence = max(self.sequence, sequence)
        return row

    def commit(self, acknowledged: list[int]) -> NotDurableError | None:
        """Write what is held and delete what is acknowledged; what is wrong where the disk takes nothing."""
        self._acknowledged.update(acknowledged)
        for position in self._acknowledged & self._held.keys():
            del self._held[position]
            self._acknowledged.discard(position)
        try:
            store = self.open()
            self._write(store)
            self._recovered()
        except sqlite3.Error as error:
            return self._mend(error)
        except OutboxError as error:
            return self._not_durable(error)
        self._look(store)
        return None

    def page(self, after: int, limit: int) -> list[Row]:
        """The next rows in order, from the file and from memory.

        UnreadableError, with those from memory, where the file cannot be read.
        """
        while True:
            try:
                stored = self._stored(after, limit)
            except OutboxError as error:
                raise UnreadableError(str(error), self._in_memory(after, self._position)[:limit]) from error
            # A full page may have more behind it: what waits in memory comes after that, not before.
            end = stored[-1].position if len(stored) == limit else self._position
            kept = [row for row in stored if row.position not in self._acknowledged]
            rows = sorted(kept + self._in_memory(after, end), key=lambda row: row.position)[:limit]
            if rows or end >= self._position:
                return rows
            after = end  # all were acknowledged, and wait for a disk that lets them be deleted

    def note_topic(self, topic: str, kept: bool) -> None:
        """Note a topic, or forget it. A disk that takes nothing is no trouble: the next start notes it again."""
        try:
            self.open().note_topic(topic, kept)
        except (sqlite3.Error, OutboxError) as error:
            _log.debug("outbox %s: %s not noted: %s", self._settings.path, topic, error)
        if kept:
            self.topics.add(topic)
        else:
            self.topics.discard(topic)

    def tidy(self) -> None:
        """In a quiet moment: write what is still held, drop what is too old, shorten the log."""
        if self._held or self._acknowledged:
            self.commit([])
        try:
            store = self.open()
            self._evict(store)
            self._note_life(store, _NOTED_NS)
            store.checkpoint()
            if not self._held:
                self._recovered()
        except sqlite3.Error as error:
            self._mend(error)
        except OutboxError as error:
            self._not_durable(error)

    def close(self) -> None:
        if self._store:
            self._note_life(self._store, 0)
        self.tidy()
        self.abandon()

    def abandon(self) -> None:
        """Let go of the file as it is."""
        if self._store:
            self._store.close()

    def _stored(self, after: int, limit: int) -> list[Row]:
        """From the file alone; OutboxError where it cannot be read."""
        try:
            try:
                return self.open().page(after, limit)
            except sqlite3.Error as error:
                self._store = self._set_aside(error)
                return self._store.page(after, limit)
        except sqlite3.Error as error:
            raise OutboxError(f"the outbox {self._settings.path} cannot be read now ({error})") from error

    def _in_memory(self, after: int, end: int) -> list[Row]:
        return [row for row in self._held.values() if after < row.position <= end]

    def _write(self, store: Store) -> None:
        rows = list(self._held.values())
        durable = any(row.priority is Priority.ALERT for row in rows)
        try:
            store.write(rows, self._acknowledged, self.sequence, self.lifetime.ns, durable=durable)
        except sqlite3.OperationalError as error:
            code = getattr(error, "sqlite_errorcode", None)
            if code != sqlite3.SQLITE_FULL or not self._count(store.drop_reports()):
                raise
            store.write(rows, self._acknowledged, self.sequence, self.lifetime.ns, durable=durable)
        self._held.clear()
        self._acknowledged.clear()
        self._commits += 1

    def _look(self, store: Store) -> None:
        """Now and then: is anything too old, too much or too long? The messages are safe whatever happens here."""
        regular = self._commits % _COMMITS_PER_LOOK == 0
        try:
            if regular or store.counts.bytes > self._settings.max_bytes:
                self._evict(store)
            if regular and store.log_is_long:
                store.checkpoint()
        except sqlite3.Error as error:
            _log.debug("outbox %s: %s", store.path, error)

    def _note_life(self, store: Store, least_ns: int) -> None:
        """Messages that wait have aged; every commit notes it, but there may be none for days."""
        if store.counts.rows and self.lifetime.ns - store.counts.lived_ns > least_ns:
            with contextlib.suppress(sqlite3.Error):  # then it goes on from what was noted last
                store.write((), (), 0, self.lifetime.ns, durable=False)

    def _evict(self, store: Store) -> None:
        if gone := self._count(store.evict(self.lifetime.ns)):
            listed = ", ".join(f"{count} {kind}" for kind, count in sorted(gone.items()))
            _log.error("outbox %s: bounds reached, the oldest left unsent: %s", store.path, listed)

    def _count(self, gone: dict[str, int]) -> dict[str, int]:
        self.dropped.update(gone)
        return gone

    def _mend(self, error: sqlite3.Error) -> NotDurableError | None:
        try:
            self._store = self._set_aside(error)
            self._write(self._store)
            self._recovered()
            return None
        except (sqlite3.Error, OutboxError) as again:
            return self._not_durable(again)

    def _not_durable(self, error: Exception) -> NotDurableError:
        while len(self._held) > _HELD:
            loser = min(self._held.values(), key=lambda row: (row.priority, row.position))
            del self._held[loser.position]
            self._count({loser.kind: 1})
        failure = NotDurableError(
            f"the outbox {self._settings.path} cannot be written ({error}): {len(self._held)} messages wait in memory"
            " and are lost if the power goes; free some space there, or set [outbox] path to another disk"
        )
        if self.durable:
            self.durable = False
            _log.error("%s", failure)
        return failure

    def _recovered(self) -> None:
        if not self.durable:
            self.durable = True
            _log.warning("outbox %s can be written again", self._settings.path)

    def _set_aside(self, error: sqlite3.Error) -> Store:
        """Move the damaged file away, save what can be read of it, and go on with a new one; any other error, again."""
        if not _is_corrupt(error):
            raise error
        path = Path(os.path.realpath(self._settings.path))  # as SQLite: a link stays, and leads to the new file
        if self._store:
            self._store.close()
            self._store = None
        if self._failed is not None and self._clock.now() - self._failed[0] < _AGAIN_NS:
            raise self._failed[1]
        now_s = self._clock.wall() // SECOND
        aside = path.with_name(f"{path.name}{ASIDE}{datetime.fromtimestamp(now_s, UTC):%Y%m%dT%H%M%SZ}")
        try:
            move_aside(path, aside)
        except OSError as worse:
            raise self._unmade(error, worse) from worse
        store: Store | None = None
        try:
            rows, left, sequence = rescue(aside, self.lifetime.ns, self._position)
            store = Store(self._settings, max_pages=self._max_pages)
            # An unreadable counter goes on from the clock's seconds, which no honest count of alerts has reached.
            self.sequence = max(self.sequence, sequence or now_s)
            store.write(rows, (), self.sequence, self.lifetime.ns, durable=True)
            self._position = max(self._position, store.counts.last_position)
            for topic in self.topics | noted_topics(aside):
                store.note_topic(topic, kept=True)
        except (OSError, sqlite3.Error) as worse:
            if store is not None:
                store.close()
            move_back(path, aside)  # its messages are all there are: the next try finds them
            raise self._unmade(error, worse) from worse
        told = f"set aside as {aside.name}, {len(rows)} messages saved from it, {left} known to be left in it"
        _log.error("outbox %s was corrupted (%s): %s; going on with a new file", path, error, told)
        return store

    def _unmade(self, error: sqlite3.Error, worse: Exception) -> OutboxError:
        failure = OutboxError(
            f"the outbox {self._settings.path} is corrupted ({error}) and no new one can be made ({worse}):"
            " free some space there, or set [outbox] path to another disk"
        )
        self._failed = self._clock.now(), failure
        return failure


def _is_corrupt(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # of Python itself, which found a text that is none
        return isinstance(error, sqlite3.OperationalError)
    return code & 0xFF in _CORRUPT


def _open_sentence(path: str, error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_BUSY:
        return f"the outbox {path} is in use by another process: stop the other daemon, or set [outbox] path"
    if code == sqlite3.SQLITE_FULL:
        return f"the outbox {path} cannot be made ({error}): free some space, or set [outbox] path to another disk"
    return f"the outbox {path} cannot be opened ({error}): check that its directory exists and may be written"

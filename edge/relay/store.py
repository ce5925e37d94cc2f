"""The outbox's file: rows in order, in one SQLite database that survives kill -9 and power cuts."""

import contextlib
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate, takewhile
from pathlib import Path
from typing import NamedTuple

from edge.clock import SECOND, UnixNs
from edge.relay.errors import OutboxError
from edge.relay.lifetime import LivedNs
from edge.relay.settings import OutboxSettings
from edge.whole_file import new_private, private_folder

_APPLICATION_ID = 0x76616775
_LAYOUT = 2
_TOPIC = "retained "
"""A counter of this name says that something is retained on the topic behind it."""
_EVICT_AT_ONCE = 256
_DAY_NS = 86_400 * SECOND
_LOG_BYTES = 1 << 20
_LONG_LOG_BYTES = 16 << 20

_SCHEMA = """
CREATE TABLE message (
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    priority INTEGER NOT NULL,
    stored_unix_ns INTEGER NOT NULL,
    size INTEGER NOT NULL,
    payload BLOB NOT NULL,
    lived_ns INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"""
# Layout 1 had wall stamps alone, which nothing can be aged by: its messages begin to age now.
_FROM_1 = "DROP INDEX by_priority; ALTER TABLE message ADD COLUMN lived_ns INTEGER NOT NULL DEFAULT 0;"
_INDEX = """
-- Everything that counting and dropping ask for stands in the index, so neither reads the payloads.
CREATE INDEX by_priority ON message (priority, position, lived_ns, size, kind);
"""
_MAKE = {0: _SCHEMA + _INDEX, 1: _FROM_1 + _INDEX}
"""From each layout to ours."""
COLUMNS = "position, id, kind, priority, stored_unix_ns, payload, lived_ns"


class Priority(IntEnum):
    """Who stays when there is no more room; the lowest leave first."""

    REPORT = 0
    ALERT = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One message that waits for the broker."""

    position: int
    """Order of sending, rising."""
    id: str
    kind: str
    """Last level of its topic: `alert` or `report`."""
    priority: Priority
    stored_unix_ns: UnixNs
    """For people; the wall clock may have been wrong, so nothing is aged by it."""
    payload: bytes
    lived_ns: LivedNs
    """For how long the outbox had lived by then: the message ages by it."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a file holds."""

    rows: int
    bytes: int
    last_position: int
    sequence: int
    lived_ns: LivedNs
    recovered: int  # alerts that it held when it was opened


class Store:
    """One open outbox file. Used from one thread; every method may raise sqlite3.Error.

    Locked for this process alone: a second daemon on the same file is refused with OutboxError.
    """

    def __init__(self, settings: OutboxSettings, *, max_pages: int | None = None) -> None:
        """Open or make the file; ``max_pages`` bounds it as a full disk would."""
        self.path = Path(settings.path)
        self._settings = settings
        self._durable: bool = True
        _make(self.path)
        self._db = sqlite3.connect(self.path, isolation_level=None, timeout=0.5, check_same_thread=False)
        try:
            self._prepare(max_pages)
            self._lengthen()
            self._close_to_others()
            self.counts = self._count()
        except BaseException:
            self._db.close()
            raise

    def write(
        self, rows: Sequence[Row], acknowledged: Iterable[int], sequence: int, lived_ns: LivedNs, *, durable: bool
    ) -> None:
        """Store and delete in one transaction; on the disk when it returns if ``durable``, else soon.

        Either all of it happens or nothing.
        """
        if durable != self._durable:
            # Deletions may be lost in a power cut: the message is sent again, and its reader knows it by its id.
            self._db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._durable = durable
        self._db.execute("BEGIN IMMEDIATE")
        try:
            # First, so that what comes may take the room of what goes.
            delete = "DELETE FROM message WHERE position = ? RETURNING size"
            gone = [size for position in acknowledged for (size,) in self._db.execute(delete, (position,))]
            self._db.executemany("INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?)", map(_columns, rows))
            counters = {"sequence": max(sequence, self.counts.sequence), "lived_ns": lived_ns}
            self._db.executemany("INSERT OR REPLACE INTO counter VALUES (?, ?)", counters.items())
            self._db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise
        self.counts = Counts(
            self.counts.rows + len(rows) - len(gone),
            self.counts.bytes + sum(len(row.payload) for row in rows) - sum(gone),
            max(self.counts.last_position, rows[-1].position if rows else 0),
            counters["sequence"],
            lived_ns,
            self.counts.recovered,
        )

    def evict(self, lived_ns: LivedNs) -> dict[str, int]:
        """Drop what the bounds no longer allow; how many of each kind left. ``lived_ns`` is the outbox's life by now.

        Too old leaves first, then, while there is too much, the oldest of the lowest priority.
        """
        gone: Counter[str] = Counter()
        for priority, days in _days(self._settings):
            while old := _too_old(self._oldest(priority), lived_ns - round(days * _DAY_NS)):
                gone += self._drop(old)
        for priority in Priority:
            while (excess := self.counts.bytes - self._settings.max_bytes) > 0:
                if not (oldest := self._oldest(priority)):
                    break
                sizes = accumulate((row.size for row in oldest), initial=0)
                gone += self._drop([row for row, before in zip(oldest, sizes, strict=False) if before < excess])
        return dict(gone)

    def drop_reports(self) -> dict[str, int]:
        """Make room for alerts on a full disk: the oldest reports leave."""
        return dict(self._drop(self._oldest(Priority.REPORT)))

    def page(self, after: int, limit: int) -> list[Row]:
        """The next rows past a position, in order."""
        found = self._db.execute(
            f"SELECT {COLUMNS} FROM message WHERE position > ? ORDER BY position LIMIT ?", (after, limit)
        ).fetchall()
        return [row_of(columns) for columns in found]

    def topics(self) -> set[str]:
        return topics_in(self._db)

    def note_topic(self, topic: str, kept: bool) -> None:
        """Note a topic, or forget it; on the disk when it returns."""
        statement = "INSERT OR REPLACE INTO counter VALUES (?, 1)" if kept else "DELETE FROM counter WHERE name = ?"
        self._db.execute(statement, (f"{_TOPIC}{topic}",))

    def checkpoint(self) -> None:
        """Move the write-ahead log into the file; done in quiet moments, for it costs several fsyncs."""
        self._db.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()

    @property
    def log_is_long(self) -> bool:
        """The write-ahead log has grown so much that it cannot wait for a quiet moment."""
        log = self.path.with_name(f"{self.path.name}-wal")
        return log.exists() and log.stat().st_size > _LONG_LOG_BYTES

    def close(self) -> None:
        self._db.close()

    def _prepare(self, max_pages: int | None) -> None:
        # One process owns the file; this also keeps the log's index in memory instead of in a shared file.
        self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode=WAL").fetchall()
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA wal_autocheckpoint=0").fetchall()
        # The log keeps this much of its length: to write over it costs a shorter fsync than to make it grow again.
        self._db.execute(f"PRAGMA journal_size_limit={_LOG_BYTES}").fetchall()
        self._db.execute("PRAGMA cache_size=-1024")
        (layout,) = self._db.execute("PRAGMA user_version").fetchone()
        (owner,) = self._db.execute("PRAGMA application_id").fetchone()
        if owner not in (0, _APPLICATION_ID):
            raise OutboxError(f"{self.path} is a database of another program: set [outbox] path to a file of its own")
        if layout > _LAYOUT:
            raise OutboxError(
                f"the outbox {self.path} was written by a newer version (layout {layout}, this one reads {_LAYOUT}):"
                " run that version, or move the file away"
            )
        if layout < _LAYOUT:
            self._db.executescript(
                f"BEGIN; {_MAKE[layout]} PRAGMA application_id={_APPLICATION_ID}; PRAGMA user_version={_LAYOUT};"
                " COMMIT;"
            )
        if max_pages is not None:
            self._db.execute(f"PRAGMA max_page_count={max_pages}").fetchall()

    def _lengthen(self) -> None:
        """Give the log its length at once, in zeros: SQLite reads a log up to the first frame that is none."""
        log = self.path.with_name(f"{self.path.name}-wal")
        with contextlib.suppress(OSError), log.open("r+b") as written:  # without it the log grows as it is needed
            held = written.seek(0, os.SEEK_END)
            if held < _LOG_BYTES:
                written.write(bytes(_LOG_BYTES - held))
                written.flush()
                os.fsync(written.fileno())

    def _close_to_others(self) -> None:
        """What an older version, or SQLite behind a link, made with the umask's mode."""
        for tail in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):  # not there, or not ours
                self.path.with_name(self.path.name + tail).chmod(0o600)

    def _count(self) -> Counts:
        rows, size, last, alerts = self._db.execute(
            "SELECT count(*), coalesce(sum(size), 0), coalesce(max(position), 0), count(*) FILTER (WHERE priority > 0)"
            " FROM message INDEXED BY by_priority"
        ).fetchone()
        counters: dict[str, int] = dict(self._db.execute("SELECT name, value FROM counter"))
        return Counts(rows, size, last, counters.get("sequence", 0), LivedNs(counters.get("lived_ns", 0)), alerts)

    def _oldest(self, priority: Priority) -> list["_Kept"]:
        found = self._db.execute(
            "SELECT position, kind, lived_ns, size FROM message INDEXED BY by_priority"
            f" WHERE priority = ? ORDER BY position LIMIT {_EVICT_AT_ONCE}",
            (int(priority),),
        ).fetchall()
        return [_Kept(*columns) for columns in found]

    def _drop(self, chosen: Sequence["_Kept"]) -> Counter[str]:
        if chosen:
            self.write((), [row.position for row in chosen], 0, self.counts.lived_ns, durable=False)
        return Counter(row.kind for row in chosen)


class _Kept(NamedTuple):
    position: int
    kind: str
    lived_ns: int
    size: int


def _days(settings: OutboxSettings) -> tuple[tuple[Priority, float], ...]:
    return (Priority.REPORT, settings.report_days), (Priority.ALERT, settings.alert_days)


def _too_old(oldest: list[_Kept], before: int) -> list[_Kept]:
    return list(takewhile(lambda row: row.lived_ns <= before, oldest))


def _make(path: Path) -> None:
    """Directory and file for their owner alone, whatever the umask; SQLite gives the files beside it mode and owner.

    A directory that is there, such as an operator's own, stays as it is.
    """
    try:
        private_folder(path.parent)
    except OSError as error:
        raise OutboxError(f"the outbox {path} cannot be made: {error.strerror}: set [outbox] path") from error
    with contextlib.suppress(OSError):  # it is there, or SQLite will say better why it cannot be
        # Never opened where it is there: to close any descriptor of a file ends this process's locks on it.
        os.close(new_private(Path(os.path.realpath(path))))


def _columns(row: Row) -> tuple[int, str, str, int, int, int, bytes, int]:
    size = len(row.payload)
    return row.position, row.id, row.kind, int(row.priority), row.stored_unix_ns, size, row.payload, row.lived_ns


def topics_in(db: sqlite3.Connection) -> set[str]:
    """Topics that were noted."""
    found = db.execute("SELECT substr(name, ?) FROM counter WHERE name LIKE ?", (len(_TOPIC) + 1, f"{_TOPIC}%"))
    return {topic for (topic,) in found.fetchall()}


def row_of(columns: tuple[int, str, str, int, int, bytes, int]) -> Row:
    """A row from its `COLUMNS`; ValueError or TypeError where one is damaged."""
    position, name, kind, priority, stored, payload, lived = columns
    return Row(position, name, kind, Priority(priority), UnixNs(stored), payload, LivedNs(lived))

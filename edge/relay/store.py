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
from edge.relay.settings import OutboxSettings

_APPLICATION_ID = 0x76616775
_LAYOUT = 1
_CLOCK_SET_NS = 1_704_067_200 * SECOND
"""2024-01-01: a row stamped earlier was stored by a machine that did not know the time, so its age is unknown."""
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
    payload BLOB NOT NULL
) STRICT;
-- Everything that counting and dropping ask for stands in the index, so neither reads the payloads.
CREATE INDEX by_priority ON message (priority, position, stored_unix_ns, size, kind);
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"""


_COLUMNS = "position, id, kind, priority, stored_unix_ns, payload"


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
    payload: bytes


@dataclass(frozen=True, slots=True)
class Counts:
    """What a file holds."""

    rows: int
    bytes: int
    last_position: int
    sequence: int


class Store:
    """One open outbox file. Used from one thread; every method may raise sqlite3.Error.

    Locked for this process alone: a second daemon on the same file is refused with OutboxError.
    """

    def __init__(self, settings: OutboxSettings, *, max_pages: int | None = None) -> None:
        """Open or make the file; ``max_pages`` bounds it as a full disk would."""
        self.path = Path(settings.path)
        self._settings = settings
        self._durable: bool = True
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutboxError(f"the outbox {self.path} cannot be made: {error.strerror}: set [outbox] path") from error
        self._db = sqlite3.connect(self.path, isolation_level=None, timeout=0.5, check_same_thread=False)
        try:
            self._prepare(max_pages)
            self._lengthen()
            self.counts = self._count()
        except BaseException:
            self._db.close()
            raise

    def write(self, rows: Sequence[Row], acknowledged: Iterable[int], sequence: int, *, durable: bool) -> None:
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
            gone = [
                size
                for position in acknowledged
                for (size,) in self._db.execute("DELETE FROM message WHERE position = ? RETURNING size", (position,))
            ]
            self._db.executemany("INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?, ?, ?)", map(_columns, rows))
            if sequence > self.counts.sequence:
                self._db.execute("INSERT OR REPLACE INTO counter VALUES ('sequence', ?)", (sequence,))
            self._db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise
        self.counts = Counts(
            self.counts.rows + len(rows) - len(gone),
            self.counts.bytes + sum(len(row.payload) for row in rows) - sum(gone),
            max(self.counts.last_position, rows[-1].position if rows else 0),
            max(self.counts.sequence, sequence),
        )

    def evict(self, now: UnixNs) -> dict[str, int]:
        """Drop what the bounds no longer allow; how many of each kind left.

        Too old leaves first, then, while there is too much, the oldest of the lowest priority.
        """
        gone: Counter[str] = Counter()
        for priority, days in _days(self._settings):
            while old := _too_old(self._oldest(priority), now - round(days * _DAY_NS)):
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
            f"SELECT {_COLUMNS} FROM message WHERE position > ? ORDER BY position LIMIT ?", (after, limit)
        ).fetchall()
        return [_row(columns) for columns in found]

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
                f"BEGIN; {_SCHEMA} PRAGMA application_id={_APPLICATION_ID}; PRAGMA user_version={_LAYOUT}; COMMIT;"
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

    def _count(self) -> Counts:
        rows, size, last = self._db.execute(
            "SELECT count(*), coalesce(sum(size), 0), coalesce(max(position), 0) FROM message INDEXED BY by_priority"
        ).fetchone()
        found = self._db.execute("SELECT value FROM counter WHERE name = 'sequence'").fetchone()
        return Counts(rows, size, last, found[0] if found else 0)

    def _oldest(self, priority: Priority) -> list["_Kept"]:
        found = self._db.execute(
            "SELECT position, kind, stored_unix_ns, size FROM message INDEXED BY by_priority"
            f" WHERE priority = ? ORDER BY position LIMIT {_EVICT_AT_ONCE}",
            (int(priority),),
        ).fetchall()
        return [_Kept(*columns) for columns in found]

    def _drop(self, chosen: Sequence["_Kept"]) -> Counter[str]:
        if chosen:
            self.write((), [row.position for row in chosen], 0, durable=False)
        return Counter(row.kind for row in chosen)


class _Kept(NamedTuple):
    position: int
    kind: str
    stored_unix_ns: int
    size: int


def _days(settings: OutboxSettings) -> tuple[tuple[Priority, float], ...]:
    return (Priority.REPORT, settings.report_days), (Priority.ALERT, settings.alert_days)


def _too_old(oldest: list[_Kept], before: int) -> list[_Kept]:
    return [
        row
        for row in takewhile(lambda row: row.stored_unix_ns <= before, oldest)
        if row.stored_unix_ns >= _CLOCK_SET_NS
    ]


def rescue(path: Path) -> tuple[list[Row], int]:
    """What can still be read of a corrupted file, from its front and from its back: rows in order, and the sequence."""
    rows: dict[int, Row] = {}
    sequence = 0
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True)) as db:
        for order in ("ASC", "DESC"):
            with contextlib.suppress(sqlite3.Error, ValueError, TypeError):
                for columns in db.execute(f"SELECT {_COLUMNS} FROM message ORDER BY position {order}"):
                    if columns[0] in rows:
                        break
                    rows[columns[0]] = _row(columns)
        with contextlib.suppress(sqlite3.Error):
            found = db.execute("SELECT value FROM counter WHERE name = 'sequence'").fetchone()
            sequence = found[0] if found else 0
    return [rows[position] for position in sorted(rows)], sequence


def _columns(row: Row) -> tuple[int, str, str, int, int, int, bytes]:
    size = len(row.payload)
    return row.position, row.id, row.kind, int(row.priority), row.stored_unix_ns, size, row.payload


def _row(columns: tuple[int, str, str, int, int, bytes]) -> Row:
    position, name, kind, priority, stored, payload = columns
    return Row(position, name, kind, Priority(priority), UnixNs(stored), payload)

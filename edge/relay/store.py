"""The outbox's file: rows in order, in one SQLite database that survives kill -9 and power cuts."""

import contextlib
import os
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from edge.clock import SECOND, UnixNs
from edge.relay.aside import DamagedError, close_to_others, make_private, text_or_bytes, whole
from edge.relay.errors import OutboxError
from edge.relay.lifetime import LivedNs
from edge.relay.settings import OutboxSettings

_APPLICATION_ID = 0x76616775
_LAYOUT = 2
_TOPIC = "retained "
"""A counter of this name says that something is retained on the topic behind it."""
_TOPIC_NAME = re.compile(r"[A-Za-z0-9_/-]+")
"""As settings allow them; a broker hangs up on one that is none, at every connection."""
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
    """One open outbox file. Used from one thread; every method may raise sqlite3.Error, where it is damaged, too.

    Locked for this process alone: a second daemon on the same file is refused with OutboxError.
    """

    def __init__(self, settings: OutboxSettings, *, max_pages: int | None = None) -> None:
        """Open or make the file; ``max_pages`` bounds it as a full disk would."""
        self.path = Path(settings.path)
        self._settings = settings
        self._durable: bool = True
        make_private(self.path)
        self._db = sqlite3.connect(self.path, isolation_level=None, timeout=0.5, check_same_thread=False)
        self._db.text_factory = text_or_bytes
        try:
            self._prepare(max_pages)
            self._lengthen()
            close_to_others(self.path)
            self.counts = self._count()
        except BaseException as error:
            self._db.close()
            if isinstance(error, UnicodeDecodeError):  # what SQLite says of a damaged table quotes it
                raise DamagedError("the description of its tables is no text") from error
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
            gone = [whole(size) for position in acknowledged for (size,) in self._db.execute(delete, (position,))]
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
        for priority, days in zip(Priority, (self._settings.report_days, self._settings.alert_days), strict=True):
            before = lived_ns - round(days * _DAY_NS)
            while old := [row for row in self._oldest(priority) if row.lived_ns <= before]:
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
        """The next rows past a position, in order, each as we wrote it."""
        found = self._db.execute(
            f"SELECT {COLUMNS} FROM message WHERE position > ? ORDER BY position LIMIT ?", (after, limit)
        ).fetchall()
        rows = [row_of(columns) for columns in found]
        for before, row in zip((after, *(row.position for row in rows)), rows, strict=False):
            # Of what comes after one out of order a look-up finds nothing; age and order hang on the counts.
            if not before < row.position <= self.counts.last_position or row.lived_ns > self.counts.lived_ns:
                raise DamagedError(f"message {row.position} cannot stand behind {before}, or be of {row.lived_ns} ns")
        if not after and len(rows) != min(limit, self.counts.rows):
            held = self._count()  # a write whose end nobody heard of was written twice, and counted so
            if len(rows) != min(limit, held.rows):
                raise DamagedError(f"{len(rows)} messages are found of {held.rows}")
            self.counts = replace(self.counts, rows=held.rows, bytes=held.bytes)
        return rows

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
            whole(layout)
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

    def _count(self) -> Counts:
        rows, size, last, alerts = self._db.execute(
            "SELECT count(*), coalesce(sum(size), 0), coalesce(max(position), 0), count(*) FILTER (WHERE priority > 0)"
            " FROM message INDEXED BY by_priority"
        ).fetchone()
        counters: dict[object, object] = dict(self._db.execute("SELECT name, value FROM counter"))
        sequence = counters.get("sequence", None if "lived_ns" in counters else 0)  # they are written at once
        lived = LivedNs(whole(counters.get("lived_ns", 0)))
        return Counts(rows, whole(size), whole(last), whole(sequence), lived, alerts)

    def _oldest(self, priority: Priority) -> list["_Kept"]:
        found = self._db.execute(
            "SELECT position, kind, lived_ns, size FROM message INDEXED BY by_priority"
            f" WHERE priority = ? ORDER BY position LIMIT {_EVICT_AT_ONCE}",
            (int(priority),),
        ).fetchall()
        most = self.counts.lived_ns
        return [_Kept(whole(at), str(kind), whole(lived, most), whole(size)) for at, kind, lived, size in found]

    def _drop(self, chosen: Sequence["_Kept"]) -> Counter[str]:
        if chosen:
            left = self.counts.rows - len(chosen)
            self.write((), [row.position for row in chosen], 0, self.counts.lived_ns, durable=False)
            if self.counts.rows != left:  # to go on would never end
                raise DamagedError("the index names messages that are not there")
        return Counter(row.kind for row in chosen)


class _Kept(NamedTuple):
    position: int
    kind: str
    lived_ns: int
    size: int


def _columns(row: Row) -> tuple[int, str, str, int, int, int, bytes, int]:
    size = len(row.payload)
    return row.position, row.id, row.kind, int(row.priority), row.stored_unix_ns, size, row.payload, row.lived_ns


def topics_in(db: sqlite3.Connection) -> set[str]:
    """Topics that were noted, and are some yet."""
    found = db.execute("SELECT substr(name, ?) FROM counter WHERE name LIKE ?", (len(_TOPIC) + 1, f"{_TOPIC}%"))
    return {topic for (topic,) in found.fetchall() if isinstance(topic, str) and _TOPIC_NAME.fullmatch(topic)}


def row_of(columns: tuple[object, ...]) -> Row:
    """A row from its `COLUMNS`; DamagedError where one is not what we wrote."""
    match columns:
        case int(at), str(name), ("alert" | "report") as kind, level, int(stored), bytes(payload), lived:
            priority = Priority(whole(level, max(Priority)))
            return Row(at, name, str(kind), priority, UnixNs(stored), payload, LivedNs(whole(lived)))
        case _:
            raise DamagedError(f"message {columns[0]} is damaged")

"""An outbox file that no daemon has open, corrupted or whole -> what can still be read of it."""

import contextlib
import sqlite3
from pathlib import Path

from edge.relay.lifetime import LivedNs
from edge.relay.store import Row, row_of, topics_in

# Of every layout. No age is believed that stands in a damaged file: the messages begin to age anew.
_COLUMNS = "position, id, kind, priority, stored_unix_ns, payload, {lived_ns:d}"


def noted_topics(path: Path) -> set[str]:
    """Topics where something of us may be retained; none where the file is not there or says nothing."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_opened(path)) as db:
        return topics_in(db)
    return set()


def rescue(path: Path, lived_ns: LivedNs) -> tuple[list[Row], int]:
    """Messages in order, stored as of ``lived_ns``, and the sequence, 0 where it cannot be read.

    The file is read from its front and from its back, up to what is damaged. Raises sqlite3.Error if it is not there.
    """
    rows: dict[int, Row] = {}
    sequence = 0
    columns = _COLUMNS.format(lived_ns=lived_ns)
    with contextlib.closing(_opened(path)) as db:
        for order in ("ASC", "DESC"):
            with contextlib.suppress(sqlite3.Error, ValueError, TypeError):
                for found in db.execute(f"SELECT {columns} FROM message ORDER BY position {order}"):
                    if found[0] in rows:
                        break
                    rows[found[0]] = row_of(found)
        with contextlib.suppress(sqlite3.Error):
            found = db.execute("SELECT value FROM counter WHERE name = 'sequence'").fetchone()
            sequence = found[0] if found else 0
    return [rows[position] for position in sorted(rows)], sequence


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=rw", uri=True)

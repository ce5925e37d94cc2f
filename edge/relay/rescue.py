"""An outbox file that no daemon has open, corrupted or whole -> what can still be read of it."""

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from edge.relay.aside import DamagedError, text_or_bytes, whole
from edge.relay.lifetime import LivedNs
from edge.relay.store import Row, row_of, topics_in

# Of every layout. No age is believed that stands in a damaged file: the messages begin to age anew.
_COLUMNS = "position, id, kind, priority, stored_unix_ns, payload, {lived_ns:d}"
_FAR = 2**53
"""No outbox comes so far: a position past it is damaged."""
_END = 2**63 - 1
"""The last position that SQLite has."""
_UNREADABLE = sqlite3.Error, UnicodeDecodeError
"""What SQLite says of a damaged table quotes it, which may be no text."""


class Rescued(NamedTuple):
    """What could be read of a file."""

    rows: list[Row]
    """In order."""
    left: int
    """Messages known to be in it that could not be saved."""
    sequence: int
    """0 where it cannot be read."""


def noted_topics(path: Path) -> set[str]:
    """Topics where something of us may be retained; none where the file is not there or says nothing."""
    with contextlib.suppress(*_UNREADABLE), contextlib.closing(_opened(path)) as db:
        return topics_in(db)
    return set()


def rescue(path: Path, lived_ns: LivedNs, last: int) -> Rescued:
    """Messages, stored as of ``lived_ns``; ``last`` is the last position that was given, 0 where nobody knows.

    The file is read from its front and from its back, up to a damaged page. A damaged row is passed over; one whose
    position alone cannot be comes last. Raises sqlite3.Error if the file is not there.
    """
    rows: dict[int, Row] = {}
    astray: list[Row] = []
    seen, damaged, sequence = set[int](), 0, 0
    columns = _COLUMNS.format(lived_ns=lived_ns)
    with contextlib.closing(_opened(path)) as db:
        for order in ("ASC", "DESC"):
            known = frozenset(seen)
            for found in _read(db, columns, order):
                if found[0] in known:
                    break
                seen.add(found[0])
                try:
                    row = row_of(found)
                except DamagedError:
                    damaged += 1
                    continue
                if 0 < row.position <= (last or _FAR) and row.position not in rows:
                    rows[row.position] = row
                else:
                    astray.append(row)
        for position, row in enumerate(astray, max((last, *rows)) + 1):
            rows[position] = replace(row, position=position)
        with contextlib.suppress(*_UNREADABLE):
            (held,) = db.execute("SELECT count(*) FROM message INDEXED BY by_priority").fetchone()
            damaged = max(damaged, held - len(rows))
        with contextlib.suppress(*_UNREADABLE):
            found = db.execute("SELECT value FROM counter WHERE name = 'sequence'").fetchone()
            sequence = whole(found[0]) if found else 0
    return Rescued([rows[position] for position in sorted(rows)], damaged, sequence)


def _read(db: sqlite3.Connection, columns: str, order: str) -> Iterator[tuple[Any, ...]]:
    """Every row up to a damaged page."""
    beyond, last = (">", -_END) if order == "ASC" else ("<", _END)
    asked = f"SELECT {columns} FROM message WHERE position {beyond} ? ORDER BY position {order}"
    # sqlite3 gives a row once it has the next one: the last before the damage has to be asked for alone.
    for bound in ("", " LIMIT 1"):
        with contextlib.suppress(*_UNREADABLE):
            for found in db.execute(f"{asked}{bound}", (last,)):
                last = found[0]
                yield found
            return


def _opened(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(f"file:{path}?mode=rw", uri=True)
    db.text_factory = text_or_bytes
    return db

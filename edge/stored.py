"""The state directory in; what in it tells of the person, kind by kind, out: all that export and forget go by."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.baseline_store import FILE as BASELINE
from edge.check import Check
from edge.settings import Settings

RECORDINGS = "recordings"
DEMO = "demo"
"""Where `edge-daemon demo --state` keeps its own."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file about the person."""

    name: str
    says: str
    """What it is and how long it stays, for the person."""
    folders: tuple[Path, ...]
    patterns: tuple[str, ...]
    """Of names in each of the folders."""

    def files(self) -> Iterator[Path]:
        """Those that are there, by name; no links."""
        found = (path for folder in self.folders for pattern in self.patterns for path in folder.glob(pattern))
        yield from sorted({path for path in found if path.is_file() and not path.is_symlink()})


IMPERSONAL = ("bundle-floor", "bundle-floor.partial", "page-token")
"""Files that say nothing of the person: the oldest models that may run, and the key to the page of this run."""


def kinds(settings: Settings) -> tuple[Kind, ...]:
    """Every kind that a daemon of these settings stores."""
    outbox, kept, state = settings.outbox, settings.retention, settings.state_path
    # The operator may have put the outbox on another disk.
    boxes = state / outbox.path, state / DEMO / outbox.path
    return (
        Kind(
            "outbox",
            "Alerts and reports that wait for the broker, and leave once it has them. What cannot be delivered is "
            f"dropped after {outbox.alert_days:g} days (alerts) or {outbox.report_days:g} days (reports), or past "
            f"{outbox.max_mib} MiB.",
            tuple(dict.fromkeys(box.parent for box in boxes)),
            tuple(f"{boxes[0].name}{tail}" for tail in ("", "-wal", "-shm", ".*")),
        ),
        Kind(
            "recordings",
            "What the watch sent while somebody recorded it on purpose (.packets, which `edge-daemon replay` reads), "
            "with consent, tags and notes (.json). Deleted after "
            f"{kept.recording_days:g} days, or, oldest first, past {kept.recordings_mib} MiB.",
            (state / RECORDINGS,),
            ("*.packets", "*.json", "*.new"),
        ),
        Kind(
            "baseline",
            "The person's body at rest, in a few numbers, measured when asked for. Kept until it is measured anew.",
            (state,),
            (f"{BASELINE}*",),
        ),
    )


def in_use(settings: Settings) -> bool:
    """A daemon runs on this state directory: it holds the outbox's lock."""
    path = settings.state_path / settings.outbox.path
    if not os.access(path, os.R_OK):
        return False
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=0)) as db:
            db.execute("SELECT 1 FROM sqlite_master").fetchall()
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    except sqlite3.Error:
        return False  # damaged, which its own room mends
    return False


def stored(settings: Settings) -> Check:
    """How much is kept about the person, and for how long."""
    name = "Stored"
    try:
        sizes = {kind.name: [file.stat().st_size for file in kind.files()] for kind in kinds(settings)}
    except OSError as error:
        return Check(
            name,
            "bad",
            f"{settings.state_path} cannot be looked through: {error.strerror}.",
            "Ask as the daemon's user.",
        )
    parts = [f"{kind} {_amount(size)}" for kind, size in sizes.items() if size]
    limits = f"recordings stay {settings.retention.recording_days:g} days, undelivered alerts "
    limits += f"{settings.outbox.alert_days:g}"
    return Check(name, "good", f"{', '.join(parts) or 'Nothing about the person'}; {limits}. See export-data, forget.")


def _amount(sizes: Sequence[int]) -> str:
    total = sum(sizes)
    return f"{total / 2**20:.1f} MiB" if total >= 2**20 else f"{total / 1024:.0f} KiB"

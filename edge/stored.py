"""The state directory in; what in it tells of the person, kind by kind, out: all that export and forget go by."""

import fcntl
import glob
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from edge.acquaintance import FILE as USUAL
from edge.baseline_store import FILE as BASELINE
from edge.check import Check, parted
from edge.kept_back import FILE as KEPT_BACK
from edge.refusal import RefusalError
from edge.relay.aside import ASIDE
from edge.settings import Settings

RECORDINGS = "recordings"
DEMO = "demo"
"""Where in the state directory `edge-daemon demo` keeps its own."""

_TAILS = ("-wal", "-shm", "")
"""Of SQLite's files; the database last, for the others lead nowhere without it."""
_FLOCK = "hhqqi4x"
"""struct flock of 64-bit Linux: type, whence, start, length, process."""
_LOCKED_FROM, _LOCKED_BYTES = 0x40000000, 512
"""Where SQLite locks a database file (os.h: PENDING_BYTE and the two ranges after it)."""


@dataclass(frozen=True, slots=True)
class Held:
    """One file about the person."""

    file: Path
    name: str
    """As the daemon calls it; what a link leads to may be called otherwise."""
    whose: str
    """Empty for the daemon's, `demo-` for the demo's, which has files of the same names."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file about the person."""

    name: str
    says: str
    """What it is and how long it stays, for the person."""
    folders: tuple[Path, Path]
    """The daemon's, and the demo's."""
    patterns: tuple[str, ...]
    """Of names in each of the folders."""
    followed: str = ""
    """A name in each of them that the operator gave: a link of that name leads to a database of ours."""

    def held(self) -> Iterator[Held]:
        """Those that are there, each once, by folder and name; no links, but where they lead for the name `followed`.

        RefusalError for a folder that cannot be looked through.
        """
        known = set[Path]()
        for whose, folder in zip(("", f"{DEMO}-"), self.folders, strict=True):
            for held in (*self._led_to(folder, whose), *self._plain(folder, whose)):
                if held.file not in known:
                    known.add(held.file)
                    yield held

    def files(self) -> Iterator[Path]:
        """The same, without their names."""
        return (held.file for held in self.held())

    def links(self) -> Iterator[Path]:
        """Links of the name `followed`."""
        places = dict.fromkeys(folder / self.followed for folder in self.folders) if self.followed else ()
        return (place for place in places if place.is_symlink())

    def _led_to(self, folder: Path, whose: str) -> Iterator[Held]:
        for link in self.links():
            if link.parent == folder:
                target = led_to(link)
                beside = {file.name.removeprefix(target.name): file for file in _beginning_with(target)}
                for tail in (*_TAILS, *sorted(tail for tail in beside if tail.startswith(ASIDE))):
                    if tail in beside:
                        yield Held(beside[tail], f"{link.name}{tail}", whose)

    def _plain(self, folder: Path, whose: str) -> Iterator[Held]:
        for path in sorted(_asked_for(folder)):
            if any(fnmatchcase(path.name, each) for each in self.patterns):
                yield Held(path, path.name, whose)


def led_to(link: Path) -> Path:
    """Where a link leads in the end, whether or not anything is there."""
    return Path(os.path.realpath(link))  # Path.resolve raises for a circle


def _beginning_with(file: Path) -> list[Path]:
    return [each for each in _asked_for(file.parent) if each.name.startswith(file.name)]


def _asked_for(folder: Path) -> list[Path]:
    try:
        return plain_files(folder)
    except OSError as error:
        raise RefusalError(
            f"{folder} cannot be looked through ({error.strerror}); run this as the daemon's user"
        ) from error


def plain_files(folder: Path) -> list[Path]:
    """Those in a folder, none where it is not there, no links; OSError for one that cannot be looked through.

    `Path.glob` says none of a folder, too, that is closed to us.
    """
    try:
        with os.scandir(folder) as entries:
            return [folder / entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        return []


IMPERSONAL = (
    "bundle-floor", "bundle-floor.new", "page-token", "page-token.new", "broker-password", "broker-password.new",
    "camera-paused",
)  # fmt: skip
"""Files that say nothing of the person: the oldest models that may run, the keys of this run, a camera at rest."""


def kinds(settings: Settings) -> tuple[Kind, ...]:
    """Every kind that a daemon of these settings stores."""
    outbox, kept, state = settings.outbox, settings.retention, settings.state_path
    both = state, state / DEMO
    # The operator may have put the outbox on another disk.
    boxes = both[0] / outbox.file, both[1] / outbox.file
    return (
        Kind(
            "outbox",
            "Alerts and reports that wait for the broker, and leave once it has them. What cannot be delivered is "
            f"dropped after {outbox.alert_days:g} days (alerts) or {outbox.report_days:g} days (reports), or past "
            f"{outbox.max_mib} MiB.",
            (boxes[0].parent, boxes[1].parent),
            tuple(f"{glob.escape(boxes[0].name)}{tail}" for tail in (*_TAILS, f"{ASIDE}*")),
            boxes[0].name,
        ),
        Kind(
            "recordings",
            "What the watch sent while somebody recorded it on purpose (.packets, which `edge-daemon replay` reads), "
            "with consent, tags and notes (.json). Deleted after "
            f"{kept.recording_days:g} days, or, oldest first, past {kept.recordings_mib} MiB.",
            (both[0] / RECORDINGS, both[1] / RECORDINGS),
            ("*.packets", "*.json", "*.new"),
        ),
        Kind(
            "baseline",
            "The person's body at rest, in a few numbers, measured when asked for. Kept until it is measured anew.",
            both,
            (f"{BASELINE}*",),
        ),
        Kind(
            "usual",
            "What was usual for the person in their last hour: the features of windows, by which later ones are "
            "compared, and how stressed they were held to be. Written every ten minutes and at a stop, for the next "
            f"start; {'nothing is kept' if not kept.usual_days else f'unused it stays {kept.usual_days:g} days'}.",
            both,
            (f"{USUAL}*",),
        ),
        Kind(
            "snooze",
            "How many alerts a snooze that still lasts has kept back, since when, and the reason of the last. Deleted "
            "when its report is told: at its end, or when the daemon is stopped or started.",
            both,
            (f"{KEPT_BACK}*",),
        ),
    )


def in_use(settings: Settings) -> bool:
    """Another process, a daemon, holds the outbox's lock. Asked without touching the file, so nothing is left behind.

    Not for a process that has the outbox open itself: closing any descriptor of a file ends its locks there.
    """
    path = settings.state_path / settings.outbox.file
    try:
        with path.open("rb") as file:
            asked = struct.pack(_FLOCK, fcntl.F_RDLCK, os.SEEK_SET, _LOCKED_FROM, _LOCKED_BYTES, 0)
            found = fcntl.fcntl(file, fcntl.F_OFD_GETLK, asked)
    except OSError:
        return False  # not there, or not ours to read
    return struct.unpack(_FLOCK, found)[0] != fcntl.F_UNLCK


def stored(settings: Settings) -> Check:
    """How much is kept about the person, and for how long."""
    name = "Stored"
    try:
        sizes = {kind.name: [file.stat().st_size for file in kind.files()] for kind in kinds(settings)}
    except RefusalError as error:
        return Check(name, "bad", *parted(error))
    except OSError as error:
        says = f"{settings.state_path} cannot be looked through: {error.strerror}."
        return Check(name, "bad", says, "Ask as the daemon's user.")
    parts = [f"{kind} {_amount(size)}" for kind, size in sizes.items() if size]
    limits = f"recordings stay {settings.retention.recording_days:g} days, undelivered alerts "
    limits += f"{settings.outbox.alert_days:g}"
    return Check(name, "good", f"{', '.join(parts) or 'Nothing about the person'}; {limits}. See export-data, forget.")


def _amount(sizes: Sequence[int]) -> str:
    total = sum(sizes)
    return f"{total / 2**20:.1f} MiB" if total >= 2**20 else f"{total / 1024:.0f} KiB"

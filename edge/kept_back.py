"""What a quiet time kept back -> one small file, whole, until it has been told: a restart must not forget it."""

import logging
from pathlib import Path

import msgspec

from edge.clock import UnixNs
from edge.whole_file import private_folder, sync_folder, write_whole

log = logging.getLogger("vagus")

FILE = "kept-back.json"
_MOST_BYTES = 64 * 1024


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a quiet time kept back."""

    id: str
    """Of its report, which is the same however often a crash makes us tell it."""
    began: UnixNs
    ended: UnixNs
    """When the last was kept back, where nobody saw the end."""
    alerts: int
    """How many would have been raised; 0 when there was nothing to keep back."""
    reason: str
    """Of the last; empty without any."""


def note_kept(state: Path, kept: Kept) -> None:
    """Write it down for the next start. A disk that refuses is told in the log: alerts must not wait for it."""
    try:
        private_folder(state)
        write_whole(state / FILE, msgspec.json.encode(kept))
    except OSError as error:
        log.error("a restart would forget what is kept back: %s cannot be written (%s)", state / FILE, error.strerror)


def read_kept(state: Path) -> Kept | None:
    """What an earlier run had no time to tell; None when there is nothing."""
    try:
        with (state / FILE).open("rb") as file:
            return msgspec.json.decode(file.read(_MOST_BYTES), type=Kept)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:  # msgspec's errors are ValueErrors
        log.error("what was kept back before the restart is lost: %s cannot be read (%s)", state / FILE, error)
        return None


def strike_kept(state: Path) -> None:
    """It has been told: the next start must not tell it again."""
    try:
        (state / FILE).unlink(missing_ok=True)
        sync_folder(state)
    except OSError as error:
        log.error("the next start will tell it again: %s cannot be removed (%s)", state / FILE, error.strerror)

"""Log records in; lines on standard error out: coloured for people, with their priority for journald."""

import logging
import os
import sys
from collections.abc import Mapping
from typing import TextIO

from edge.options import terminal

_PRIORITIES = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (logging.NOTSET, 7))
"""From which level on, and its syslog priority (sd-daemon(3): SD_ERR, SD_WARNING, SD_INFO, SD_DEBUG)."""


class ForJournal(logging.Formatter):
    """`<4>vagus: sentence`; each line of a traceback too, for journald makes an entry of each line."""

    def __init__(self) -> None:
        super().__init__("%(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return prefixed(super().format(record), record.levelno)


def prefixed(text: str, level: int) -> str:
    """Text with its priority before each line."""
    priority = next(priority for least, priority in _PRIORITIES if level >= least)
    return "\n".join(f"<{priority}>{line}" for line in text.splitlines() or [""])


def to_journal(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a stream is the one that systemd has connected to the journal (systemd.exec(5), $JOURNAL_STREAM)."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):  # closed, or no file at all
        return False
    return environment.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def log_to_stderr() -> None:
    """Begin to log, as suits whoever reads standard error."""
    handler: logging.Handler
    if sys.stderr.isatty():
        from rich.logging import RichHandler

        handler = RichHandler(console=terminal(stderr=True), show_path=False, rich_tracebacks=True)
    else:
        handler = logging.StreamHandler()
        plain = logging.Formatter("%(levelname)s %(name)s: %(message)s")
        handler.setFormatter(ForJournal() if to_journal(sys.stderr) else plain)
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("vagus").setLevel(logging.INFO)


def complain(sentence: str) -> None:
    """Why the program ends, as its last word."""
    print(prefixed(sentence, logging.ERROR) if to_journal(sys.stderr) else sentence, file=sys.stderr)

"""Lines for journald carry their priority; lines for anything else do not."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge.log_lines import ForJournal, to_journal

LINES = """
import logging
from edge.log_lines import complain, log_to_stderr
log_to_stderr()
log = logging.getLogger("vagus")
log.setLevel("DEBUG")
log.debug("a"), log.info("b"), log.warning("c"), log.error("d"), log.critical("e")
complain("edge-daemon: f")
"""


def said(out: Path, journal: str) -> list[str]:
    """What a process says whose standard error is a file; ``journal`` is what systemd claims to be the journal."""
    with out.open("w") as file:
        status = os.fstat(file.fileno())
        stream = journal.format(f"{status.st_dev}:{status.st_ino}")
        subprocess.run(
            [sys.executable, "-c", LINES], stderr=file, check=True, env={**os.environ, "JOURNAL_STREAM": stream}
        )
    return out.read_text().splitlines()


def test_under_systemd_each_line_has_its_priority(tmp_path: Path) -> None:
    assert said(tmp_path / "journal", "{}") == [
        "<7>vagus: a", "<6>vagus: b", "<4>vagus: c", "<3>vagus: d", "<3>vagus: e", "<3>edge-daemon: f"
    ]  # fmt: skip


@pytest.mark.parametrize("journal", ["", "1:1"])
def test_a_file_has_the_names_of_levels(journal: str, tmp_path: Path) -> None:
    lines = said(tmp_path / "log", journal)
    assert (lines[2], lines[-1]) == ("WARNING vagus: c", "edge-daemon: f")


def test_each_line_of_a_traceback_is_an_entry() -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        _ = 1 / 0
    error = raised.type, raised.value, raised.tb
    record = logging.LogRecord("vagus", logging.ERROR, __file__, 1, "what now", (), error)
    lines = ForJournal().format(record).splitlines()
    assert len(lines) > 3
    assert all(line.startswith("<3>") for line in lines)


def test_what_is_no_file_is_no_journal(capsys: pytest.CaptureFixture[str]) -> None:
    assert not to_journal(sys.stderr, {"JOURNAL_STREAM": "1:1"})

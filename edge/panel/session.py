"""A session's own words beside its packets: who, with what consent, what was tagged when."""

import re
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.panel.snapshot import PlanWord
from edge.whole_file import write_whole

CONSENT = (
    "I agree that what my watch measures (pulse, ECG or EEG where it has them, skin conductance, skin temperature, "
    "movement) is recorded on this device. It stays there until I or the tester delete it, 90 days at most unless the "
    "device is set otherwise. No picture and no sound is recorded. I can stop at any time, and have the recording "
    "deleted, without giving a reason."
)
"""What the person agrees to. It is written into the recording, so a change of the text shows in each."""
IDENTITY = re.compile(r"[0-9]{8}-[0-9]{6}(-[0-9]{1,3})?")
Line = Annotated[str, Meta(max_length=80)]
Text = Annotated[str, Meta(max_length=4000)]


class Consent(msgspec.Struct, frozen=True):
    """What was agreed to, and when."""

    text: str
    unix_ms: int


class Tag(msgspec.Struct, frozen=True):
    """A word at a moment, in ms of watch time since the first packet."""

    at_ms: int
    word: str


class Session(msgspec.Struct, frozen=True):
    """Everything that is said of a recording; it travels in the first line of the downloaded file."""

    person: str
    """A code, never a name: the form says so."""
    consent: Consent
    started_unix_ms: int
    ended_unix_ms: int | None = None
    ended_by: str = ""
    """`tester`, or the trouble that ended it."""
    tags: tuple[Tag, ...] = ()
    notes: str = ""
    schema: Literal[1] = 1


class Start(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page sends to begin a recording."""

    consent: bool
    person: Line = ""
    notes: Text = ""


class Mark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page sends to tag a moment."""

    word: Annotated[str, Meta(min_length=1, max_length=40)]


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page sends when a tester wants another sampling plan."""

    word: PlanWord


class Notes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page sends when notes were written."""

    notes: Text


def write_session(file: Path, session: Session) -> None:
    """Replace the file whole, readable for its owner alone; a power cut leaves the old or the new one."""
    write_whole(file, msgspec.json.encode(session))


def read_session(file: Path) -> Session | None:
    """None when there is none that can be read."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Session)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None

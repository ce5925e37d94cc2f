"""Packets in while a tester records; one file out that `edge-daemon replay` reads.

On the disk a recording is two files: NAME.packets, written packet by packet as `edge-daemon record` does, so that a
crash costs nothing but the last line; and NAME.json, the session's words. A download is one file: the first line is
the header with the session in it, the packets follow.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from edge.clock import SECOND, Clock
from edge.panel.errors import SessionError
from edge.panel.session import (
    CONSENT,
    IDENTITY,
    Consent,
    Session,
    Start,
    Tag,
    read_session,
    write_session,
)
from edge.whole_file import new_private, private_folder
from firmware_bridge.links import Packet
from firmware_bridge.links.recorder import FORMAT, VERSION, Recorder

LEAST_FREE = 200 * 1024 * 1024
"""Bytes of disk that a recording leaves free: the outbox needs room, too."""
LOOK_EVERY = 256
"""Packets from one look at the disk to the next."""
BEGINS, ENDS, LEFT = "baseline begins", "baseline ends", "baseline cancelled"
MOST_TAGS = 1000
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """One recording on the disk, as the page lists it."""

    name: str
    person: str
    started_unix_ms: int
    size: int
    tags: int
    notes: str
    running: bool


@dataclass(frozen=True, slots=True)
class Running:
    """The recording under way, as the page shows it."""

    name: str
    person: str
    elapsed_s: float
    """Of watch time, since the first packet."""
    packets: int
    tags: tuple[Tag, ...]
    notes: str


class Recordings:
    """A folder of recordings; at most one is being written."""

    def __init__(self, folder: Path, clock: Clock, link: Callable[[], str], at_rest: Callable[[], bool]) -> None:
        """``link`` is what the header says of the watch: its kind of link, no more; ``at_rest``: a baseline runs."""
        self.trouble = ""
        """Why the last recording ended by itself; empty when it did not."""
        self._folder = folder
        self._clock = clock
        self._link = link
        self._at_rest = at_rest
        self._name = ""
        self._session: Session | None = None
        self._recorder: Recorder | None = None
        self._first_ns: int | None = None
        self._last_ns = 0
        self._resting = False

    def start(self, asked: Start) -> str:
        """Begin a recording and return its name; SessionError without consent, room, or while one runs."""
        if self._session is not None:
            raise SessionError("a recording is running; stop it first")
        if not asked.consent:
            raise SessionError("nothing is recorded without consent; read the text to the person and tick the box")
        try:
            private_folder(self._folder)
            free = shutil.disk_usage(self._folder).free
        except OSError as error:
            raise SessionError(f"cannot record into {self._folder}: {error.strerror}") from error
        if free < LEAST_FREE:
            raise SessionError(f"only {free // 2**20} MiB are free on the disk; delete recordings you have downloaded")
        unix_ms = self._clock.wall() // 1_000_000
        self._name = self._new_name(unix_ms)
        session = Session(asked.person.strip(), Consent(CONSENT, unix_ms), unix_ms, notes=asked.notes)
        packets, words = self._file(self._name, "packets"), self._file(self._name, "json")
        try:
            os.close(new_private(packets))
            write_session(words, session)
            self._recorder = Recorder(packets, self._link()).__enter__()
        except OSError as error:
            for begun in (packets, words):
                with contextlib.suppress(OSError):
                    begun.unlink()
            raise SessionError(f"cannot record into {self._folder}: {error.strerror}") from error
        self._session = session
        self._first_ns, self._last_ns, self._resting, self.trouble = None, 0, False, ""
        return self._name

    def keep(self, packet: Packet) -> None:
        """Write one packet, stamped with stream time; a disk that takes no more ends the recording, nothing else."""
        if self._recorder is None:
            return
        if self._first_ns is None:
            self._first_ns = packet.arrived_ns
        self._last_ns = packet.arrived_ns - self._first_ns
        try:
            self._recorder.keep(packet)
            if self._recorder.kept % LOOK_EVERY == 0 and shutil.disk_usage(self._folder).free < LEAST_FREE:
                self._end("the disk is nearly full")
                return
            if self._resting and not self._at_rest():
                self._resting = False
                self.tag(ENDS)
        except OSError as error:
            self._end(f"the disk took no more: {error.strerror}")
        except SessionError as error:
            self.trouble = str(error)

    def tag(self, word: str) -> None:
        """Put a word at this moment; SessionError when nothing is being recorded."""
        session = self._current()
        if len(session.tags) >= MOST_TAGS:
            raise SessionError(f"a recording holds at most {MOST_TAGS} tags; start another one")
        self._save(msgspec.structs.replace(session, tags=(*session.tags, Tag(self._last_ns // 1_000_000, word))))

    def rest(self, *, begins: bool) -> None:
        """Tag that a baseline begins or was left, if something is being recorded; one that is done is tagged here."""
        if self._session is not None and (begins or self._resting):
            self.tag(BEGINS if begins else LEFT)
            self._resting = begins

    def note(self, notes: str) -> None:
        """Replace the notes; SessionError when nothing is being recorded."""
        self._save(msgspec.structs.replace(self._current(), notes=notes))

    def stop(self) -> str:
        """End the recording and return its name; SessionError when there is none."""
        self._current()
        name = self._name
        self._end("tester")
        return name

    def close(self) -> None:
        """End what is running: the daemon stops."""
        if self._session is not None:
            self._end("the daemon stopped")

    @property
    def running(self) -> Running | None:
        if self._session is None or self._recorder is None:
            return None
        s = self._session
        return Running(self._name, s.person, round(self._last_ns / SECOND, 1), self._recorder.kept, s.tags, s.notes)

    def list(self) -> list[Kept]:
        """Newest first."""
        if not self._folder.is_dir():
            return []
        names = sorted((file.stem for file in self._folder.glob("*.packets")), reverse=True)
        kept: list[Kept] = []
        for name in names:
            if IDENTITY.fullmatch(name):
                with contextlib.suppress(FileNotFoundError):  # too old by now: it was just deleted
                    kept.append(self._kept(name))
        return kept

    def read(self, name: str) -> Generator[bytes]:
        """A recording as one file, piece by piece; SessionError when there is none of that name."""
        packets = self._known(name)
        session = read_session(self._file(name, "json"))
        return _merge(packets, {} if session is None else {"session": msgspec.to_builtins(session)})

    def delete(self, name: str) -> None:
        """Remove a recording for good; SessionError when it is running or not there."""
        packets = self._known(name)
        if self._session is not None and name == self._name:
            raise SessionError("this recording is running; stop it first")
        try:
            self._file(name, "json").unlink(missing_ok=True)
            packets.unlink(missing_ok=True)  # last: without packets nothing lists the words
        except OSError as error:
            raise SessionError(f"{name} cannot be deleted: {error.strerror}") from error

    def _kept(self, name: str) -> Kept:
        session = read_session(self._file(name, "json"))
        size = self._file(name, "packets").stat().st_size
        running = self._session is not None and name == self._name
        if session is None:
            return Kept(name, "", 0, size, 0, "its notes cannot be read; the packets can", running)
        return Kept(name, session.person, session.started_unix_ms, size, len(session.tags), session.notes, running)

    def _known(self, name: str) -> Path:
        """The packets of a recording; the name is checked before it becomes part of a path."""
        if not IDENTITY.fullmatch(name) or not self._file(name, "packets").is_file():
            raise SessionError("there is no recording of that name; open the list again")
        return self._file(name, "packets")

    def _current(self) -> Session:
        if self._session is None:
            raise SessionError("nothing is being recorded; start a recording first")
        return self._session

    def _save(self, session: Session) -> None:
        self._session = session
        try:
            write_session(self._file(self._name, "json"), session)
        except OSError as error:
            raise SessionError(f"the disk did not take that: {error.strerror}") from error

    def _end(self, by: str) -> None:
        session, recorder = self._current(), self._recorder
        self.trouble = "" if by == "tester" else by
        ended = msgspec.structs.replace(session, ended_unix_ms=self._clock.wall() // 1_000_000, ended_by=by)
        try:
            self._save(ended)
        except SessionError as error:
            self.trouble = f"{by}; {error}"
        finally:
            self._session = self._recorder = None
            self._resting = False
            if recorder is not None:
                with contextlib.suppress(OSError):  # every line that it took was written before
                    recorder.__exit__(None, None, None)

    def _new_name(self, unix_ms: int) -> str:
        at = datetime.fromtimestamp(unix_ms / 1000, UTC).strftime("%Y%m%d-%H%M%S")
        names = (at, *(f"{at}-{n}" for n in range(2, 1000)))
        return next(name for name in names if not self._file(name, "packets").exists())

    def _file(self, name: str, kind: str) -> Path:
        return self._folder / f"{name}.{kind}"


def _merge(packets: Path, words: dict[str, object]) -> Generator[bytes]:
    with packets.open("rb") as file:
        header = _header(file.readline())
        yield json.dumps(header | words, separators=(",", ":")).encode() + b"\n"
        while chunk := file.read(_CHUNK):
            yield chunk


def _header(line: bytes) -> dict[str, object]:
    """The recorder's own header; a plain one where a crash left none."""
    try:
        return msgspec.json.decode(line, type=dict[str, object])
    except msgspec.DecodeError:
        return {"format": FORMAT, "version": VERSION, "address": ""}

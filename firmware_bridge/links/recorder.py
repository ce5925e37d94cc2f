"""Packets of a link, kept as JSON Lines that ``replay:`` reads."""

import contextlib
import json
import os
from io import SEEK_END, FileIO
from pathlib import Path
from types import TracebackType

from firmware_bridge.links import Packet

FORMAT = "vagus-packets"
VERSION = 1


class Recorder:
    """Appends to a file: a header line, then one object a packet (``t`` ns since the first, ``s`` source, ``p`` hex).

    A new one is for its owner alone to read (0600): it holds health data.
    Every line reaches the operating system before ``keep`` returns, so a crash cuts at most the line being written;
    a disk that fills up cuts none.
    An existing recording is continued with a header of its own; a cut last line is closed first.
    """

    def __init__(self, path: Path, address: str) -> None:
        self.kept = 0
        self._path = path
        self._address = address
        self._file: FileIO | None = None
        self._first_ns = 0

    def __enter__(self) -> "Recorder":
        """Open the file and write the header; raise OSError if the disk will not take it."""
        self._file = FileIO(self._path, "a+", opener=_private)
        try:
            if _is_cut(self._file):
                self._file.write(b"\n")
            self._write({"format": FORMAT, "version": VERSION, "address": self._address})
        except OSError:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def keep(self, packet: Packet) -> None:
        """Write one packet; raise OSError if the disk will not take it."""
        if self.kept == 0:
            self._first_ns = packet.arrived_ns
        self._write({"t": packet.arrived_ns - self._first_ns, "s": packet.source, "p": packet.payload.hex()})
        self.kept += 1

    def _write(self, line: dict[str, str | int]) -> None:
        if self._file is None:
            raise ValueError(f"the recording {self._path} is not open; use `with Recorder(path, address)`")
        rest, begun = json.dumps(line, separators=(",", ":")).encode() + b"\n", self._file.seek(0, SEEK_END)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            with contextlib.suppress(OSError):
                self._file.truncate(begun)
            raise


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _is_cut(file: FileIO) -> bool:
    size = file.seek(0, SEEK_END)
    if size == 0:
        return False
    file.seek(size - 1)
    return file.read(1) != b"\n"

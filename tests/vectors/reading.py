"""The vector files as the tests see them: bytes, the message they mean, and where that is said."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import msgspec

from firmware_bridge import codec, messages
from firmware_bridge.messages import Command, Message


@dataclass(frozen=True, slots=True)
class Packet:
    """Bytes and where they come from, or go to if they are a command."""

    name: str
    source: str
    payload: bytes
    command: bool

    def read(self, payload: bytes | None = None) -> Message | Command:
        """What they mean (or what others would mean in their place); raises CodecError."""
        read = codec.decode_command if self.command else codec.decode
        return read(self.source, self.payload if payload is None else payload)


@dataclass(frozen=True, slots=True)
class Vector(Packet):
    """One packet whose meaning is known."""

    message: Message | Command
    one_way: bool
    """These bytes are read, but what is written for the same message is shorter or in order."""


class _Row(TypedDict, total=False):
    hex: str
    means: str
    type: str
    message: dict[str, object]
    one_way: bool
    source: str
    command: bool
    why: str


class _File(TypedDict, total=False):
    format: str
    sources: list[str]
    commands: list[str]
    vectors: list[_Row]
    refused: list[_Row]


def vectors() -> list[Vector]:
    """Every vector of every file."""
    return [
        Vector(*_place(file, row, row.get("means", "")), _message(row), row.get("one_way", False))
        for file in _files()
        for row in file.get("vectors", [])
    ]


def refused() -> list[Packet]:
    """Every packet that must raise CodecError."""
    return [Packet(*_place(file, row, row.get("why", ""))) for file in _files() for row in file.get("refused", [])]


def sources() -> set[str]:
    """Every source of packets that some vector file covers."""
    return {source for file in _files() for source in file.get("sources", [])}


def targets() -> set[str]:
    """Every target of commands that some vector file covers."""
    return {target for file in _files() for target in file.get("commands", [])}


def _place(file: _File, row: _Row, says: str) -> tuple[str, str, bytes, bool]:
    source = row.get("source", file.get("sources", [""])[0])
    return f"{file.get('format')}: {says}", source, bytes.fromhex(row.get("hex", "")), row.get("command", False)


def _files() -> list[_File]:
    paths = sorted(Path(__file__).parent.glob("*.json"))
    return [msgspec.convert(json.loads(path.read_text()), _File) for path in paths]


def _message(row: _Row) -> Message | Command:
    kind: type[Message | Command] = getattr(messages, row.get("type", ""))
    return msgspec.convert(row.get("message"), kind)

"""The vector files as the tests see them: bytes, the message they mean, and where that is said."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import msgspec

from firmware_bridge import messages
from firmware_bridge.messages import Message


@dataclass(frozen=True, slots=True)
class Vector:
    """One packet whose meaning is known."""

    name: str
    source: str
    payload: bytes
    message: Message
    one_way: bool
    """These bytes are read, but what is written for the same message is shorter or in order."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One packet that is wrong."""

    name: str
    source: str
    payload: bytes


class _Row(TypedDict, total=False):
    hex: str
    means: str
    type: str
    message: dict[str, object]
    one_way: bool


class _RefusedRow(TypedDict):
    hex: str
    why: str


class _File(TypedDict):
    format: str
    sources: list[str]
    vectors: list[_Row]
    refused: list[_RefusedRow]


def vectors() -> list[Vector]:
    """Every vector of every file, for the first source of its format."""
    return [
        Vector(
            f"{file['format']}: {row.get('means')}",
            file["sources"][0],
            bytes.fromhex(row.get("hex", "")),
            _message(row),
            row.get("one_way", False),
        )
        for file in _files()
        for row in file["vectors"]
    ]


def refused() -> list[Refused]:
    """Every packet that must raise CodecError."""
    return [
        Refused(f"{file['format']}: {row['why']}", file["sources"][0], bytes.fromhex(row["hex"]))
        for file in _files()
        for row in file["refused"]
    ]


def sources() -> set[str]:
    """Every source that some vector file covers."""
    return {source for file in _files() for source in file["sources"]}


def _files() -> list[_File]:
    paths = sorted(Path(__file__).parent.glob("*.json"))
    return [msgspec.convert(json.loads(path.read_text()), _File) for path in paths]


def _message(row: _Row) -> Message:
    kind: type[Message] = getattr(messages, row.get("type", ""))
    return msgspec.convert(row.get("message"), kind)

"""Empatica's E4 streaming server: one line of text, one message."""

import math

from firmware_bridge.errors import CodecError
from firmware_bridge.messages import E4Command, E4Message, E4Reply, E4Sample, E4Stream

_PREFIX = "E4_"
_VALUES = {E4Stream.ACCELERATION: 3, E4Stream.TAG: 0}
"""How many values a line has; 1 where nothing is said."""
_LARGEST = 4e9
"""No reading is beyond it, nor a time before the year 2096; as nanoseconds it still fits 64 bits."""
_RANGES = {
    E4Stream.HEART_RATE: (0.0, 300.0),
    E4Stream.INTERVAL: (0.0, 60.0),
    E4Stream.BATTERY: (0.0, 1.0),
}
"""Beats/min, seconds, share: what a person, or a battery, can have."""


def decode(line: bytes) -> E4Message:
    """Read one line without its end; raise CodecError if it is neither data nor a reply.

    Numbers may have a decimal comma: the server writes them as its computer's language does.
    """
    try:
        name, *rest = line.decode("ascii").split()
    except (UnicodeDecodeError, ValueError) as error:
        raise CodecError("line is empty or no ASCII", line) from error
    if name == "R" and rest:
        return E4Reply(rest[0], " ".join(rest[1:]))
    try:
        stream = E4Stream(name.removeprefix(_PREFIX))
    except ValueError as error:
        raise CodecError("line of an unknown stream", line) from error
    if not name.startswith(_PREFIX) or len(rest) != 1 + _VALUES.get(stream, 1):
        raise CodecError("data line with a wrong count of numbers", line)
    unix_s, *values = (_number(each, line) for each in rest)
    least, most = _RANGES.get(stream, (-_LARGEST, _LARGEST))
    if unix_s < 0 or any(not least <= value <= most for value in values):
        raise CodecError(f"a time before 1970, or a value that is no {stream}", line)
    return E4Sample(stream, unix_s, tuple(values))


def decode_command(line: bytes) -> E4Command:
    """Read one command as the server does; raise CodecError if it is empty or no ASCII."""
    try:
        command, *arguments = line.decode("ascii").split()
    except (UnicodeDecodeError, ValueError) as error:
        raise CodecError("command is empty or no ASCII", line) from error
    return E4Command(command, tuple(arguments))


def encode(message: E4Message) -> bytes:
    """One line, without its end; raise CodecError if a text is no ASCII."""
    match message:
        case E4Reply():
            return _ascii(f"R {message.command} {message.text}".rstrip())
        case E4Sample():
            return _ascii(" ".join([_PREFIX + message.stream, *map(repr, (message.unix_s, *message.values))]))


def encode_command(command: E4Command) -> bytes:
    """One line, its end included; raise CodecError if a text is no ASCII."""
    return _ascii(" ".join((command.command, *command.arguments))) + b"\r\n"


def _number(text: str, line: bytes) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError as error:
        raise CodecError(f"{text!r} is no number", line) from error
    if not math.isfinite(value):
        raise CodecError(f"{text!r} is no number", line)
    if abs(value) > _LARGEST:
        raise CodecError(f"{text!r} is beyond {_LARGEST:g}", line)
    return value


def _ascii(text: str) -> bytes:
    try:
        return text.encode("ascii")
    except UnicodeEncodeError as error:
        raise CodecError(f"text is no ASCII: {text!r}") from error

"""Bangle.js over Nordic UART: one line of JSON, one message (Espruino, Gadgetbridge.md)."""

import json
import re
from typing import cast

from firmware_bridge import gatt
from firmware_bridge.errors import CodecError
from firmware_bridge.messages import (
    BangleAcceleration,
    BangleAccelerationRequest,
    BangleActivity,
    BangleActivityRequest,
    BangleCommand,
    BangleMessage,
    BangleOther,
    BangleSetTime,
    BangleStatus,
    BangleVersion,
)

Fields = dict[str, object]
_FASTEST_BPM = 300
"""No heart beats faster."""
_LARGEST = 1e15
"""What a float tells from its neighbours."""
_START = "\x10"
"""Tells the console not to echo the line."""
_CALL = re.compile(r"\x10GB\((\{.*\})\)\n?", re.DOTALL)
_SET_TIME = re.compile(r"\x10setTime\((\d{1,15})\);E\.setTimeZone\((-?\d{1,2}(?:\.\d{1,4})?)\);\n?")


def decode(line: bytes) -> BangleMessage:
    """Read one whole line, XON and XOFF taken out; raise CodecError if it is no JSON object with a kind ``t``."""
    fields = _object(line, line)
    match fields.get("t"):
        case "act":
            steps, bpm = _whole(fields, "stp", line), _whole(fields, "hrm", line, _FASTEST_BPM)
            return BangleActivity(bpm, steps, fields.get("rt") == 1, _whole(fields, "ts", line))
        case "status":
            battery = _whole(fields, "bat", line, 100)
            if battery is None:
                raise CodecError("status without a battery level", line)
            return BangleStatus(battery, _number(fields, "volt", line), fields.get("chg") == 1)
        case "accel":
            return _decode_acceleration(fields, line)
        case "ver":
            return BangleVersion(_text(fields, "fw", line), _text(fields, "hw", line))
        case str(kind):
            return BangleOther(kind, line.decode().strip("\r\n"))
        case _:
            raise CodecError("line without a kind", line)


def decode_command(line: bytes) -> BangleCommand:
    """Read one line as the watch does; raise CodecError if it is no command that is known here."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise CodecError("command is no UTF-8", line) from error
    if when := _SET_TIME.fullmatch(text):
        return BangleSetTime(int(when[1]), float(when[2]))
    call = _CALL.fullmatch(text)
    if call is None:
        raise CodecError("neither a call of GB nor setTime", line)
    fields = _object(call[1].encode(), line)
    match fields.get("t"):
        case "act":
            interval_s = _whole(fields, "int", line)
            return BangleActivityRequest(fields.get("hrm") is True, fields.get("stp") is True, interval_s or 0)
        case "accelsender":
            return BangleAccelerationRequest(fields.get("enable") is True, _whole(fields, "interval", line) or 0)
        case _:
            raise CodecError("a call of GB that is not known here", line)


def encode(message: BangleMessage) -> tuple[str, bytes]:
    """One line as the watch sends it, without its line end."""
    match message:
        case BangleActivity():
            fields: Fields = {"t": "act", "ts": message.unix_ms, "stp": message.steps, "hrm": message.bpm}
            fields["rt"] = 1 if message.realtime else None
        case BangleStatus():
            charging = 1 if message.charging else 0
            fields = {"t": "status", "bat": message.battery_percent, "volt": message.volts, "chg": charging}
        case BangleAcceleration():
            fields = {"t": "accel", "accel": {"x": message.x, "y": message.y, "z": message.z}}
        case BangleVersion():
            fields = {"t": "ver", "fw": message.firmware, "hw": message.hardware}
        case BangleOther():
            return gatt.UART_FROM_DEVICE, message.line.encode()
    return gatt.UART_FROM_DEVICE, _json({k: v for k, v in fields.items() if v is not None}).encode()


def encode_command(command: BangleCommand) -> tuple[str, bytes]:
    """One line to the watch, its line end included."""
    match command:
        case BangleSetTime():
            text = f"{_START}setTime({command.unix_s});E.setTimeZone({command.zone_h:g});\n"
        case BangleActivityRequest():
            fields: Fields = {"t": "act", "hrm": command.heart, "stp": command.steps, "int": command.interval_s}
            text = f"{_START}GB({_json(fields)})\n"
        case BangleAccelerationRequest():
            fields = {"t": "accelsender", "enable": command.enable, "interval": command.interval_ms}
            text = f"{_START}GB({_json(fields)})\n"
    return gatt.UART_TO_DEVICE, text.encode()


def _decode_acceleration(fields: Fields, line: bytes) -> BangleAcceleration:
    given = fields.get("accel")
    if not isinstance(given, dict):
        raise CodecError("acceleration without its axes", line)
    axes = cast(Fields, given)
    x, y, z = (_number(axes, name, line) for name in "xyz")
    if x is None or y is None or z is None:
        raise CodecError("acceleration without its axes", line)
    return BangleAcceleration(x, y, z)


def _object(text: bytes, line: bytes) -> Fields:
    try:
        said: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CodecError("line is no JSON", line) from error
    if not isinstance(said, dict):
        raise CodecError("line is no JSON object", line)
    return cast(Fields, said)


def _number(fields: Fields, name: str, line: bytes) -> float | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        raise CodecError(f"{name} is no sensible number", line)
    return float(value)


def _whole(fields: Fields, name: str, line: bytes, most: float = _LARGEST) -> int | None:
    """From 0 to ``most``."""
    value = _number(fields, name, line)
    if value is not None and not 0 <= value <= most:
        raise CodecError(f"{name} is not within 0 and {most:.0f}", line)
    return None if value is None else round(value)


def _text(fields: Fields, name: str, line: bytes) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise CodecError(f"{name} is no text", line)
    return value


def _json(fields: Fields) -> str:
    return json.dumps(fields, separators=(",", ":"))

"""Muse 2 and Muse S: one notification, one message; numbers are big-endian."""

import struct
from itertools import chain

from firmware_bridge import gatt
from firmware_bridge.errors import CodecError
from firmware_bridge.messages import (
    MuseAcceleration,
    MuseCommand,
    MuseEeg,
    MuseElectrode,
    MuseLight,
    MuseMessage,
    MusePpg,
    MuseRotation,
    MuseTelemetry,
    MuseText,
)

ELECTRODES = {
    gatt.MUSE_TP9: MuseElectrode.TP9,
    gatt.MUSE_AF7: MuseElectrode.AF7,
    gatt.MUSE_AF8: MuseElectrode.AF8,
    gatt.MUSE_TP10: MuseElectrode.TP10,
    gatt.MUSE_RIGHT_AUX: MuseElectrode.RIGHT_AUX,
}
LIGHTS = {
    gatt.MUSE_PPG_AMBIENT: MuseLight.AMBIENT,
    gatt.MUSE_PPG_INFRARED: MuseLight.INFRARED,
    gatt.MUSE_PPG_RED: MuseLight.RED,
}
SOURCES = (
    *ELECTRODES,
    *LIGHTS,
    gatt.MUSE_ACCELERATION,
    gatt.MUSE_ROTATION,
    gatt.MUSE_TELEMETRY,
    gatt.MUSE_CONTROL,
)
_EEG_SAMPLES = 12
_PPG_SAMPLES = 6


def decode(source: str, payload: bytes) -> MuseMessage:
    """Read one notification; raise CodecError if its length is wrong."""
    if source == gatt.MUSE_CONTROL:
        return _decode_text(payload)
    if source == gatt.MUSE_TELEMETRY:
        if len(payload) < 10:
            raise CodecError("telemetry too short", payload)
        return MuseTelemetry(*struct.unpack_from(">HHHHh", payload))
    if len(payload) != 20:
        raise CodecError("notification is not 20 bytes", payload)
    index = int.from_bytes(payload[:2], "big")
    if source in ELECTRODES:
        packed = int.from_bytes(payload[2:], "big")
        raw = tuple(packed >> 12 * place & 0xFFF for place in range(_EEG_SAMPLES - 1, -1, -1))
        return MuseEeg(ELECTRODES[source], index, raw)
    if source in LIGHTS:
        counts = tuple(int.from_bytes(payload[at : at + 3], "big") for at in range(2, 20, 3))
        return MusePpg(LIGHTS[source], index, counts)
    flat = struct.unpack_from(">9h", payload, 2)
    xyz = tuple(zip(flat[::3], flat[1::3], flat[2::3], strict=True))
    return MuseAcceleration(index, xyz) if source == gatt.MUSE_ACCELERATION else MuseRotation(index, xyz)


def decode_command(payload: bytes) -> MuseCommand:
    """Read a command as the headband does: length, text, line end; raise CodecError if they do not agree."""
    if len(payload) < 2 or payload[0] != len(payload) - 1 or payload[-1:] != b"\n":
        raise CodecError("command whose length does not fit", payload)
    return MuseCommand(_ascii(payload[1:-1], payload))


def encode(message: MuseMessage) -> tuple[str, bytes]:
    """The characteristic, and its bytes; raise CodecError if a number does not fit."""
    try:
        match message:
            case MuseEeg():
                return _key(ELECTRODES, message.electrode), _encode_eeg(message)
            case MusePpg():
                _count(message.counts, _PPG_SAMPLES)
                body = b"".join(count.to_bytes(3, "big") for count in message.counts)
                return _key(LIGHTS, message.light), struct.pack(">H", message.index) + body
            case MuseAcceleration():
                return gatt.MUSE_ACCELERATION, _encode_xyz(message)
            case MuseRotation():
                return gatt.MUSE_ROTATION, _encode_xyz(message)
            case MuseTelemetry():
                fields = (message.index, message.battery_512, message.fuel, message.adc_mv, message.temperature_c)
                return gatt.MUSE_TELEMETRY, struct.pack(">HHHHh", *fields)
            case MuseText():
                return gatt.MUSE_CONTROL, bytes([len(message.text)]) + message.text.encode("ascii")
    except (struct.error, OverflowError, ValueError) as error:
        raise CodecError(f"message does not fit its fields: {message}") from error


def encode_command(command: MuseCommand) -> bytes:
    """Length, text, line end; raise CodecError if the text is no ASCII or too long."""
    try:
        return bytes([len(command.text) + 1]) + command.text.encode("ascii") + b"\n"
    except ValueError as error:
        raise CodecError(f"command does not fit: {command}") from error


def _decode_text(payload: bytes) -> MuseText:
    if not payload or payload[0] >= len(payload):
        raise CodecError("text shorter than it says", payload)
    return MuseText(_ascii(payload[1 : 1 + payload[0]], payload))


def _ascii(text: bytes, payload: bytes) -> str:
    try:
        return text.decode("ascii")
    except UnicodeDecodeError as error:
        raise CodecError("text is no ASCII", payload) from error


def _encode_eeg(message: MuseEeg) -> bytes:
    _count(message.raw, _EEG_SAMPLES)
    packed = 0
    for value in message.raw:
        if not 0 <= value < 1 << 12:
            raise CodecError(f"EEG sample {value} does not fit 12 bits")
        packed = packed << 12 | value
    return struct.pack(">H", message.index) + packed.to_bytes(18, "big")


def _encode_xyz(message: MuseAcceleration | MuseRotation) -> bytes:
    flat = tuple(chain.from_iterable(message.xyz))
    _count(flat, 9)
    return struct.pack(">H9h", message.index, *flat)


def _count(samples: tuple[int, ...], count: int) -> None:
    if len(samples) != count:
        raise CodecError(f"a notification holds {count} numbers, got {len(samples)}")


def _key(names: dict[str, MuseElectrode] | dict[str, MuseLight], value: MuseElectrode | MuseLight) -> str:
    return next(source for source, name in names.items() if name is value)

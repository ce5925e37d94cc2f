"""Polar's control point (PMD): commands out, answers in (Polar BLE SDK, online_measurement.pdf)."""

import struct
from enum import IntEnum
from typing import TypeVar

from firmware_bridge.errors import CodecError
from firmware_bridge.messages import (
    PolarAnswer,
    PolarCommand,
    PolarControl,
    PolarFeatures,
    PolarMeasurement,
    PolarOperation,
    PolarSetting,
    PolarSettingKind,
    PolarStatus,
    PolarStopped,
)

_FEATURES = 0x0F
_ANSWER = 0xF0
_STOPPED = 0x01
_TYPE_MASK = 0x3F
_VALUE_BYTES = {
    PolarSettingKind.RATE_HZ: 2,
    PolarSettingKind.RESOLUTION_BITS: 2,
    PolarSettingKind.RANGE: 2,
    PolarSettingKind.RANGE_MILLI: 4,
    PolarSettingKind.CHANNELS: 1,
    PolarSettingKind.FACTOR: 4,
}
_WITH_SETTINGS = (PolarOperation.GET_SETTINGS, PolarOperation.START, PolarOperation.GET_SDK_SETTINGS)
Kind = TypeVar("Kind", bound=IntEnum)


def decode(payload: bytes) -> PolarControl:
    """Read what the control point says: an answer, an unasked stop, or (when it is read) its features.

    Raises CodecError if it is none of them, or names an operation, measurement, status or setting that is unknown.
    """
    if not payload:
        raise CodecError("empty control point value", payload)
    if payload[0] == _ANSWER:
        return _decode_answer(payload)
    if payload[0] == _STOPPED:
        types = (byte & _TYPE_MASK for byte in payload[1:])
        return PolarStopped(tuple(_known(PolarMeasurement, each, payload) for each in types))
    if payload[0] == _FEATURES and len(payload) >= 3:
        return PolarFeatures(payload[1], payload[2], payload[3:])
    raise CodecError("control point value of an unknown kind", payload)


def decode_command(payload: bytes) -> PolarCommand:
    """Read a command as the sensor does; raise CodecError if there is none."""
    if len(payload) < 2:
        raise CodecError("control point command too short", payload)
    operation = _known(PolarOperation, payload[0], payload)
    measurement = _known(PolarMeasurement, payload[1] & _TYPE_MASK, payload)
    return PolarCommand(operation, measurement, _decode_settings(payload, 2))


def encode(message: PolarControl) -> bytes:
    """The bytes that the control point would send; raise CodecError if a number does not fit."""
    match message:
        case PolarFeatures():
            return _bytes([_FEATURES, message.measurements, message.extras]) + message.rest
        case PolarStopped():
            return _bytes([_STOPPED, *message.measurements])
        case PolarAnswer():
            head = [_ANSWER, message.operation, message.measurement, message.status]
            if message.status is not PolarStatus.OK:
                return _bytes(head)
            return _bytes([*head, message.more]) + _encode_settings(message.settings)


def encode_command(command: PolarCommand) -> bytes:
    """The bytes of one command; raise CodecError if a value does not fit its setting."""
    return _bytes([command.operation, command.measurement]) + _encode_settings(command.settings)


def _decode_answer(payload: bytes) -> PolarAnswer:
    if len(payload) < 4:
        raise CodecError("control point answer too short", payload)
    operation = _known(PolarOperation, payload[1], payload)
    measurement = _known(PolarMeasurement, payload[2] & _TYPE_MASK, payload)
    status = _known(PolarStatus, payload[3], payload)
    if status is not PolarStatus.OK:
        return PolarAnswer(operation, measurement, status)
    more = len(payload) > 4 and bool(payload[4])
    # Status operations answer with something else than settings; nothing here asks for it.
    settings = _decode_settings(payload, 5) if operation in _WITH_SETTINGS else ()
    return PolarAnswer(operation, measurement, status, more, settings)


def _decode_settings(payload: bytes, at: int) -> tuple[PolarSetting, ...]:
    settings: list[PolarSetting] = []
    while at < len(payload):
        if at + 2 > len(payload):
            raise CodecError("setting too short", payload)
        kind, count = _known(PolarSettingKind, payload[at], payload), payload[at + 1]
        size = _VALUE_BYTES[kind]
        end = at + 2 + size * count
        if end > len(payload):
            raise CodecError(f"setting {kind.name.lower()} shorter than its {count} values", payload)
        values = (int.from_bytes(payload[each : each + size], "little") for each in range(at + 2, end, size))
        settings.append(PolarSetting(kind, tuple(values)))
        at = end
    return tuple(settings)


def _encode_settings(settings: tuple[PolarSetting, ...]) -> bytes:
    try:
        return b"".join(
            struct.pack("<BB", setting.kind, len(setting.values))
            + b"".join(value.to_bytes(_VALUE_BYTES[setting.kind], "little") for value in setting.values)
            for setting in settings
        )
    except (struct.error, OverflowError) as error:
        raise CodecError(f"settings do not fit their fields: {settings}") from error


def _bytes(values: list[int]) -> bytes:
    try:
        return bytes(values)
    except ValueError as error:
        raise CodecError(f"control point bytes must be 0 to 255, got {values}") from error


def _known(kind: type[Kind], value: int, payload: bytes) -> Kind:
    try:
        return kind(value)
    except ValueError as error:
        raise CodecError(f"unknown {kind.__name__} {value}", payload) from error

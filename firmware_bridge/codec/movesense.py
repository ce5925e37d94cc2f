"""Movesense GSP: one notification, one message, by the reference numbers that we give out (verify on a device)."""

import itertools
import math
import struct
from collections.abc import Iterable

from firmware_bridge.errors import CodecError
from firmware_bridge.messages import (
    MovesenseAcceleration,
    MovesenseAnswer,
    MovesenseCommand,
    MovesenseEcg,
    MovesenseHeartRate,
    MovesenseHello,
    MovesenseInertia,
    MovesenseMessage,
    MovesenseOperation,
    MovesenseOther,
    MovesenseReference,
    MovesenseTemperature,
)

_ANSWER, _DATA, _DATA_PART_2 = 1, 2, 3
_FASTEST_BPM = 300
"""No heart beats faster."""
_KELVIN = (173, 473)
"""-100 to 200 degC: more than the sensor stands."""

Triple = tuple[float, float, float]


def decode(payload: bytes) -> MovesenseMessage:
    """Read one notification; raise CodecError if it is too short, of an unknown kind, or holds what is no number."""
    if len(payload) < 2:
        raise CodecError("notification too short", payload)
    kind, reference = payload[0], payload[1]
    if kind == _ANSWER and reference == MovesenseReference.HELLO:
        return _decode_hello(payload)
    if kind == _ANSWER:
        if len(payload) < 4:
            raise CodecError("answer without a status", payload)
        return MovesenseAnswer(reference, int.from_bytes(payload[2:4], "little"), payload[4:])
    if kind == _DATA:
        return _decode_data(payload, reference)
    if kind == _DATA_PART_2:
        return MovesenseOther(kind, reference, payload[2:])
    raise CodecError("notification of an unknown kind", payload)


def decode_command(payload: bytes) -> MovesenseCommand:
    """Read a command as the sensor does; raise CodecError if there is none."""
    if len(payload) < 2:
        raise CodecError("command too short", payload)
    try:
        operation = MovesenseOperation(payload[0])
    except ValueError as error:
        raise CodecError("command of an unknown operation", payload) from error
    return MovesenseCommand(operation, payload[1], payload[2:])


def encode(message: MovesenseMessage) -> bytes:
    """The bytes of one notification; raise CodecError if a number does not fit."""
    try:
        match message:
            case MovesenseHello():
                texts = b"".join(text.encode() + b"\0" for text in message.texts)
                return struct.pack("<BBB", _ANSWER, MovesenseReference.HELLO, message.protocol) + texts
            case MovesenseAnswer():
                return struct.pack("<BBH", _ANSWER, message.reference, message.status) + message.data
            case MovesenseOther():
                return struct.pack("<BB", message.kind, message.reference) + message.data
            case MovesenseEcg():
                count = len(message.microvolts)
                return _data(MovesenseReference.ECG, f"I{count}h", message.tick_ms, *message.microvolts)
            case MovesenseAcceleration():
                return _triples(MovesenseReference.ACCELERATION, message.tick_ms, message.xyz)
            case MovesenseInertia():
                both = (*message.acceleration, *message.rotation)
                return _triples(MovesenseReference.INERTIA, message.tick_ms, both)
            case MovesenseHeartRate():
                count = len(message.rr_ms)
                return _data(MovesenseReference.HEART_RATE, f"f{count}H", message.bpm, *message.rr_ms)
            case MovesenseTemperature():
                return _data(MovesenseReference.TEMPERATURE, "f", message.kelvin)
    except (struct.error, OverflowError) as error:
        raise CodecError(f"number does not fit its field: {message}") from error


def encode_command(command: MovesenseCommand) -> bytes:
    """The bytes of one command; raise CodecError if the reference does not fit."""
    try:
        return struct.pack("<BB", command.operation, command.reference) + command.argument
    except struct.error as error:
        raise CodecError(f"command does not fit its fields: {command}") from error


def _decode_hello(payload: bytes) -> MovesenseHello:
    if len(payload) < 3:
        raise CodecError("hello without a protocol version", payload)
    try:
        texts = payload[3:].decode()
    except UnicodeDecodeError as error:
        raise CodecError("hello that is no UTF-8", payload) from error
    return MovesenseHello(payload[2], tuple(texts.removesuffix("\0").split("\0")) if texts else ())


def _decode_data(payload: bytes, reference: int) -> MovesenseMessage:
    body = payload[2:]
    match reference:
        case MovesenseReference.ECG:
            tick_ms, samples = _ticked(payload, 2)
            return MovesenseEcg(tick_ms, struct.unpack(f"<{len(samples) // 2}h", samples))
        case MovesenseReference.ACCELERATION:
            tick_ms, samples = _ticked(payload, 12)
            return MovesenseAcceleration(tick_ms, _floats(samples, payload))
        case MovesenseReference.INERTIA:
            tick_ms, samples = _ticked(payload, 24)
            half = len(samples) // 2
            return MovesenseInertia(tick_ms, _floats(samples[:half], payload), _floats(samples[half:], payload))
        case MovesenseReference.HEART_RATE:
            if len(body) < 4 or len(body) % 2:
                raise CodecError("heart rate of a wrong length", payload)
            bpm, *rr_ms = struct.unpack(f"<f{(len(body) - 4) // 2}H", body)
            return MovesenseHeartRate(_within(bpm, 0, _FASTEST_BPM, payload), tuple(rr_ms))
        case MovesenseReference.TEMPERATURE:
            if len(body) != 4:
                raise CodecError("temperature of a wrong length", payload)
            return MovesenseTemperature(_within(struct.unpack("<f", body)[0], *_KELVIN, payload))
        case _:
            return MovesenseOther(_DATA, reference, body)


def _ticked(payload: bytes, size: int) -> tuple[int, bytes]:
    """The device's milliseconds, and the samples behind it."""
    if len(payload) < 6 or (len(payload) - 6) % size:
        raise CodecError(f"samples are not {size} bytes each", payload)
    return int.from_bytes(payload[2:6], "little"), payload[6:]


def _floats(samples: bytes, payload: bytes) -> tuple[Triple, ...]:
    flat = [_finite(value, payload) for (value,) in struct.iter_unpack("<f", samples)]
    return tuple(zip(flat[::3], flat[1::3], flat[2::3], strict=True))


def _finite(value: float, payload: bytes) -> float:
    if not math.isfinite(value):
        raise CodecError("a value is no number", payload)
    return value


def _within(value: float, least: float, most: float, payload: bytes) -> float:
    if not least <= value <= most:
        raise CodecError(f"a value is not within {least:g} and {most:g}", payload)
    return value


def _data(reference: MovesenseReference, layout: str, *values: float) -> bytes:
    return struct.pack(f"<BB{layout}", _DATA, reference, *values)


def _triples(reference: MovesenseReference, tick_ms: int, triples: Iterable[Triple]) -> bytes:
    flat = tuple(itertools.chain.from_iterable(triples))
    return _data(reference, f"I{len(flat)}f", tick_ms, *flat)

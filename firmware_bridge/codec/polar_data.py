"""Polar's data frames (PMD): ECG, acceleration, pulse wave and beat intervals, raw and compressed."""

import struct
from collections.abc import Iterable, Iterator, Sequence

from firmware_bridge.codec import triples
from firmware_bridge.errors import CodecError
from firmware_bridge.messages import (
    PolarAcceleration,
    PolarBeat,
    PolarData,
    PolarEcg,
    PolarHead,
    PolarIntervals,
    PolarMeasurement,
    PolarPpg,
)

_HEAD = struct.Struct("<BQB")
_TYPE_MASK = 0x3F
_COMPRESSED = 0x80
_BEAT = struct.Struct("<BHHB")
_MAX_DELTA_BITS = 32
_LATEST_NS = 1 << 62
"""Since 2000. A clock that leaps further leaps past what 64 bits with a sign hold."""

Blocks = tuple[tuple[int, int], ...]
Rows = tuple[tuple[int, ...], ...]

# Bytes of one channel, by frame type: raw, and in a compressed frame's reference sample (Polar SDK, AccData, PpgData).
_ACC_RAW = {0: 1, 1: 2, 2: 3}
_ACC_COMPRESSED = {0: 2, 1: 2}
_PPG_BYTES = 3


def decode(payload: bytes) -> PolarData:
    """Read one frame; raise CodecError if its length, type or layout is not known or not right."""
    if len(payload) < _HEAD.size:
        raise CodecError("data frame too short for its head", payload)
    measurement, time_ns, layout = _HEAD.unpack_from(payload)
    if time_ns > _LATEST_NS:
        raise CodecError("data frame with a time beyond the year 2146", payload)
    frame_type, compressed = layout & ~_COMPRESSED, bool(layout & _COMPRESSED)
    match measurement & _TYPE_MASK, compressed, frame_type:
        case PolarMeasurement.ECG, False, 0:
            return PolarEcg(PolarHead(time_ns, 0), _flat(_body(payload, 3), 3))
        case PolarMeasurement.ACCELERATION, False, 0 | 1 | 2:
            size = _ACC_RAW[frame_type]
            flat = _flat(_body(payload, 3 * size), size)
            return PolarAcceleration(
                PolarHead(time_ns, frame_type), tuple(zip(flat[::3], flat[1::3], flat[2::3], strict=True))
            )
        case PolarMeasurement.ACCELERATION, True, 0 | 1:
            rows, blocks = _unpack(payload, _ACC_COMPRESSED[frame_type], 3)
            return PolarAcceleration(PolarHead(time_ns, frame_type, blocks), tuple((x, y, z) for x, y, z in rows))
        case PolarMeasurement.PPG, False, 0:
            flat = _flat(_body(payload, 4 * _PPG_BYTES), _PPG_BYTES)
            channels = zip(flat[::4], flat[1::4], flat[2::4], flat[3::4], strict=True)
            return PolarPpg(PolarHead(time_ns, 0), tuple(channels))
        case PolarMeasurement.PPG, True, 0:
            rows, blocks = _unpack(payload, _PPG_BYTES, 4)
            return PolarPpg(PolarHead(time_ns, 0, blocks), tuple((a, b, c, d) for a, b, c, d in rows))
        case PolarMeasurement.INTERVALS, False, 0:
            return PolarIntervals(PolarHead(time_ns, 0), tuple(_beats(payload)))
        case _:
            raise CodecError(f"data frame of measurement {measurement} in an unknown layout {layout:#04x}", payload)


def encode(message: PolarData) -> bytes:
    """The bytes of one frame; raise CodecError if a number does not fit, or the layout is none that can be read."""
    try:
        match message:
            case PolarEcg():
                return _head(PolarMeasurement.ECG, message.head) + _join(((v,) for v in message.microvolts), 3)
            case PolarAcceleration():
                sizes = _ACC_RAW if message.head.blocks is None else _ACC_COMPRESSED
                return _rows(PolarMeasurement.ACCELERATION, message.head, message.xyz, sizes[message.head.frame_type])
            case PolarPpg():
                return _rows(PolarMeasurement.PPG, message.head, message.channels, _PPG_BYTES)
            case PolarIntervals():
                beats = (_BEAT.pack(b.bpm, b.interval_ms, b.error_ms, b.flags) for b in message.beats)
                return _head(PolarMeasurement.INTERVALS, message.head) + b"".join(beats)
    except (struct.error, OverflowError, KeyError) as error:
        raise CodecError(f"data frame does not fit its fields: {error}") from error


def _head(measurement: PolarMeasurement, head: PolarHead) -> bytes:
    compressed = 0 if head.blocks is None else _COMPRESSED
    return _HEAD.pack(measurement, head.time_ns, head.frame_type | compressed)


def _beats(payload: bytes) -> Iterator[PolarBeat]:
    body = payload[_HEAD.size :]
    if len(body) % _BEAT.size:
        raise CodecError("beat intervals are not 6 bytes each", payload)
    return (PolarBeat(*fields) for fields in _BEAT.iter_unpack(body))


def _body(payload: bytes, sample_bytes: int) -> bytes:
    body = payload[_HEAD.size :]
    if len(body) % sample_bytes:
        raise CodecError(f"samples are not {sample_bytes} bytes each", payload)
    return body


def _split(body: bytes, size: int, channels: int) -> Rows:
    flat = _flat(body, size)
    return tuple(tuple(flat[at : at + channels]) for at in range(0, len(flat), channels))


def _flat(body: bytes, size: int) -> tuple[int, ...]:
    if size == 3:
        return triples.unpack(body)
    return struct.unpack(f"<{len(body) // size}{'h' if size == 2 else 'b'}", body)


def _join(rows: Iterable[Sequence[int]], size: int) -> bytes:
    return b"".join(value.to_bytes(size, "little", signed=True) for row in rows for value in row)


def _rows(measurement: PolarMeasurement, head: PolarHead, rows: Sequence[Sequence[int]], size: int) -> bytes:
    body = _join(rows, size) if head.blocks is None else _pack(rows, head.blocks, size)
    return _head(measurement, head) + body


def _unpack(payload: bytes, size: int, channels: int) -> tuple[Rows, Blocks]:
    """A reference sample, then blocks of differences, each packed in so many bits, least significant first."""
    at = _HEAD.size + size * channels
    if len(payload) < at:
        raise CodecError("compressed frame too short for its reference sample", payload)
    (last,) = _split(payload[_HEAD.size : at], size, channels)
    rows, blocks = [last], list[tuple[int, int]]()
    while at < len(payload):
        if at + 2 > len(payload):
            raise CodecError("compressed frame ends within a block's head", payload)
        bits, count = payload[at], payload[at + 1]
        end = at + 2 + (bits * count * channels + 7) // 8
        if bits > _MAX_DELTA_BITS or end > len(payload):
            raise CodecError(f"compressed block of {count} samples of {bits} bits does not fit", payload)
        packed, mask, sign = int.from_bytes(payload[at + 2 : end], "little"), (1 << bits) - 1, 1 << bits >> 1
        for _ in range(count):
            row: list[int] = []
            for value in last:
                difference = packed & mask
                packed >>= bits
                row.append(value + difference - (2 * sign if difference & sign else 0))
            last = tuple(row)
            rows.append(last)
        blocks.append((bits, count))
        at = end
    return tuple(rows), tuple(blocks)


def _pack(rows: Sequence[Sequence[int]], blocks: Blocks, size: int) -> bytes:
    if len(rows) != 1 + sum(count for _, count in blocks):
        raise CodecError(f"{len(rows)} samples do not fill the blocks {blocks}")
    out, at = _join(rows[:1], size), 1
    for bits, count in blocks:
        packed = shift = 0
        for before, row in zip(rows[at - 1 :], rows[at : at + count], strict=False):
            for old, new in zip(before, row, strict=True):
                difference = new - old
                # Without bits there is no sign: only the difference 0 fits.
                if not -(1 << bits >> 1) <= difference < max(1 << bits >> 1, 1):
                    raise CodecError(f"difference {difference} does not fit {bits} bits")
                packed |= (difference & ((1 << bits) - 1)) << shift
                shift += bits
        out += struct.pack("<BB", bits, count) + packed.to_bytes((shift + 7) // 8, "little")
        at += count
    return out

"""Our own stream format (STREAM.md): one frame, one message, over BLE, serial and TCP alike."""

import binascii
import itertools
import struct
from collections.abc import Iterable

from firmware_bridge.codec import triples
from firmware_bridge.errors import CodecError
from firmware_bridge.messages import (
    Ecg,
    Motion,
    Pulse,
    RateCommand,
    SkinConductance,
    SkinTemperature,
    Stamp,
    StreamChannel,
    StreamMessage,
)

_HEAD = struct.Struct("<BHIHB")
_COMMAND = struct.Struct("<BH")
_CRC = struct.Struct("<H")
_IS_COMMAND = 0x80

_SAMPLE_BYTES = {
    StreamChannel.SKIN_CONDUCTANCE: 2,
    StreamChannel.SKIN_TEMPERATURE: 2,
    StreamChannel.PULSE: 3,
    StreamChannel.MOTION: 6,
    StreamChannel.ECG: 3,
}


def decode(payload: bytes) -> StreamMessage:
    """Read one frame of samples; raise CodecError on a wrong checksum, length, channel or rate."""
    _check(payload, _HEAD.size)
    channel, sequence, tick_ms, rate, count = _HEAD.unpack_from(payload)
    sample_bytes = _SAMPLE_BYTES.get(channel)
    if sample_bytes is None:
        raise CodecError("stream frame of an unknown channel", payload)
    if count == 0 or len(payload) != _HEAD.size + count * sample_bytes + _CRC.size:
        raise CodecError(f"stream frame whose length does not fit its {count} samples", payload)
    if rate == 0:
        raise CodecError("stream frame with a sample rate of 0", payload)
    stamp = Stamp(sequence, tick_ms, rate)
    if channel == StreamChannel.SKIN_CONDUCTANCE:
        return SkinConductance(stamp, struct.unpack_from(f"<{count}H", payload, _HEAD.size))
    if channel == StreamChannel.SKIN_TEMPERATURE:
        return SkinTemperature(stamp, struct.unpack_from(f"<{count}h", payload, _HEAD.size))
    if channel == StreamChannel.PULSE:
        return Pulse(stamp, triples.unpack(payload[_HEAD.size : -_CRC.size]))
    if channel == StreamChannel.ECG:
        return Ecg(stamp, triples.unpack(payload[_HEAD.size : -_CRC.size]))
    flat = struct.unpack_from(f"<{3 * count}h", payload, _HEAD.size)
    return Motion(stamp, tuple(zip(flat[::3], flat[1::3], flat[2::3], strict=True)))


def decode_command(payload: bytes) -> RateCommand:
    """Read one command frame as the device does; raise CodecError on a wrong checksum, length or channel."""
    _check(payload, _COMMAND.size)
    if not payload[0] & _IS_COMMAND or len(payload) != _COMMAND.size + _CRC.size:
        raise CodecError("no rate command", payload)
    first, rate = _COMMAND.unpack_from(payload)
    try:
        channel = StreamChannel(first & ~_IS_COMMAND)
    except ValueError as error:
        raise CodecError("rate command for an unknown channel", payload) from error
    return RateCommand(channel, rate)


def encode(message: StreamMessage) -> bytes:
    """The bytes of one frame; raise CodecError if a number does not fit, or there are no samples or more than 255."""
    match message:
        case SkinConductance():
            return _frame(StreamChannel.SKIN_CONDUCTANCE, message.stamp, "H", message.nanosiemens)
        case SkinTemperature():
            return _frame(StreamChannel.SKIN_TEMPERATURE, message.stamp, "h", message.centidegrees)
        case Motion():
            return _frame(StreamChannel.MOTION, message.stamp, "h", itertools.chain.from_iterable(message.xyz))
        case Pulse():
            return _close(_head(StreamChannel.PULSE, message.stamp, len(message.counts)) + _pack_i24(message.counts))
        case Ecg():
            head = _head(StreamChannel.ECG, message.stamp, len(message.microvolts))
            return _close(head + _pack_i24(message.microvolts))


def encode_command(command: RateCommand) -> bytes:
    """The bytes of one rate command; raise CodecError if the rate does not fit 16 bits."""
    try:
        return _close(_COMMAND.pack(_IS_COMMAND | command.channel, command.rate))
    except struct.error as error:
        raise CodecError(f"rate command does not fit its fields: {command}") from error


def checksum(data: bytes) -> int:
    """CRC-16/CCITT-FALSE: polynomial 1021, start FFFF; ``123456789`` gives 29B1."""
    return binascii.crc_hqx(data, 0xFFFF)


def _check(payload: bytes, head: int) -> None:
    if len(payload) < head + _CRC.size:
        raise CodecError("stream frame too short", payload)
    (crc,) = _CRC.unpack_from(payload, len(payload) - _CRC.size)
    if crc != checksum(payload[: -_CRC.size]):
        raise CodecError("stream frame with a wrong checksum", payload)


def _frame(channel: StreamChannel, stamp: Stamp, kind: str, samples: Iterable[int]) -> bytes:
    values = tuple(samples)
    count = len(values) * struct.calcsize(kind) // _SAMPLE_BYTES[channel]
    try:
        return _close(_head(channel, stamp, count) + struct.pack(f"<{len(values)}{kind}", *values))
    except struct.error as error:
        raise CodecError(f"{channel.name.lower()} samples do not fit their 16 bits: {values}") from error


def _head(channel: StreamChannel, stamp: Stamp, count: int) -> bytes:
    if not 1 <= count <= 255 or stamp.rate == 0:
        raise CodecError(f"a stream frame needs 1 to 255 samples and a rate above 0, got {count} at {stamp.rate}/32 Hz")
    try:
        return _HEAD.pack(channel, stamp.sequence, stamp.tick_ms, stamp.rate, count)
    except struct.error as error:
        raise CodecError(f"stream head does not fit its fields: {stamp}") from error


def _close(body: bytes) -> bytes:
    return body + _CRC.pack(checksum(body))


def _pack_i24(values: tuple[int, ...]) -> bytes:
    try:
        return triples.pack(values)
    except OverflowError as error:
        raise CodecError(f"samples do not fit their 24 bits: {values}") from error

"""The register of wire formats: which source speaks which, and the way back."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from firmware_bridge import gatt
from firmware_bridge.codec import (
    bangle,
    battery,
    current_time,
    empatica,
    grove,
    heart_rate,
    infinitime,
    information,
    movesense,
    muse,
    polar_control,
    polar_data,
    stream,
)
from firmware_bridge.errors import CodecError
from firmware_bridge.messages import (
    BangleMessage,
    Battery,
    Command,
    CurrentTime,
    DeviceInformation,
    E4Command,
    E4Message,
    GroveReading,
    HeartRate,
    InfiniTimeMessage,
    LocalTime,
    Message,
    MovesenseCommand,
    MovesenseMessage,
    MuseCommand,
    MuseMessage,
    PolarCommand,
    PolarControl,
    PolarData,
    RateCommand,
    StreamMessage,
)

REGISTER: Mapping[str, Callable[[bytes], Message]] = MappingProxyType(
    {
        gatt.HEART_RATE_MEASUREMENT: heart_rate.decode,
        gatt.BATTERY_LEVEL: battery.decode,
        **{source: partial(information.decode, source) for source in information.SOURCES},
        gatt.CURRENT_TIME: current_time.decode,
        gatt.LOCAL_TIME: current_time.decode_local,
        gatt.STREAM: stream.decode,
        gatt.SERIAL_STREAM: stream.decode,
        gatt.POLAR_CONTROL: polar_control.decode,
        gatt.POLAR_DATA: polar_data.decode,
        gatt.INFINITIME_MOTION: infinitime.decode_motion,
        gatt.INFINITIME_STEPS: infinitime.decode_steps,
        gatt.UART_FROM_DEVICE: bangle.decode,
        gatt.MOVESENSE_FROM_DEVICE: movesense.decode,
        gatt.E4_LINES: empatica.decode,
        **{source: partial(muse.decode, source) for source in muse.SOURCES},
        gatt.GROVE_LINES: grove.decode,
    }
)
"""Source of a packet -> its decoder."""

COMMANDS: Mapping[str, Callable[[bytes], Command]] = MappingProxyType(
    {
        gatt.STREAM_CONTROL: stream.decode_command,
        gatt.SERIAL_STREAM: stream.decode_command,
        gatt.CURRENT_TIME: current_time.decode,
        gatt.LOCAL_TIME: current_time.decode_local,
        gatt.POLAR_CONTROL: polar_control.decode_command,
        gatt.UART_TO_DEVICE: bangle.decode_command,
        gatt.MOVESENSE_TO_DEVICE: movesense.decode_command,
        gatt.E4_LINES: empatica.decode_command,
        gatt.MUSE_CONTROL: muse.decode_command,
    }
)
"""Target of a write -> how the device reads it; virtual watches and tests do."""


def decode(source: str, payload: bytes) -> Message:
    """Read one packet; raise CodecError, and nothing else, if the bytes are wrong or nobody knows the source."""
    decoder = REGISTER.get(source)
    if decoder is None:
        raise CodecError(f"no codec for source {source!r}", payload)
    return decoder(payload)


def decode_command(target: str, payload: bytes) -> Command:
    """Read one write as the device does; raise CodecError, and nothing else."""
    decoder = COMMANDS.get(target)
    if decoder is None:
        raise CodecError(f"no command goes to {target!r}", payload)
    return decoder(payload)


def encode(message: Message | Command) -> tuple[str, bytes]:
    """The source of such a message, or the target of such a command; its bytes; raise CodecError if it will not fit.

    Frames of our own stream come with their characteristics; on a serial line both go by ``stream``.
    """
    if isinstance(message, Command):
        return _encode_command(message)
    match message:
        case HeartRate():
            return gatt.HEART_RATE_MEASUREMENT, heart_rate.encode(message)
        case Battery():
            return gatt.BATTERY_LEVEL, battery.encode(message)
        case DeviceInformation():
            return information.encode(message)
        case GroveReading():
            return gatt.GROVE_LINES, grove.encode(message)
        case _:
            return _encode_family(message)


def _encode_family(
    message: StreamMessage
    | PolarData
    | PolarControl
    | InfiniTimeMessage
    | BangleMessage
    | MovesenseMessage
    | E4Message
    | MuseMessage,
) -> tuple[str, bytes]:
    if isinstance(message, StreamMessage):
        return gatt.STREAM, stream.encode(message)
    if isinstance(message, PolarData):
        return gatt.POLAR_DATA, polar_data.encode(message)
    if isinstance(message, PolarControl):
        return gatt.POLAR_CONTROL, polar_control.encode(message)
    if isinstance(message, InfiniTimeMessage):
        return infinitime.encode(message)
    if isinstance(message, BangleMessage):
        return bangle.encode(message)
    if isinstance(message, MovesenseMessage):
        return gatt.MOVESENSE_FROM_DEVICE, movesense.encode(message)
    if isinstance(message, E4Message):
        return gatt.E4_LINES, empatica.encode(message)
    return muse.encode(message)


def _encode_command(command: Command) -> tuple[str, bytes]:
    match command:
        case RateCommand():
            return gatt.STREAM_CONTROL, stream.encode_command(command)
        case CurrentTime():
            return gatt.CURRENT_TIME, current_time.encode(command)
        case LocalTime():
            return gatt.LOCAL_TIME, current_time.encode_local(command)
        case PolarCommand():
            return gatt.POLAR_CONTROL, polar_control.encode_command(command)
        case MovesenseCommand():
            return gatt.MOVESENSE_TO_DEVICE, movesense.encode_command(command)
        case E4Command():
            return gatt.E4_LINES, empatica.encode_command(command)
        case MuseCommand():
            return gatt.MUSE_CONTROL, muse.encode_command(command)
        case _:
            return bangle.encode_command(command)

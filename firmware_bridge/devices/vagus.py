"""Whatever speaks our own stream (STREAM.md): the reference board, the Bangle.js app, the virtual watch."""

from collections.abc import Sequence

from firmware_bridge import gatt
from firmware_bridge.devices.family import Family, Quantity, gives
from firmware_bridge.messages import DEFAULT_RATE, RATE_UNITS_PER_HZ, Command, RateCommand, StreamChannel

_CHANNELS = {
    Quantity.PULSE: StreamChannel.PULSE,
    Quantity.MOTION: StreamChannel.MOTION,
    Quantity.SKIN_CONDUCTANCE: StreamChannel.SKIN_CONDUCTANCE,
    Quantity.SKIN_TEMPERATURE: StreamChannel.SKIN_TEMPERATURE,
    Quantity.ECG: StreamChannel.ECG,
}


def _steer(quantity: Quantity, hz: float) -> Sequence[Command]:
    return [RateCommand(_CHANNELS[quantity], round(hz * RATE_UNITS_PER_HZ))]


_GIVES = gives(
    pulse=(64.0, 32.0, 16.0, 8.0),
    motion=(32.0, 16.0, 8.0, 4.0),
    skin_conductance=(4.0, 2.0, 1.0),
    skin_temperature=(4.0, 2.0, 1.0),
    heart_rate=(),
    beat_interval=(),
    battery=(),
)

VAGUS = Family(
    name="vagus",
    title="a device of our own stream",
    gives=_GIVES,
    advertises=frozenset({gatt.VAGUS_SERVICE}),
    offers=frozenset({gatt.STREAM, gatt.STREAM_CONTROL}),
    start=(RateCommand(StreamChannel.ALL, DEFAULT_RATE),),
    stop=(RateCommand(StreamChannel.ALL, 0),),
    steer=_steer,
    quiet_s=5.0,
    limits="A board may lack channels; commands for those are ignored.",
)

VAGUS_SERIAL = Family(
    name="vagus-serial",
    title="a board of our own stream on a serial line",
    gives=_GIVES,
    offers=frozenset({gatt.SERIAL_STREAM}),
    start=(RateCommand(StreamChannel.ALL, DEFAULT_RATE),),
    stop=(RateCommand(StreamChannel.ALL, 0),),
    steer=_steer,
    quiet_s=5.0,
)

BANGLE_APP = Family(
    name="bangle-vagus",
    title="Bangle.js 2 with our app",
    gives=gives(pulse=(25.0, 12.5, 6.25), motion=(12.5, 6.25, 3.125), heart_rate=()),
    names=("Bangle.js",),
    advertises=frozenset({gatt.VAGUS_SERVICE}),
    offers=frozenset({gatt.STREAM, gatt.STREAM_CONTROL}),
    start=(RateCommand(StreamChannel.ALL, DEFAULT_RATE),),
    stop=(RateCommand(StreamChannel.ALL, 0),),
    steer=_steer,
    quiet_s=5.0,
    limits="The app firmware_bridge/firmware/bangle must be open on the watch; it rests while nobody is connected.",
)

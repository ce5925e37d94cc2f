"""Devices for breadth: Muse headbands, Empatica's streaming server, a Grove skin response sensor."""

from collections.abc import Sequence

from firmware_bridge import gatt
from firmware_bridge.devices.family import Family, Quantity, gives
from firmware_bridge.messages import Command, E4Command, MuseCommand

_WITHOUT_PPG, _WITH_PPG = "p21", "p50"


def _steer_muse(quantity: Quantity, hz: float) -> Sequence[Command]:
    if quantity is not Quantity.PULSE:
        return [MuseCommand("d" if hz else "h")]
    return [MuseCommand("h"), MuseCommand(_WITH_PPG if hz else _WITHOUT_PPG), MuseCommand("d")]


MUSE = Family(
    name="muse",
    title="Muse 2 or Muse S",
    gives=gives(eeg=(256.0,), motion=(52.0,), pulse=(64.0,), battery=()),
    advertises=frozenset({gatt.MUSE_SERVICE}),
    names=("Muse-",),
    offers=frozenset({gatt.MUSE_CONTROL, gatt.MUSE_TP9}),
    start=(MuseCommand("h"), MuseCommand(_WITH_PPG), MuseCommand("d")),
    stop=(MuseCommand("h"),),
    steer=_steer_muse,
    answers=lambda source, _payload: source == gatt.MUSE_CONTROL,
    keep_alive=(MuseCommand("k"),),
    keep_alive_s=5.0,
    quiet_s=5.0,
    limits="All channels start and stop together; without the pulse wave it takes another preset. No Athena models.",
)

_E4_STREAMS = {
    Quantity.PULSE: "bvp",
    Quantity.MOTION: "acc",
    Quantity.SKIN_CONDUCTANCE: "gsr",
    Quantity.SKIN_TEMPERATURE: "tmp",
    Quantity.BEAT_INTERVAL: "ibi",
    Quantity.BATTERY: "bat",
}


def _steer_e4(quantity: Quantity, hz: float) -> Sequence[Command]:
    return [E4Command("device_subscribe", (_E4_STREAMS[quantity], "ON" if hz else "OFF"))]


EMPATICA = Family(
    name="empatica",
    title="Empatica E4 through its streaming server",
    gives=gives(
        pulse=(64.0,),
        motion=(32.0,),
        skin_conductance=(4.0,),
        skin_temperature=(4.0,),
        heart_rate=(),
        beat_interval=(),
        battery=(),
    ),
    offers=frozenset({gatt.E4_LINES}),
    start=tuple(E4Command("device_subscribe", (stream, "ON")) for stream in _E4_STREAMS.values()),
    stop=(
        *(E4Command("device_subscribe", (stream, "OFF")) for stream in _E4_STREAMS.values()),
        E4Command("device_disconnect"),
    ),
    steer=_steer_e4,
    answers=lambda _source, payload: payload.startswith(b"R "),
    quiet_s=5.0,
    limits="The maker has ended the server; it can say OK and send nothing, then subscribing again helps.",
)

GROVE = Family(
    name="grove",
    title="a Grove skin response sensor on a serial line",
    gives=gives(skin_conductance=()),
    offers=frozenset({gatt.GROVE_LINES}),
    quiet_s=5.0,
    limits="10 bits, no temperature compensation; 512 and above is no contact.",
)

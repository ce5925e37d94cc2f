"""Movesense sensors: one subscription a quantity, under our own reference numbers."""

from collections.abc import Sequence

from firmware_bridge import gatt
from firmware_bridge.devices.family import Family, Quantity, gives
from firmware_bridge.messages import Command, MovesenseCommand, MovesenseOperation, MovesenseReference

_PATHS = {
    Quantity.ECG: (MovesenseReference.ECG, "/Meas/ECG/{hz:g}/mV"),
    Quantity.MOTION: (MovesenseReference.ACCELERATION, "/Meas/Acc/{hz:g}"),
    Quantity.HEART_RATE: (MovesenseReference.HEART_RATE, "/Meas/HR"),
    Quantity.SKIN_TEMPERATURE: (MovesenseReference.TEMPERATURE, "/Meas/Temp"),
}


_ANSWER = b"\x01"


def _subscribe(quantity: Quantity, hz: float = 0.0) -> MovesenseCommand:
    reference, path = _PATHS[quantity]
    return MovesenseCommand(MovesenseOperation.SUBSCRIBE, reference, path.format(hz=hz).encode())


def _unsubscribe(quantity: Quantity) -> MovesenseCommand:
    return MovesenseCommand(MovesenseOperation.UNSUBSCRIBE, _PATHS[quantity][0])


def _steer(quantity: Quantity, hz: float) -> Sequence[Command]:
    return [_unsubscribe(quantity), *([_subscribe(quantity, hz)] if hz else [])]


MOVESENSE = Family(
    name="movesense",
    title="Movesense",
    gives=gives(
        ecg=(125.0, 128.0, 200.0, 250.0, 256.0, 500.0, 512.0),
        motion=(52.0, 13.0, 26.0, 104.0, 208.0),
        heart_rate=(),
        beat_interval=(),
        skin_temperature=(),
        battery=(),
    ),
    advertises=frozenset({gatt.MOVESENSE_SERVICE}),
    names=("Movesense",),
    offers=frozenset({gatt.MOVESENSE_TO_DEVICE, gatt.MOVESENSE_FROM_DEVICE}),
    start=(
        MovesenseCommand(MovesenseOperation.HELLO, MovesenseReference.HELLO),
        _subscribe(Quantity.ECG, 125),
        _subscribe(Quantity.MOTION, 52),
        _subscribe(Quantity.HEART_RATE),
        _subscribe(Quantity.SKIN_TEMPERATURE),
    ),
    stop=tuple(_unsubscribe(quantity) for quantity in _PATHS),
    steer=_steer,
    answers=lambda source, payload: source == gatt.MOVESENSE_FROM_DEVICE and payload[:1] == _ANSWER,
    quiet_s=5.0,
    limits="Wire details follow the open client and are not yet verified on a device; one ECG rate at a time.",
)

"""Watches and straps that need little: plain heart rate, InfiniTime, a Bangle.js with its own Android app."""

from collections.abc import Sequence
from datetime import datetime

from firmware_bridge import gatt
from firmware_bridge.devices.family import Family, Pairing, Quantity, gives
from firmware_bridge.messages import BangleAccelerationRequest, BangleActivityRequest, Command, CurrentTime

HEART_STRAP = Family(
    name="heart-rate",
    title="a heart rate strap or watch",
    gives=gives(heart_rate=(), beat_interval=(), battery=()),
    advertises=frozenset({gatt.HEART_RATE_SERVICE}),
    offers=frozenset({gatt.HEART_RATE_MEASUREMENT}),
    quiet_s=10.0,
    limits="Beat intervals only if the sensor sends them; many wrist watches do not.",
)


def _set_clock(at: datetime) -> Sequence[Command]:
    fractions, reference = at.microsecond * 256 // 1_000_000, 2
    time = CurrentTime(at.year, at.month, at.day, at.hour, at.minute, at.second, at.isoweekday(), fractions, reference)
    return [time]


INFINITIME = Family(
    name="infinitime",
    title="InfiniTime (PineTime)",
    gives=gives(heart_rate=(), steps=(), battery=()),
    advertises=frozenset({gatt.INFINITIME_UPDATE_SERVICE}),
    names=("InfiniTime",),
    offers=frozenset({gatt.INFINITIME_STEPS, gatt.INFINITIME_MOTION}),
    pairing=Pairing.PASSKEY,
    # It has no clock that outlives an empty battery, and expects each host to set it (InfiniTime, doc/ble.md).
    set_clock=_set_clock,
    polls=(gatt.HEART_RATE_MEASUREMENT,),
    poll_s=5.0,
    quiet_s=20.0,
    limits="Notifies only changes, so its heart rate is read every 5 s; switch heart rate on at the watch.",
)


def _steer_bangle(quantity: Quantity, hz: float) -> Sequence[Command]:
    if quantity is Quantity.MOTION:
        return [BangleAccelerationRequest(hz > 0, round(1000 / hz) if hz else 0)]
    return [BangleActivityRequest(hz > 0, hz > 0, round(1 / hz) if hz else 0)]


BANGLE = Family(
    name="bangle",
    title="Bangle.js with Android Integration",
    gives=gives(heart_rate=(1.0, 0.2, 0.1), motion=(1.0, 2.0, 5.0), steps=(1.0, 0.2, 0.1), battery=()),
    names=("Bangle.js",),
    offers=frozenset({gatt.UART_TO_DEVICE, gatt.UART_FROM_DEVICE}),
    start=(BangleActivityRequest(True, True, 1), BangleAccelerationRequest(True, 1000)),
    stop=(BangleActivityRequest(False, False, 0), BangleAccelerationRequest(False, 0)),
    steer=_steer_bangle,
    # It stops without a word after some minutes; asking again costs nothing.
    keep_alive=(BangleActivityRequest(True, True, 1),),
    keep_alive_s=60.0,
    kept=frozenset({Quantity.HEART_RATE, Quantity.STEPS}),
    quiet_s=15.0,
    limits="No raw pulse wave and no beat intervals; our own app for it gives both the wave and raw motion.",
)

"""Polar sensors: started with settings, re-rated by stopping and starting, and always stopped."""

from collections.abc import Callable, Mapping, Sequence

from firmware_bridge import gatt
from firmware_bridge.codec import decode
from firmware_bridge.devices.family import Family, Quantity, gives
from firmware_bridge.errors import CodecError
from firmware_bridge.messages import (
    Command,
    Message,
    PolarAnswer,
    PolarCommand,
    PolarMeasurement,
    PolarOperation,
    PolarSetting,
    PolarSettingKind,
    PolarStatus,
    PolarStopped,
)

_MEASURES = {
    Quantity.ECG: PolarMeasurement.ECG,
    Quantity.MOTION: PolarMeasurement.ACCELERATION,
    Quantity.PULSE: PolarMeasurement.PPG,
    Quantity.BEAT_INTERVAL: PolarMeasurement.INTERVALS,
}
_RANGE_G = 8
_RESOLUTION_BITS = {Quantity.ECG: 14, Quantity.MOTION: 16, Quantity.PULSE: 22}

_PASSING = (PolarStatus.INVALID_STATE, PolarStatus.IN_CHARGER, PolarStatus.BAD_MTU)
"""Refusals of the moment; whoever asks again after any other one hears the same."""
_CHOOSING = (
    PolarStatus.BAD_RESOLUTION,
    PolarStatus.BAD_RATE,
    PolarStatus.BAD_RANGE,
    PolarStatus.BAD_CHANNELS,
    PolarStatus.BAD_PARAMETER,
)
"""Refusals of a setting: models and firmwares differ, so the sensor is asked what it has."""


def _answers(source: str, _payload: bytes) -> bool:
    """Whatever the control point says is an answer."""
    return source == gatt.POLAR_CONTROL


def _said(source: str, payload: bytes) -> Message | None:
    """What the control point says; None of a measurement, and of what cannot be read."""
    try:
        return decode(source, payload) if _answers(source, payload) else None
    except CodecError:
        return None


def _left_off(source: str, payload: bytes) -> bool:
    """The sensor ended a measurement by itself, or could not start one just now."""
    said = _said(source, payload)
    if isinstance(said, PolarAnswer):
        return said.operation is PolarOperation.START and said.status in _PASSING
    return isinstance(said, PolarStopped)


def _choose(usual: Mapping[PolarMeasurement, int]) -> Callable[[str, bytes], Sequence[Command]]:
    """Replies of a family with these usual rates: to a refused setting the question, to its answer another start."""

    def reply(source: str, payload: bytes) -> Sequence[Command]:
        said = _said(source, payload)
        if not isinstance(said, PolarAnswer):
            return ()
        if said.operation is PolarOperation.START and said.status in _CHOOSING:
            return (PolarCommand(PolarOperation.GET_SETTINGS, said.measurement),)
        if said.operation is PolarOperation.GET_SETTINGS and said.settings and said.measurement in usual:
            chosen = tuple(
                PolarSetting(each.kind, (_chosen(each, usual[said.measurement]),))
                for each in said.settings
                if each.values and each.kind is not PolarSettingKind.FACTOR  # which is never sent
            )
            return (PolarCommand(PolarOperation.START, said.measurement, chosen),)
        return ()

    return reply


def _chosen(setting: PolarSetting, usual_hz: int) -> int:
    """The rate nearest to the usual one, 8 g where there is a choice, and the most of anything else."""
    if setting.kind is PolarSettingKind.RATE_HZ:
        return min(setting.values, key=lambda hz: abs(hz - usual_hz))
    if setting.kind is PolarSettingKind.RANGE and _RANGE_G in setting.values:
        return _RANGE_G
    return max(setting.values)


def _start(quantity: Quantity, hz: float, **more: int) -> PolarCommand:
    settings: list[PolarSetting] = []
    if quantity in _RESOLUTION_BITS:
        settings.append(PolarSetting(PolarSettingKind.RATE_HZ, (round(hz),)))
        settings.append(PolarSetting(PolarSettingKind.RESOLUTION_BITS, (_RESOLUTION_BITS[quantity],)))
    settings += [PolarSetting(PolarSettingKind[name.upper()], (value,)) for name, value in more.items()]
    return PolarCommand(PolarOperation.START, _MEASURES[quantity], tuple(settings))


def _stop(quantity: Quantity) -> PolarCommand:
    return PolarCommand(PolarOperation.STOP, _MEASURES[quantity])


def _steer_h10(quantity: Quantity, hz: float) -> Sequence[Command]:
    more = {"range": _RANGE_G} if quantity is Quantity.MOTION else {}
    return [_stop(quantity), *([_start(quantity, hz, **more)] if hz else [])]


def _steer_verity(quantity: Quantity, hz: float) -> Sequence[Command]:
    more = {Quantity.MOTION: {"range": _RANGE_G, "channels": 3}, Quantity.PULSE: {"channels": 4}}.get(quantity, {})
    return [_stop(quantity), *([_start(quantity, hz, **more)] if hz else [])]


POLAR_H10 = Family(
    name="polar-h10",
    title="Polar H10",
    gives=gives(ecg=(130.0,), motion=(50.0, 25.0, 100.0, 200.0), heart_rate=(), beat_interval=(), battery=()),
    names=("Polar H10", "Polar H9"),
    offers=frozenset({gatt.POLAR_CONTROL, gatt.POLAR_DATA}),
    start=(_start(Quantity.ECG, 130), _start(Quantity.MOTION, 50, range=_RANGE_G)),
    stop=(_stop(Quantity.ECG), _stop(Quantity.MOTION)),
    steer=_steer_h10,
    left_off=_left_off,
    answers=_answers,
    reply=_choose({PolarMeasurement.ECG: 130, PolarMeasurement.ACCELERATION: 50}),
    quiet_s=5.0,
    limits="Left streaming, it runs its battery flat; off the strap it leaves after 45 s.",
)

POLAR_VERITY = Family(
    name="polar-verity",
    title="Polar Verity Sense or OH1",
    gives=gives(pulse=(55.0,), motion=(52.0,), beat_interval=(), heart_rate=(), battery=()),
    names=("Polar Sense", "Polar OH1"),
    offers=frozenset({gatt.POLAR_CONTROL, gatt.POLAR_DATA}),
    start=(
        _start(Quantity.PULSE, 55, channels=4),
        _start(Quantity.MOTION, 52, range=_RANGE_G, channels=3),
        _start(Quantity.BEAT_INTERVAL, 0),
    ),
    stop=(_stop(Quantity.PULSE), _stop(Quantity.MOTION), _stop(Quantity.BEAT_INTERVAL)),
    steer=_steer_verity,
    left_off=_left_off,
    answers=_answers,
    reply=_choose({PolarMeasurement.PPG: 55, PolarMeasurement.ACCELERATION: 52}),
    quiet_s=10.0,
    first_s=30.0,
    limits="Beat intervals only at rest, the first after about 25 s; firmware before 2.1 says 135 Hz and means 55.",
)

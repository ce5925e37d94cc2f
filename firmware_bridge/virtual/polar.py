"""A virtual Polar sensor: H10 or Verity Sense, started and stopped by its control point, never by itself."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from firmware_bridge import codec, gatt
from firmware_bridge.errors import CodecError, LinkError, Trouble
from firmware_bridge.messages import (
    Battery,
    HeartRate,
    Message,
    PolarAcceleration,
    PolarAnswer,
    PolarBeat,
    PolarCommand,
    PolarEcg,
    PolarFeatures,
    PolarHead,
    PolarIntervals,
    PolarMeasurement,
    PolarOperation,
    PolarPpg,
    PolarSetting,
    PolarSettingKind,
    PolarStatus,
)
from firmware_bridge.virtual.electrodes import Electrodes
from firmware_bridge.virtual.personality import Access, Service, Spoken
from firmware_bridge.virtual.second import Readings, Second, resample

_SECOND_NS = 1_000_000_000
_NEVER_SET_NS = 599_616_000 * _SECOND_NS
"""Where an H10's clock stands if nobody ever set it: 2019-01-01."""
_FRAMES_PER_S = 3
_OFFERS: Mapping[str, Mapping[PolarMeasurement, Mapping[PolarSettingKind, tuple[int, ...]]]] = {
    "Polar H10": {
        PolarMeasurement.ECG: {PolarSettingKind.RATE_HZ: (130,), PolarSettingKind.RESOLUTION_BITS: (14,)},
        PolarMeasurement.ACCELERATION: {
            PolarSettingKind.RATE_HZ: (25, 50, 100, 200),
            PolarSettingKind.RESOLUTION_BITS: (16,),
            PolarSettingKind.RANGE: (2, 4, 8),
        },
    },
    "Polar Sense": {
        PolarMeasurement.PPG: {
            PolarSettingKind.RATE_HZ: (55,),
            PolarSettingKind.RESOLUTION_BITS: (22,),
            PolarSettingKind.CHANNELS: (4,),
        },
        PolarMeasurement.ACCELERATION: {
            PolarSettingKind.RATE_HZ: (52,),
            PolarSettingKind.RESOLUTION_BITS: (16,),
            PolarSettingKind.RANGE: (8,),
            PolarSettingKind.CHANNELS: (3,),
        },
        PolarMeasurement.INTERVALS: {},
    },
}
_REFUSALS = {
    PolarSettingKind.RATE_HZ: PolarStatus.BAD_RATE,
    PolarSettingKind.RESOLUTION_BITS: PolarStatus.BAD_RESOLUTION,
    PolarSettingKind.RANGE: PolarStatus.BAD_RANGE,
    PolarSettingKind.CHANNELS: PolarStatus.BAD_CHANNELS,
}


class PolarSensor:
    """``model`` is ``Polar H10`` or ``Polar Sense``. ``left_streaming`` says what nobody has stopped."""

    advertised = (gatt.HEART_RATE_SERVICE,)
    services = (
        Service(gatt.HEART_RATE_SERVICE, {gatt.HEART_RATE_MEASUREMENT: Access.NOTIFY}),
        Service(gatt.BATTERY_SERVICE, {gatt.BATTERY_LEVEL: Access.READ | Access.NOTIFY}),
        Service(
            gatt.POLAR_SERVICE,
            {gatt.POLAR_CONTROL: Access.READ | Access.WRITE | Access.INDICATE, gatt.POLAR_DATA: Access.NOTIFY},
        ),
    )

    def __init__(self, model: str = "Polar H10", number: str = "A1B2C3D4") -> None:
        self.name = f"{model} {number}"
        self._offers = _OFFERS[model]
        self._running: dict[PolarMeasurement, int] = {}
        """Rate in Hz of each measurement that runs."""
        self._electrodes = Electrodes()

    @property
    def left_streaming(self) -> frozenset[PolarMeasurement]:
        return frozenset(self._running)

    def speak(self, seconds: Iterable[Second]) -> Iterator[Spoken]:
        """Heart rate once a second; every measurement that was started, about three frames a second."""
        for s, second in enumerate(seconds):
            frames = [frame for measurement in tuple(self._running) for frame in self._frames(measurement, s, second)]
            yield from sorted(frames, key=lambda frame: frame.at_ns)
            if second.worn and second.heart_bpm is not None:
                rr_1024 = tuple(round(ms * 1.024) for ms in second.beats_ms)
                yield _say((s + 1) * _SECOND_NS, HeartRate(round(second.heart_bpm), True, None, rr_1024))

    def read(self, target: str) -> bytes:
        if target == gatt.BATTERY_LEVEL:
            return codec.encode(Battery(95))[1]
        if target == gatt.POLAR_CONTROL:
            return codec.encode(PolarFeatures(sum(1 << measurement for measurement in self._offers), 0))[1]
        raise LinkError(f"the virtual sensor has nothing to read at {target}", Trouble.REFUSED)

    def write(self, target: str, payload: bytes) -> Sequence[tuple[str, bytes]]:
        """Obey the control point's commands and answer by indication."""
        try:
            command = codec.decode_command(target, payload)
        except CodecError as error:
            raise LinkError(f"the virtual sensor does not understand {error}", Trouble.REFUSED) from error
        if not isinstance(command, PolarCommand):
            raise LinkError(f"the virtual sensor has nothing to write at {target}", Trouble.REFUSED)
        status, settings = self._obey(command)
        return [codec.encode(PolarAnswer(command.operation, command.measurement, status, False, settings))]

    def _obey(self, command: PolarCommand) -> tuple[PolarStatus, tuple[PolarSetting, ...]]:
        offered = self._offers.get(command.measurement)
        if offered is None:
            return PolarStatus.NOT_SUPPORTED, ()
        match command.operation:
            case PolarOperation.GET_SETTINGS:
                return PolarStatus.OK, tuple(PolarSetting(kind, values) for kind, values in offered.items())
            case PolarOperation.START:
                if command.measurement in self._running:
                    return PolarStatus.ALREADY_IN_STATE, ()
                for setting in command.settings:
                    if not set(setting.values) <= set(offered.get(setting.kind, ())):
                        return _REFUSALS.get(setting.kind, PolarStatus.BAD_PARAMETER), ()
                hz = next((each.values[0] for each in command.settings if each.kind is PolarSettingKind.RATE_HZ), 1)
                self._running[command.measurement] = hz
                return PolarStatus.OK, ()
            case PolarOperation.STOP:
                running = self._running.pop(command.measurement, None)
                return (PolarStatus.OK if running is not None else PolarStatus.ALREADY_IN_STATE), ()
            case _:
                return PolarStatus.BAD_OPERATION, ()

    def _frames(self, measurement: PolarMeasurement, s: int, second: Second) -> Iterator[Spoken]:
        hz = self._running[measurement]
        match measurement:
            case PolarMeasurement.ECG:
                readings = self._electrodes.read(second, hz)
            case PolarMeasurement.ACCELERATION:
                readings = resample(second.motion_g, hz) * 1000
            case PolarMeasurement.PPG:
                readings = _photodiodes(resample(second.pulse, hz))
            case _:
                yield from _beats(s, second)
                return
        first = 0
        for run in np.array_split(readings, _FRAMES_PER_S):
            first += len(run)
            at_ns = s * _SECOND_NS + (first - 1) * _SECOND_NS // hz
            yield _say(at_ns, _frame(measurement, _NEVER_SET_NS + at_ns, run))


def _say(at_ns: int, message: Message) -> Spoken:
    return Spoken(at_ns, *codec.encode(message))


def _frame(measurement: PolarMeasurement, last_ns: int, run: Readings) -> Message:
    whole = np.clip(np.rint(run), -(1 << 15) if measurement is PolarMeasurement.ACCELERATION else -(1 << 23), None)
    rows = whole.astype(np.int64)
    match measurement:
        case PolarMeasurement.ECG:
            return PolarEcg(PolarHead(last_ns, 0), tuple(rows.tolist()))
        case PolarMeasurement.ACCELERATION:
            x, y, z = np.minimum(rows, (1 << 15) - 1).T.tolist()
            return PolarAcceleration(PolarHead(last_ns, 1), tuple(zip(x, y, z, strict=True)))
        case _:
            a, b, c, d = np.minimum(rows, (1 << 23) - 1).T.tolist()
            return PolarPpg(PolarHead(last_ns, 0), tuple(zip(a, b, c, d, strict=True)))


def _photodiodes(pulse: Readings) -> Readings:
    """Three diodes that see the same wave on their own level, and steady light around."""
    levels = np.array([420_000.0, 390_000.0, 405_000.0])
    seen = levels - 40 * pulse[:, np.newaxis] * np.array([1.0, 0.9, 1.1])
    return np.column_stack([seen, np.full(len(pulse), 12_000.0)])


def _beats(s: int, second: Second) -> Iterator[Spoken]:
    if second.beats_ms:
        bpm = round(second.heart_bpm or 0)
        beats = tuple(PolarBeat(bpm, round(ms), 10, 0b110) for ms in second.beats_ms)
        yield _say((s + 1) * _SECOND_NS, PolarIntervals(PolarHead(0, 0), beats))

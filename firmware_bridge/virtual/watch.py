"""Any wearer's seconds, spoken as our watch would: the very bytes, each with the watch's time."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from firmware_bridge import codec, gatt
from firmware_bridge.codec import stream
from firmware_bridge.errors import CodecError, LinkError, Trouble
from firmware_bridge.messages import (
    DEFAULT_RATE,
    RATE_UNITS_PER_HZ,
    Battery,
    Ecg,
    HeartRate,
    Message,
    Motion,
    Pulse,
    RateCommand,
    SkinConductance,
    SkinTemperature,
    Stamp,
    StreamChannel,
)
from firmware_bridge.virtual.electrodes import Electrodes
from firmware_bridge.virtual.personality import Access, Service, Spoken
from firmware_bridge.virtual.second import MOTION_HZ, PULSE_HZ, SKIN_HZ, Readings, Second, resample

_SECOND_NS = 1_000_000_000
_BATTERY_EVERY_S = 60
_BATTERY_LASTS_S = 5 * 24 * 3600


@dataclass(slots=True)
class _Stream:
    """One channel's way from readings to frames."""

    hz: int
    packets_per_s: int
    readings: Callable[[Second, int], Readings]
    """(second, samples) -> that many readings, evenly spaced"""
    message: Callable[[Stamp, Readings], Message]
    rate: int = 0
    """In 1/32 Hz; 0 while stopped."""
    sequence: int = 0


class Watch:
    """Speaks for one wearer and obeys rate commands: its own rates, their halves, quarters and eighths, or 0 to stop.

    Pulse counts are BVP times 100. Values beyond a field's range stick at its end, as a sensor's would.
    ``boot_ms`` is where the watch's clock stands at the start; ``ecg_hz`` adds a channel that wrist watches lack.
    """

    name = "Vagus"
    advertised = (gatt.VAGUS_SERVICE, gatt.HEART_RATE_SERVICE)
    services = (
        Service(gatt.HEART_RATE_SERVICE, {gatt.HEART_RATE_MEASUREMENT: Access.NOTIFY}),
        Service(gatt.BATTERY_SERVICE, {gatt.BATTERY_LEVEL: Access.READ | Access.NOTIFY}),
        Service(gatt.VAGUS_SERVICE, {gatt.STREAM: Access.NOTIFY, gatt.STREAM_CONTROL: Access.WRITE}),
    )

    def __init__(
        self,
        boot_ms: int = 0,
        battery_percent: int = 90,
        pulse_hz: int = PULSE_HZ,
        motion_hz: int = MOTION_HZ,
        ecg_hz: int = 0,
    ) -> None:
        self._boot_ms = boot_ms
        self._battery_percent = battery_percent
        self._worn_s = 0
        self._streams = {
            StreamChannel.PULSE: _Stream(pulse_hz, 4, lambda second, n: resample(second.pulse, n), _pulse),
            StreamChannel.MOTION: _Stream(motion_hz, 4, lambda second, n: resample(second.motion_g, n), _motion),
            StreamChannel.SKIN_CONDUCTANCE: _Stream(
                SKIN_HZ, 1, lambda second, n: resample(second.skin_conductance_us, n), _conductance
            ),
            StreamChannel.SKIN_TEMPERATURE: _Stream(
                SKIN_HZ, 1, lambda second, n: resample(second.skin_temperature_c, n), _temperature
            ),
        }
        if ecg_hz:
            self._streams[StreamChannel.ECG] = _Stream(ecg_hz, 4, Electrodes().read, _ecg)
        for stream_ in self._streams.values():
            stream_.rate = stream_.hz * RATE_UNITS_PER_HZ

    def speak(self, seconds: Iterable[Second]) -> Iterator[Spoken]:
        """Every packet, in the order of watch time: four a second for pulse and motion, one for skin and heart."""
        for s, second in enumerate(seconds):
            self._worn_s = s
            if s % _BATTERY_EVERY_S == 0:
                yield _say(s * _SECOND_NS, Battery(self._battery()))
            frames = [spoken for channel in self._streams for spoken in self._frames(channel, s, second)]
            yield from sorted(frames, key=lambda spoken: spoken.at_ns)
            if (heart := _heart(second)) is not None:
                yield _say((s + 1) * _SECOND_NS, heart)

    def read(self, target: str) -> bytes:
        """The battery level; raise LinkError for anything else."""
        if target != gatt.BATTERY_LEVEL:
            raise LinkError(f"the virtual watch has nothing to read at {target}", Trouble.REFUSED)
        return codec.encode(Battery(self._battery()))[1]

    def write(self, target: str, payload: bytes) -> tuple[()]:
        """Obey a rate command; raise LinkError if it is none, or asks for a rate the watch does not have."""
        if target not in (gatt.STREAM_CONTROL, gatt.SERIAL_STREAM):
            raise LinkError(f"the virtual watch has nothing to write at {target}", Trouble.REFUSED)
        try:
            command = stream.decode_command(payload)
        except CodecError as error:
            raise LinkError(f"the virtual watch does not understand {error}", Trouble.REFUSED) from error
        if not self.obey(command):
            raise LinkError(f"the virtual watch cannot do {command}; it halves its rates or stops", Trouble.REFUSED)
        return ()

    def obey(self, command: RateCommand) -> bool:
        """Change a channel's rate from the next second on; False if the watch cannot run at that rate."""
        channels = tuple(self._streams) if command.channel is StreamChannel.ALL else (command.channel,)
        rates = {channel: self._obeyed(channel, command.rate) for channel in channels}
        for channel, rate in rates.items():
            if rate is not None and channel in self._streams:
                self._streams[channel].rate = rate
        return None not in rates.values()

    def _battery(self) -> int:
        return max(0, self._battery_percent - self._worn_s * 100 // _BATTERY_LASTS_S)

    def _obeyed(self, channel: StreamChannel, rate: int) -> int | None:
        if channel not in self._streams:
            return 0
        hz = self._streams[channel].hz
        if rate == DEFAULT_RATE:
            return hz * RATE_UNITS_PER_HZ
        possible = {0} | {(hz >> halvings) * RATE_UNITS_PER_HZ for halvings in range(4) if hz >> halvings}
        return rate if rate in possible else None

    def _frames(self, channel: StreamChannel, s: int, second: Second) -> Iterator[Spoken]:
        line = self._streams[channel]
        hz = line.rate // RATE_UNITS_PER_HZ
        if hz == 0:
            return
        readings = line.readings(second, hz)
        first = 0
        # As the boards do: at half the rate half as many frames, each as full as before, but one a second at least.
        for run in np.array_split(readings, max(1, line.packets_per_s * hz // line.hz)):
            tick_ms = (self._boot_ms + round(1000 * (s + first / hz))) % (1 << 32)
            stamp = Stamp(line.sequence, tick_ms, line.rate)
            line.sequence = (line.sequence + 1) % (1 << 16)
            first += len(run)
            yield _say(round((s + (first - 1) / hz) * _SECOND_NS), line.message(stamp, run))


def _say(at_ns: int, message: Message) -> Spoken:
    return Spoken(at_ns, *codec.encode(message))


def _pulse(stamp: Stamp, bvp: Readings) -> Pulse:
    return Pulse(stamp, tuple(_counts(bvp * 100, -(1 << 23), (1 << 23) - 1)))


def _ecg(stamp: Stamp, uv: Readings) -> Ecg:
    return Ecg(stamp, tuple(_counts(uv, -(1 << 23), (1 << 23) - 1)))


def _motion(stamp: Stamp, g: Readings) -> Motion:
    flat = _counts((g * 4096).ravel(), -(1 << 15), (1 << 15) - 1)
    return Motion(stamp, tuple(zip(flat[::3], flat[1::3], flat[2::3], strict=True)))


def _conductance(stamp: Stamp, us: Readings) -> SkinConductance:
    return SkinConductance(stamp, tuple(_counts(us * 1000, 0, (1 << 16) - 1)))


def _temperature(stamp: Stamp, celsius: Readings) -> SkinTemperature:
    return SkinTemperature(stamp, tuple(_counts(celsius * 100, -(1 << 15), (1 << 15) - 1)))


def _counts(values: Readings, low: int, high: int) -> list[int]:
    return [min(max(round(value), low), high) for value in values.tolist() if not math.isnan(value)]


def _heart(second: Second) -> HeartRate | None:
    if not second.worn:
        return HeartRate(0, contact=False)
    if second.heart_bpm is None:
        return None
    rr_1024 = tuple(round(ms * 1024 / 1000) for ms in second.beats_ms)
    return HeartRate(round(second.heart_bpm), contact=True, rr_1024=rr_1024)

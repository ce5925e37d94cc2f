"""Virtual devices with little to say: Empatica's server and a Grove sensor, in lines of text; the plain heart strap."""

from collections.abc import Iterable, Iterator, Sequence

from firmware_bridge import codec, gatt
from firmware_bridge.errors import CodecError, LinkError, Trouble
from firmware_bridge.messages import (
    Battery,
    E4Command,
    E4Reply,
    E4Sample,
    E4Stream,
    GroveReading,
    HeartRate,
    Message,
)
from firmware_bridge.virtual.personality import Access, Service, Spoken
from firmware_bridge.virtual.second import Readings, Second

_SECOND_NS = 1_000_000_000
_BEGAN_UNIX_S = 1_763_820_309
_E4_NAMES = {
    "bvp": E4Stream.PULSE,
    "acc": E4Stream.ACCELERATION,
    "gsr": E4Stream.SKIN_CONDUCTANCE,
    "tmp": E4Stream.SKIN_TEMPERATURE,
    "ibi": E4Stream.INTERVAL,
    "bat": E4Stream.BATTERY,
}


class EmpaticaServer:
    """One E4 behind the vendor's server."""

    name = "Empatica E4"
    advertised = ()
    services = (Service("", {gatt.E4_LINES: Access.WRITE | Access.NOTIFY}),)

    def __init__(self) -> None:
        self.subscribed: set[E4Stream] = set()

    def speak(self, seconds: Iterable[Second]) -> Iterator[Spoken]:
        for s, second in enumerate(seconds):
            said = [one for stream in sorted(self.subscribed) for one in _e4_lines(stream, s, second)]
            yield from sorted(said, key=lambda one: one.at_ns)

    def read(self, target: str) -> bytes:
        raise LinkError(f"the virtual server has nothing to read at {target}", Trouble.REFUSED)

    def write(self, target: str, payload: bytes) -> Sequence[tuple[str, bytes]]:
        try:
            command = codec.decode_command(target, payload)
        except CodecError as error:
            raise LinkError(f"the virtual server does not understand {error}", Trouble.REFUSED) from error
        if not isinstance(command, E4Command):
            raise LinkError(f"the virtual server has nothing to write at {target}", Trouble.REFUSED)
        return [codec.encode(E4Reply(command.command, self._obey(command)))]

    def _obey(self, command: E4Command) -> str:
        match command.command, command.arguments:
            case "device_subscribe", (name, ("ON" | "OFF") as way) if name in _E4_NAMES:
                (self.subscribed.add if way == "ON" else self.subscribed.discard)(_E4_NAMES[name])
                return f"{name} OK"
            case "device_connect", (_,):
                return "OK"
            case "device_disconnect", ():
                self.subscribed.clear()
                return "OK"
            case "device_list", ():
                return "1 | 9ff167 Empatica_E4"
            case _:
                return "ERR unknown command"


class GroveBoard:
    """An Arduino with the common sketch: ten lines a second, each a reading."""

    name = "Grove GSR"
    advertised = ()
    services = (Service("", {gatt.GROVE_LINES: Access.NOTIFY}),)

    def speak(self, seconds: Iterable[Second]) -> Iterator[Spoken]:
        for s, second in enumerate(seconds):
            for tenth in range(10):
                microsiemens = float(second.skin_conductance_us[tenth * 4 // 10])
                yield _spoken((10 * s + tenth + 1) * _SECOND_NS // 10, GroveReading(_adc(microsiemens)))

    def read(self, target: str) -> bytes:
        raise LinkError(f"the virtual board has nothing to read at {target}", Trouble.REFUSED)

    def write(self, target: str, payload: bytes) -> Sequence[tuple[str, bytes]]:
        raise LinkError(f"the virtual board takes no {len(payload)} bytes at {target}", Trouble.REFUSED)


class HeartStrap:
    """The standard services and nothing else."""

    name = "HRM-Dual"
    advertised = (gatt.HEART_RATE_SERVICE,)
    services = (
        Service(gatt.HEART_RATE_SERVICE, {gatt.HEART_RATE_MEASUREMENT: Access.NOTIFY}),
        Service(gatt.BATTERY_SERVICE, {gatt.BATTERY_LEVEL: Access.READ | Access.NOTIFY}),
    )

    def __init__(self, battery_percent: int = 60) -> None:
        self._battery_percent = battery_percent

    def speak(self, seconds: Iterable[Second]) -> Iterator[Spoken]:
        for s, second in enumerate(seconds):
            if second.heart_bpm is not None:
                rr_1024 = tuple(round(ms * 1.024) for ms in second.beats_ms)
                yield _spoken((s + 1) * _SECOND_NS, HeartRate(round(second.heart_bpm), True, None, rr_1024))

    def read(self, target: str) -> bytes:
        if target != gatt.BATTERY_LEVEL:
            raise LinkError(f"the virtual strap has nothing to read at {target}", Trouble.REFUSED)
        return codec.encode(Battery(self._battery_percent))[1]

    def write(self, target: str, payload: bytes) -> Sequence[tuple[str, bytes]]:
        raise LinkError(f"the virtual strap takes no {len(payload)} bytes at {target}", Trouble.REFUSED)


def _spoken(at_ns: int, message: Message) -> Spoken:
    return Spoken(at_ns, *codec.encode(message))


def _e4_lines(stream: E4Stream, s: int, second: Second) -> Iterator[Spoken]:
    for offset_s, values in _e4_values(stream, second):
        sample = E4Sample(stream, round(_BEGAN_UNIX_S + s + offset_s, 4), values)
        yield _spoken(round((s + offset_s) * _SECOND_NS), sample)


def _e4_values(stream: E4Stream, second: Second) -> Iterator[tuple[float, tuple[float, ...]]]:
    """Seconds into the second, and the values then."""
    match stream:
        case E4Stream.ACCELERATION:
            for at, row in enumerate(second.motion_g):
                yield at / len(second.motion_g), tuple(float(round(g * 64)) for g in row.tolist())
        case E4Stream.PULSE:
            yield from _row(second.pulse, 2)
        case E4Stream.SKIN_CONDUCTANCE:
            yield from _row(second.skin_conductance_us, 6)
        case E4Stream.SKIN_TEMPERATURE:
            yield from _row(second.skin_temperature_c, 2)
        case E4Stream.INTERVAL:
            for ms in second.beats_ms:
                yield 1.0, (round(ms / 1000, 6),)
        case _:
            yield 0.0, (0.75,)


def _row(readings: Readings, digits: int) -> Iterator[tuple[float, tuple[float, ...]]]:
    for at, value in enumerate(readings.tolist()):
        yield at / len(readings), (round(value, digits),)


def _adc(microsiemens: float) -> int:
    """The converter's number for a conductance: Seeed's formula turned round, and 512 without contact."""
    if microsiemens <= 0:
        return 512
    ohm = 1e6 / microsiemens
    return min(max(round((512 * ohm - 1024 * 10000) / (ohm + 20000)), 0), 512)

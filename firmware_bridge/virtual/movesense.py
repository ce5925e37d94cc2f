"""A virtual Movesense sensor: streams what was subscribed to, under the host's own reference numbers."""

import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from firmware_bridge import codec, gatt
from firmware_bridge.errors import CodecError, LinkError, Trouble
from firmware_bridge.messages import (
    MovesenseAcceleration,
    MovesenseAnswer,
    MovesenseCommand,
    MovesenseEcg,
    MovesenseHeartRate,
    MovesenseHello,
    MovesenseMessage,
    MovesenseOperation,
    MovesenseReference,
    MovesenseTemperature,
)
from firmware_bridge.virtual.electrodes import Electrodes
from firmware_bridge.virtual.personality import Access, Service, Spoken
from firmware_bridge.virtual.second import Second, resample

_SECOND_NS = 1_000_000_000
_G = 9.80665
_OK, _NOT_FOUND = 200, 404
_PATH = re.compile(rb"/Meas/(ECG|Acc|HR|Temp)(?:/(\d{1,4}))?(?:/mV)?\0?")
_RATES = {b"ECG": (125, 128, 200, 250, 256, 500, 512), b"Acc": (13, 26, 52, 104, 208), b"HR": (), b"Temp": ()}
_REFERENCES = {
    b"ECG": MovesenseReference.ECG,
    b"Acc": MovesenseReference.ACCELERATION,
    b"HR": MovesenseReference.HEART_RATE,
    b"Temp": MovesenseReference.TEMPERATURE,
}


class Movesense:
    """Knows the four paths that our table of families uses."""

    name = "Movesense 214330000123"
    advertised = (gatt.MOVESENSE_SERVICE,)
    services = (
        Service(
            gatt.MOVESENSE_SERVICE,
            {gatt.MOVESENSE_TO_DEVICE: Access.WRITE, gatt.MOVESENSE_FROM_DEVICE: Access.NOTIFY},
        ),
    )

    def __init__(self) -> None:
        self._electrodes = Electrodes()
        self.subscribed: dict[int, int] = {}
        """Reference number -> rate in Hz, 1 for what has none."""

    def speak(self, seconds: Iterable[Second]) -> Iterator[Spoken]:
        for s, second in enumerate(seconds):
            said = [one for reference in tuple(self.subscribed) for one in self._say(reference, s, second)]
            yield from sorted(said, key=lambda one: one.at_ns)

    def read(self, target: str) -> bytes:
        raise LinkError(f"the virtual sensor has nothing to read at {target}", Trouble.REFUSED)

    def write(self, target: str, payload: bytes) -> Sequence[tuple[str, bytes]]:
        try:
            command = codec.decode_command(target, payload)
        except CodecError as error:
            raise LinkError(f"the virtual sensor does not understand {error}", Trouble.REFUSED) from error
        if not isinstance(command, MovesenseCommand):
            raise LinkError(f"the virtual sensor has nothing to write at {target}", Trouble.REFUSED)
        return [codec.encode(self._obey(command))]

    def _obey(self, command: MovesenseCommand) -> MovesenseMessage:
        match command.operation:
            case MovesenseOperation.HELLO:
                return MovesenseHello(1, (self.name.split()[1], "Movesense HR+", "0C:8C:DC:00:00:01", "gsp", "1.0"))
            case MovesenseOperation.SUBSCRIBE:
                return MovesenseAnswer(command.reference, self._subscribe(command))
            case MovesenseOperation.UNSUBSCRIBE:
                known = self.subscribed.pop(command.reference, None) is not None
                return MovesenseAnswer(command.reference, _OK if known else _NOT_FOUND)
            case _:
                return MovesenseAnswer(command.reference, _NOT_FOUND)

    def _subscribe(self, command: MovesenseCommand) -> int:
        path = _PATH.fullmatch(command.argument)
        if path is None or _REFERENCES[path[1]] != command.reference:
            return _NOT_FOUND
        hz = int(path[2] or 1)
        if _RATES[path[1]] and hz not in _RATES[path[1]]:
            return _NOT_FOUND
        self.subscribed[command.reference] = hz
        return _OK

    def _say(self, reference: int, s: int, second: Second) -> Iterator[Spoken]:
        hz, end_ns = self.subscribed[reference], (s + 1) * _SECOND_NS
        match reference:
            case MovesenseReference.ECG:
                first = 0
                for run in np.array_split(self._electrodes.read(second, hz), -(-hz // 16)):
                    tick_ms = 1000 * s + 1000 * first // hz
                    first += len(run)
                    microvolts = tuple(int(v) for v in np.clip(np.rint(run), -32768, 32767))
                    yield _spoken(s * _SECOND_NS + (first - 1) * _SECOND_NS // hz, MovesenseEcg(tick_ms, microvolts))
            case MovesenseReference.ACCELERATION:
                first = 0
                for run in np.array_split(resample(second.motion_g, hz) * _G, -(-hz // 8)):
                    tick_ms = 1000 * s + 1000 * first // hz
                    first += len(run)
                    x, y, z = run.T.tolist()
                    message = MovesenseAcceleration(tick_ms, tuple(zip(x, y, z, strict=True)))
                    yield _spoken(s * _SECOND_NS + (first - 1) * _SECOND_NS // hz, message)
            case MovesenseReference.HEART_RATE:
                if second.heart_bpm is not None:
                    rr_ms = tuple(round(ms) for ms in second.beats_ms)
                    yield _spoken(end_ns, MovesenseHeartRate(second.heart_bpm, rr_ms))
            case _:
                kelvin = float(second.skin_temperature_c.mean()) + 273.15
                yield _spoken(end_ns, MovesenseTemperature(kelvin))


def _spoken(at_ns: int, message: MovesenseMessage) -> Spoken:
    return Spoken(at_ns, *codec.encode(message))

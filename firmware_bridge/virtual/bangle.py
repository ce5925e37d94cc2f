"""A virtual Bangle.js with Android Integration: lines of JSON over its console, in small pieces, with flow control."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from firmware_bridge import codec, gatt
from firmware_bridge.errors import CodecError, LinkError, Trouble
from firmware_bridge.framing import Lines
from firmware_bridge.messages import (
    BangleAcceleration,
    BangleAccelerationRequest,
    BangleActivity,
    BangleActivityRequest,
    BangleMessage,
    BangleStatus,
)
from firmware_bridge.virtual.personality import Access, Service, Spoken
from firmware_bridge.virtual.second import Second

_SECOND_NS = 1_000_000_000
_PIECE_BYTES = 20
_STATUS_EVERY_S = 60
_XOFF, _XON = b"\x13", b"\x11"


class Bangle:
    """Says nothing but its battery until it is asked."""

    name = "Bangle.js 5d2e"
    advertised = ()
    services = (Service(gatt.UART_SERVICE, {gatt.UART_TO_DEVICE: Access.WRITE, gatt.UART_FROM_DEVICE: Access.NOTIFY}),)

    def __init__(self) -> None:
        self._console = Lines()
        self._activity = BangleActivityRequest(False, False, 0)
        self._acceleration = BangleAccelerationRequest(False, 0)

    @property
    def asked(self) -> bool:
        """Somebody wants something of it still."""
        return self._activity.heart or self._activity.steps or self._acceleration.enable

    def speak(self, seconds: Iterable[Second]) -> Iterator[Spoken]:
        for s, second in enumerate(seconds):
            end_ns = (s + 1) * _SECOND_NS
            if s % _STATUS_EVERY_S == 0:
                yield from _line(s * _SECOND_NS, BangleStatus(81, 3.9))
            if self._acceleration.enable:
                yield from self._accelerations(s, second)
            wanted = self._activity
            if (wanted.heart or wanted.steps) and (s + 1) % max(wanted.interval_s, 1) == 0:
                bpm = round(second.heart_bpm or 0) if wanted.heart else None
                yield from _line(end_ns, BangleActivity(bpm, _steps(second) if wanted.steps else None, True))

    def read(self, target: str) -> bytes:
        raise LinkError(f"the virtual watch has nothing to read at {target}", Trouble.REFUSED)

    def write(self, target: str, payload: bytes) -> Sequence[tuple[str, bytes]]:
        """Type into the console; what is no command that is known here is answered as Espruino answers."""
        if target != gatt.UART_TO_DEVICE:
            raise LinkError(f"the virtual watch has nothing to write at {target}", Trouble.REFUSED)
        answers: list[tuple[str, bytes]] = [(gatt.UART_FROM_DEVICE, _XOFF + _XON)]
        for line in self._console.feed(payload):
            try:
                command = codec.decode_command(target, line)
            except CodecError:
                answers.append((gatt.UART_FROM_DEVICE, b"Uncaught SyntaxError\r\n"))
                continue
            if isinstance(command, BangleActivityRequest):
                self._activity = command
            elif isinstance(command, BangleAccelerationRequest):
                self._acceleration = command
        return answers

    def _accelerations(self, s: int, second: Second) -> Iterator[Spoken]:
        """The largest of each interval, at most one a sample of the sensor."""
        parts = min(max(1, 1000 // max(self._acceleration.interval_ms, 1)), len(second.motion_g))
        for number, run in enumerate(np.array_split(second.motion_g, parts), 1):
            x, y, z = run[np.argmax(np.linalg.norm(run, axis=1))].round(4).tolist()
            yield from _line(s * _SECOND_NS + number * _SECOND_NS // parts, BangleAcceleration(x, y, z))


def _steps(second: Second) -> int:
    return 2 if second.motion_g.std(axis=0).max() > 0.15 else 0


def _line(at_ns: int, message: BangleMessage) -> Iterator[Spoken]:
    source, line = codec.encode(message)
    text = b"\r\n" + line + b"\r\n"
    for at in range(0, len(text), _PIECE_BYTES):
        yield Spoken(at_ns, source, text[at : at + _PIECE_BYTES])

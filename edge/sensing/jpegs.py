"""The bytes of one JPEG picture after another in, whole pictures out, each as soon as its last byte is there."""

import re

_BEGIN, _END = b"\xff\xd8\xff", b"\xff\xd9"
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7]")
"""What ends entropy-coded data: a marker that is neither a stuffed byte nor a restart (ITU-T T.81, B.1.1.5)."""
_SOI, _EOI, _SOS, _FILL = 0xD8, 0xD9, 0xDA, 0xFF
_ASTRAY = frozenset({*range(0xC0), *range(0xD0, 0xD8), _SOI})
"""What has no place between segments: reserved markers, restarts, another picture's beginning."""
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Frame headers, SOF0 to SOF15: they tell height and width (B.2.2)."""
_MOST_PIXELS = 1 << 24
"""A header that claims more is spoilt: decoding it would take gigabytes."""
_MOST_BYTES = 1 << 24


class Jpegs:
    """Cuts a stream into pictures. What is no picture, or breaks off, is left out; what is held is bounded."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes, any number; the pictures that they complete, oldest first."""
        self._held += data
        pictures: list[bytes] = []
        while (end := self._end()) is not None:
            pictures.append(bytes(self._held[:end]))
            del self._held[:end]
        if len(self._held) > _MOST_BYTES:
            self._held.clear()
        return pictures

    def _end(self) -> int | None:
        """Where the first picture ends, which then begins the bytes held; None while it is not whole."""
        while (begin := self._held.find(_BEGIN)) >= 0:
            del self._held[:begin]
            end, spoilt_at = self._walk()
            if not spoilt_at:
                return end
            del self._held[:spoilt_at]
        del self._held[: -(len(_BEGIN) - 1)]
        return None

    def _walk(self) -> tuple[int | None, int]:
        """From segment to segment (B.1.1.3): where the picture ends, if so; where it proves to be none, else 0."""
        held, at = self._held, 2
        while at + 4 <= len(held) or held.startswith(_END, at):
            if held[at] != 0xFF:
                return None, 2
            marker = held[at + 1]
            if marker == _EOI:
                return at + 2, 0
            if marker == _FILL:
                at += 1
                continue
            if marker in _ASTRAY:
                return None, at
            length = int.from_bytes(held[at + 2 : at + 4])
            if length < 2 or (marker in _SIZES and not _is_likely(held[at + 5 : at + 9])):
                return None, 2
            at += 2 + length
            if marker == _SOS:
                found = _MARKER.search(held, at)
                if found is None:
                    break
                at = found.start()
        return None, 0


def _is_likely(size: bytes | bytearray) -> bool:
    """Whether a frame header's height and width may be a camera's; one that is not whole may."""
    pixels = int.from_bytes(size[:2]) * int.from_bytes(size[2:])
    return len(size) < 4 or 0 < pixels <= _MOST_PIXELS

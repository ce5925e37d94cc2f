"""Serial or TCP bytes in any slices, made into whole frames."""

from importlib import import_module
from typing import Protocol, cast

LONGEST_FRAME = 1542
"""The longest frame of our own stream: 10 bytes of head, 255 samples of 6 bytes, 2 of CRC (STREAM.md)."""


class _CobsModule(Protocol):
    """What is used of the package ``cobs``, which comes without types."""

    DecodeError: type[Exception]

    def encode(self, data: bytes, /) -> bytes: ...

    def decode(self, data: bytes, /) -> bytes: ...


_COBS = cast(_CobsModule, import_module("cobs.cobs"))


class Framing(Protocol):
    """Cuts a flow of bytes into frames. Memory is bounded; what belongs to no frame is counted."""

    garbage: int
    """Bytes thrown away so far."""

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that ``data`` completes, oldest first."""
        ...

    def begin(self) -> None:
        """The line was broken: a frame that had begun before is no part of what comes."""
        ...


class Cobs:
    """Frames stuffed with Consistent Overhead Byte Stuffing, each ended by 00.

    After an error everything up to the next 00 is dropped. Checksums are the codec's business, not ours.
    """

    def __init__(self, longest: int = LONGEST_FRAME) -> None:
        self.garbage = 0
        # COBS adds one byte, and one more for every 254.
        self._pieces = _Pieces(b"\0", longest + longest // 254 + 1)

    def feed(self, data: bytes) -> list[bytes]:
        frames: list[bytes] = []
        for piece in self._pieces.feed(data):
            if not piece:
                continue
            try:
                frames.append(_COBS.decode(piece))
            except _COBS.DecodeError:
                self.garbage += len(piece)
        self.garbage += self._pieces.spilled()
        return frames

    def begin(self) -> None:
        self._pieces.begin()
        self.garbage += self._pieces.spilled()

    @staticmethod
    def stuff(frame: bytes) -> bytes:
        """The frame as it goes out on the wire, its ending 00 included."""
        return _COBS.encode(frame) + b"\0"


class Lines:
    """Text lines ended by LF or CR LF, empty ones left out; the bytes in ``strip`` are removed wherever they stand."""

    def __init__(self, longest: int = 4096, strip: bytes = b"") -> None:
        self.garbage = 0
        self._strip = strip
        self._pieces = _Pieces(b"\n", longest)

    def feed(self, data: bytes) -> list[bytes]:
        clean = data.translate(None, self._strip) if self._strip else data
        lines = [piece.strip(b"\r") for piece in self._pieces.feed(clean)]
        self.garbage += self._pieces.spilled()
        return [line for line in lines if line]

    def begin(self) -> None:
        self._pieces.begin()
        self.garbage += self._pieces.spilled()


class _Pieces:
    """Bytes between delimiters; a piece longer than ``longest`` is spilled up to its delimiter."""

    def __init__(self, delimiter: bytes, longest: int) -> None:
        self._delimiter = delimiter
        self._longest = longest
        self._rest = b""
        self._spilling = False
        self._spilled = 0

    def feed(self, data: bytes) -> list[bytes]:
        *pieces, rest = (self._rest + data).split(self._delimiter)
        if self._spilling and pieces:
            self._spilled += len(pieces.pop(0)) + 1
            self._spilling = False
        if self._spilling or len(rest) > self._longest:
            self._spilling = True
            self._spilled += len(rest)
            rest = b""
        self._rest = rest
        whole = [piece for piece in pieces if len(piece) <= self._longest]
        self._spilled += sum(len(piece) + 1 for piece in pieces) - sum(len(piece) + 1 for piece in whole)
        return whole

    def begin(self) -> None:
        self._spilled += len(self._rest)
        self._rest, self._spilling = b"", False

    def spilled(self) -> int:
        """Bytes thrown away since the last call."""
        count, self._spilled = self._spilled, 0
        return count

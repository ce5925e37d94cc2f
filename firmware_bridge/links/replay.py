"""A recording played back as a link: the same packets at the same pace, or ``speed`` times as fast."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import BinaryIO, cast

from firmware_bridge.errors import AddressError, LinkError, Trouble
from firmware_bridge.links import Packet
from firmware_bridge.links.address import Address
from firmware_bridge.links.pace import Pace
from firmware_bridge.links.recorder import FORMAT, VERSION

_LONGEST_NS = 366 * 86_400 * 1_000_000_000
"""Nobody recorded for longer than a year without a break: a time beyond it is none."""


def open_replay(where: Address, *, now: Callable[[], int], speed: float) -> AbstractAsyncContextManager["ReplayLink"]:
    """Open ``replay:FILE``; LinkError on entering if it cannot be read, AddressError if it is no recording."""
    where.only(())
    return _opened(Path(where.place), Pace(now, speed))


@asynccontextmanager
async def _opened(path: Path, pace: Pace) -> AsyncGenerator["ReplayLink"]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise LinkError(f"cannot read the recording {path}: {error.strerror}") from error
    with file:
        _check_header(path, file.readline())
        yield ReplayLink(file, pace)


class ReplayLink:
    """Plays one recording from its first packet to its last. Nobody listens to what is written."""

    def __init__(self, file: BinaryIO, pace: Pace) -> None:
        self._file = file
        self._pace = pace
        self._packets = 0
        self._garbage = 0

    async def packets(self) -> AsyncIterator[Packet]:
        """The recorded packets; ``arrived_ns`` is when each was due. Lines that make no sense are counted.

        Much is stamped by its arrival: with a busy machine's own delays on top, a replay would be judged otherwise
        than what was recorded.
        """
        for at_ns, source, payload in self._recorded():
            due_ns = await self._pace.until(at_ns)
            self._packets += 1
            yield Packet(source, payload, due_ns)

    async def write(self, target: str, payload: bytes) -> None:
        raise LinkError(f"a replay has no device to write {len(payload)} bytes to, at {target}", Trouble.REFUSED)

    async def read(self, target: str) -> bytes:
        raise LinkError(f"a replay has no device to read {target} from", Trouble.REFUSED)

    def counts(self) -> Mapping[str, int]:
        return {"packets": self._packets, "garbage": self._garbage}

    def _recorded(self) -> Iterator[tuple[int, str, bytes]]:
        begun_ns = latest_ns = 0
        for line in self._file:
            match _parse(line):
                case int(t), str(source), bytes(payload):
                    latest_ns = begun_ns + t
                    yield latest_ns, source, payload
                case str():
                    # A recording that was continued later: the pause between is not played.
                    begun_ns = latest_ns
                case _:
                    self._garbage += 1


def _parse(line: bytes) -> tuple[int, str, bytes] | str | None:
    """A packet, the word ``header``, or None for a line that is neither (as the last one may be after a crash)."""
    fields = _fields(line)
    if fields.get("format") == FORMAT:
        return "header"
    t, source, payload = fields.get("t"), fields.get("s"), fields.get("p")
    if not (type(t) is int and 0 <= t < _LONGEST_NS and isinstance(source, str) and isinstance(payload, str)):
        return None
    try:
        return t, source, bytes.fromhex(payload)
    except ValueError:
        return None


def _check_header(path: Path, line: bytes) -> None:
    header = _fields(line)
    if header.get("format") != FORMAT:
        raise AddressError(f"{path} is no recording: its first line is no {FORMAT} header; `record` writes one")
    if header.get("version") != VERSION:
        raise AddressError(f"{path} is a recording of version {header.get('version')}; this program reads {VERSION}")


def _fields(line: bytes) -> dict[str, object]:
    """A line's JSON object; empty for what is none."""
    try:
        said: object = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return cast(dict[str, object], said) if isinstance(said, dict) else {}

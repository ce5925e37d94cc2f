"""A link to a virtual watch, in memory: packets come when they are due in watch time."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from firmware_bridge import codec, gatt
from firmware_bridge.codec import stream
from firmware_bridge.errors import AddressError, CodecError, LinkError
from firmware_bridge.links import Packet
from firmware_bridge.links.address import Address
from firmware_bridge.links.pace import Pace, Sleep
from firmware_bridge.messages import Battery, RateCommand
from firmware_bridge.virtual import recording, wearer
from firmware_bridge.virtual.faults import Faults, afflict
from firmware_bridge.virtual.second import Second
from firmware_bridge.virtual.watch import Spoken, Watch

_FAULTS = ("drop", "duplicate", "reorder", "truncate", "garbage")
_SECOND_NS = 1_000_000_000


@asynccontextmanager
async def open_virtual(
    where: Address, *, now: Callable[[], int], speed: float, sleep: Sleep = asyncio.sleep
) -> AsyncGenerator["VirtualLink"]:
    """Open ``virtual:wearer?seed=1`` or ``virtual:recording?file=F&subject=S02&start=0``.

    Either takes faults: ``drop``, ``duplicate``, ``reorder``, ``truncate``, ``garbage`` as shares from 0 to 1, and
    ``silence=60-90`` in seconds of watch time. Raises AddressError, or LinkError if the recording cannot be had.
    """
    seconds, faults = _wearer(where), _faults(where)
    watch = Watch()
    yield VirtualLink(watch, afflict(watch.speak(seconds), faults), now=now, pace=Pace(now, speed, sleep))


class VirtualLink:
    """Listens to one virtual watch; obeys writes to its stream's control and reads of its battery."""

    def __init__(self, watch: Watch, spoken: Iterator[Spoken], *, now: Callable[[], int], pace: Pace) -> None:
        self._watch = watch
        self._spoken = spoken
        self._now = now
        self._pace = pace
        self._packets = 0
        self._watch_ns = 0

    async def packets(self) -> AsyncIterator[Packet]:
        """What the watch says, until its wearer's recording ends; a seeded wearer never ends."""
        await self._pace.until(0)
        for said in self._spoken:
            await self._pace.until(said.at_ns)
            self._watch_ns = said.at_ns
            self._packets += 1
            yield Packet(said.source, said.payload, self._now())

    async def write(self, target: str, payload: bytes) -> None:
        """Obey a rate command; raise LinkError if it is none, or asks for a rate the watch does not have."""
        if target not in (gatt.STREAM_CONTROL, gatt.SERIAL_STREAM):
            raise LinkError(f"the virtual watch has nothing to write at {target}")
        try:
            command = stream.decode(payload)
        except CodecError as error:
            raise LinkError(f"the virtual watch does not understand what was written: {error}") from error
        if not isinstance(command, RateCommand) or not self._watch.obey(command):
            raise LinkError(f"the virtual watch cannot do {command}; it halves its rates up to three times, or stops")

    async def read(self, target: str) -> bytes:
        """The battery level; raise LinkError for anything else."""
        if target != gatt.BATTERY_LEVEL:
            raise LinkError(f"the virtual watch has nothing to read at {target}")
        return codec.encode(Battery(self._watch.battery_percent(self._watch_ns // _SECOND_NS)))[1]

    def counts(self) -> Mapping[str, int]:
        return {"packets": self._packets}


def _wearer(where: Address) -> Iterator[Second]:
    match where.place:
        case "wearer":
            where.only({"seed", "silence", *_FAULTS})
            return wearer.wear(where.whole("seed", 1))
        case "recording":
            where.only({"file", "subject", "start", "silence", *_FAULTS})
            try:
                file, subject = where.options["file"], where.options["subject"]
            except KeyError as error:
                raise AddressError(
                    f"{where.text!r} lacks {error}; try virtual:recording?file=stress_predict.npz&subject=S02"
                ) from error
            return recording.wear(Path(file), subject, where.number("start", 0.0))
        case _:
            raise AddressError(f"{where.text!r}: a virtual watch is worn by wearer or recording, not {where.place!r}")


def _faults(where: Address) -> Faults:
    shares = {name: where.number(name, 0.0) for name in _FAULTS}
    if any(share > 1 for share in shares.values()):
        raise AddressError(f"{where.text!r}: faults are shares of packets from 0 to 1, got {shares}")
    return Faults(**shares, silence_s=_silence(where), seed=where.whole("seed", 1))


def _silence(where: Address) -> tuple[float, float] | None:
    given = where.options.get("silence")
    if given is None:
        return None
    first, _, last = given.partition("-")
    try:
        return float(first), float(last)
    except ValueError as error:
        raise AddressError(f"{where.text!r}: silence is FROM-TO in seconds, such as 60-90, got {given!r}") from error

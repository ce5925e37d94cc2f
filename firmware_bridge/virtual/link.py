"""A link to a virtual watch, in memory: packets come when they are due in watch time."""

import asyncio
import math
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from firmware_bridge import gatt
from firmware_bridge.errors import AddressError
from firmware_bridge.links import Packet
from firmware_bridge.links.address import Address
from firmware_bridge.links.pace import Pace, Sleep
from firmware_bridge.links.uart import Uart
from firmware_bridge.virtual import mental, recording, wearer
from firmware_bridge.virtual.bangle import Bangle
from firmware_bridge.virtual.faults import Faults, afflict
from firmware_bridge.virtual.infinitime import InfiniTime
from firmware_bridge.virtual.lines import EmpaticaServer, GroveBoard, HeartStrap
from firmware_bridge.virtual.movesense import Movesense
from firmware_bridge.virtual.muse import Muse
from firmware_bridge.virtual.personality import Personality, Spoken
from firmware_bridge.virtual.polar import PolarSensor
from firmware_bridge.virtual.second import Second
from firmware_bridge.virtual.watch import Watch

DEVICES: Mapping[str, Callable[[], Personality]] = {
    "vagus": Watch,
    "polar-h10": PolarSensor,
    "polar-verity": lambda: PolarSensor("Polar Sense"),
    "infinitime": InfiniTime,
    "bangle": Bangle,
    "movesense": Movesense,
    "muse": Muse,
    "empatica": EmpaticaServer,
    "grove": GroveBoard,
    "heart-rate": HeartStrap,
}
_FAULTS = ("drop", "duplicate", "reorder", "truncate", "garbage")


@asynccontextmanager
async def open_virtual(
    where: Address, *, now: Callable[[], int], speed: float, sleep: Sleep = asyncio.sleep
) -> AsyncGenerator["VirtualLink"]:
    """Open ``virtual:wearer?seed=1`` or ``virtual:recording?file=F&subject=S02&start=0``.

    ``device=polar-h10`` (or another of DEVICES) makes it another device than our own watch. All take faults: ``drop``,
    ``duplicate``, ``reorder``, ``truncate``, ``garbage`` as shares from 0 to 1, ``silence=60-90`` and ``empty=120``
    (the battery) in seconds of watch time. A recording of ECG is worn by a polar-h10 unless a movesense is asked for,
    one of EEG by a muse. Raises AddressError, or LinkError if the recording cannot be had.
    """
    seconds, faults, device = _wearer(where), _faults(where), _device(where)
    yield VirtualLink(device, afflict(device.speak(seconds), faults), now=now, pace=Pace(now, speed, sleep))


class VirtualLink:
    """Listens to one virtual device."""

    def __init__(self, device: Personality, spoken: Iterator[Spoken], *, now: Callable[[], int], pace: Pace) -> None:
        self._device = device
        self._spoken = spoken
        self._now = now
        self._pace = pace
        self._packets = 0
        self._answers: deque[tuple[str, bytes]] = deque()
        self._uart = Uart()

    @property
    def offers(self) -> frozenset[str]:
        return frozenset(uuid for service in self._device.services for uuid in service.characteristics)

    @property
    def name(self) -> str:
        return self._device.name

    async def packets(self) -> AsyncIterator[Packet]:
        """What the watch says, until its wearer's recording ends; a seeded wearer never ends."""
        await self._pace.until(0)
        for said in self._spoken:
            await self._pace.until(said.at_ns)
            while self._answers:
                for packet in self._packets_of(*self._answers.popleft()):
                    yield packet
            for packet in self._packets_of(said.source, said.payload):
                yield packet

    async def write(self, target: str, payload: bytes) -> None:
        """Hand bytes to the device; its answers are packets. Raises LinkError if it does not want them."""
        self._answers.extend(self._device.write(target, payload))

    async def read(self, target: str) -> bytes:
        return self._device.read(target)

    def counts(self) -> Mapping[str, int]:
        return {"packets": self._packets}

    def _packets_of(self, source: str, payload: bytes) -> list[Packet]:
        """One notification as packets; a console's are cut into lines, as on the air."""
        whole = self._uart.feed(payload) if source == gatt.UART_FROM_DEVICE else [payload]
        self._packets += len(whole)
        return [Packet(source, each, self._now()) for each in whole]


def _wearer(where: Address) -> Iterator[Second]:
    match where.place:
        case "wearer":
            where.only({"device", "seed", "silence", "empty", *_FAULTS})
            return wearer.wear(where.whole("seed", 1))
        case "recording":
            where.only({"device", "file", "subject", "start", "silence", "empty", *_FAULTS})
            try:
                file, subject = Path(where.options["file"]), where.options["subject"]
            except KeyError as error:
                raise AddressError(
                    f"{where.text!r} lacks {error}; try virtual:recording?file=stress_predict.npz&subject=S02"
                ) from error
            device, start_s = _device_name(where), where.number("start", 0.0)
            if mental.kind_of(file) is None:
                return recording.wear(file, subject, start_s)
            if device not in mental.WEARERS:
                raise AddressError(
                    f"{where.text!r}: a {device} has no electrodes for this recording; there are "
                    f"{', '.join(mental.WEARERS)}"
                )
            return mental.wear(file, subject, start_s, device)
        case _:
            raise AddressError(f"{where.text!r}: a virtual watch is worn by wearer or recording, not {where.place!r}")


def _device(where: Address) -> Personality:
    return DEVICES[_device_name(where)]()


def _device_name(where: Address) -> str:
    """As asked; for a recording of electrodes, one that has them."""
    name = where.options.get("device")
    if name is None and where.place == "recording" and "file" in where.options:
        name = {"ecg": "polar-h10", "eeg": "muse", None: "vagus"}[mental.kind_of(Path(where.options["file"]))]
    name = name or "vagus"
    if name not in DEVICES:
        raise AddressError(f"{where.text!r}: no virtual device is called {name!r}; there are {', '.join(DEVICES)}")
    return name


def _faults(where: Address) -> Faults:
    shares = {name: where.number(name, 0.0) for name in _FAULTS}
    if any(share > 1 for share in shares.values()):
        raise AddressError(f"{where.text!r}: faults are shares of packets from 0 to 1, got {shares}")
    empty_s = where.number("empty", 0.0) if "empty" in where.options else None
    return Faults(**shares, silence_s=_silence(where), empty_s=empty_s, seed=where.whole("seed", 1))


def _silence(where: Address) -> tuple[float, float] | None:
    given = where.options.get("silence")
    if given is None:
        return None
    first, _, last = given.partition("-")
    try:
        begin_s, end_s = float(first), float(last)
    except ValueError:
        begin_s = end_s = math.nan
    if not 0 <= begin_s <= end_s:
        raise AddressError(f"{where.text!r}: silence is FROM-TO in seconds, such as 60-90, got {given!r}")
    return begin_s, end_s

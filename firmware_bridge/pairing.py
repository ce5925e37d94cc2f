"""Finding devices, pairing with them, and seeing the first heartbeat: what a tester does on a headless computer."""

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice

from firmware_bridge import gatt
from firmware_bridge.allow import check_allowed
from firmware_bridge.bluez import Answers, Bond, agent, bonds, forget, let_go, trust
from firmware_bridge.claim import Claim
from firmware_bridge.codec import decode
from firmware_bridge.devices import Family, Seen, recognise, recognise_offer
from firmware_bridge.errors import CodecError, LinkError, Trouble
from firmware_bridge.links.ble import RADIO, Radio, within
from firmware_bridge.messages import HeartRate, Message

_SCAN_S = 8.0
_CONNECT_S = 40.0
_PAIR_S = 60.0
"""Long enough to walk to the watch and type six digits."""
_CALL_S = 10.0
_SPEAKING = {gatt.HEART_RATE_MEASUREMENT, gatt.BATTERY_LEVEL}
"""Whoever has one of these says something unasked. A known device may show neither: BlueZ keeps a battery to itself."""

__all__ = ["Answers", "Bond", "Found", "Paired", "ScriptedAnswers", "bonds", "forget", "pair", "scan"]


@dataclass(frozen=True, slots=True)
class Found:
    """One device within reach."""

    seen: Seen
    family: Family | None
    """None if it is none that is known here."""

    @property
    def gives(self) -> tuple[str, ...]:
        return tuple(self.family.gives) if self.family else ()


@dataclass(frozen=True, slots=True)
class Paired:
    """A device that is paired and was heard."""

    address: str
    """To be stored: its identity address if BlueZ learned it."""
    name: str
    family: Family | None
    first: Message | None
    """The first message heard, a heart rate if the device has one; None of a known one that has to be started first."""
    first_s: float
    """How long after the connection it came."""


@dataclass(frozen=True, slots=True)
class ScriptedAnswers:
    """Answers known beforehand, for scripts: one passkey, and yes to anything without one."""

    key: int | None = None

    async def passkey(self, device: str) -> int | None:  # noqa: ARG002 - one key for any device
        return self.key

    async def confirm(self, device: str, passkey: int | None) -> bool:  # noqa: ARG002 - any device
        return passkey is None or self.key in (None, passkey)


async def scan(
    seconds: float = _SCAN_S,
    *,
    radio: Radio = RADIO,
) -> list[Found]:
    """Every device heard within so many seconds, known families first, then by signal; raise LinkError."""
    options: BleakScanner.ExtraArgs = {} if radio.scanner is None else {"backend": radio.scanner}
    heard = await within(
        seconds + _CALL_S, "the adapter", "scan", BleakScanner.discover(seconds, return_adv=True, **options)
    )
    found = [
        Found(
            seen := Seen(device.address, said.local_name or "", frozenset(said.service_uuids), said.rssi),
            recognise(seen),
        )
        for device, said in heard.values()
    ]
    return sorted(found, key=lambda one: (one.family is None, -(one.seen.rssi or -999)))


async def pair(
    address: str,
    answers: Answers,
    *,
    allowed: Collection[str] = (),
    now: Callable[[], float] = time.monotonic,
) -> Paired:
    """Pair with one device, bond, and wait for its first message; raise LinkError, each failure with its own trouble.

    ``allowed`` is the allow-list, empty for any: nothing else is even connected, and a device that turns out to be
    another one behind a private address is not trusted. A device that is bonded already is only heard.
    """
    check_allowed(address, allowed)
    await let_go(address)
    device = await _find(address)
    before = {bond.address for bond in await bonds()}
    with Claim(device.details["path"]):
        async with agent(answers):
            client = BleakClient(device, timeout=_CONNECT_S)
            try:
                await within(_CONNECT_S, address, "connect", client.connect())
                begun = now()
                await within(_PAIR_S, address, "pair", client.pair())
                identity = _identity(address, before, await bonds())
                check_allowed(identity, allowed if identity != address else ())
                await trust(identity)
                offered = {each.uuid for each in client.services.characteristics.values()}
                name = device.name or client.name
                family = recognise_offer(offered, name)
                first = None
                if family is None or offered & _SPEAKING:
                    first = await within(_CONNECT_S, address, "say anything", _first(client, offered))
                return Paired(identity, name, family, first, now() - begun)
            finally:
                # Before the agent goes: bleak's own clean-up after a failed pairing needs a connection that is closed.
                await within(_CALL_S, address, "disconnect", client.disconnect())


async def _find(address: str) -> BLEDevice:
    call = BleakScanner.find_device_by_address(address, timeout=2 * _SCAN_S)
    device = await within(3 * _SCAN_S, address, "answer", call)
    if device is None:
        raise LinkError(
            f"{address} is not within reach; wake it, bring it closer, and end its connection to any phone",
            Trouble.OUT_OF_REACH,
        )
    return device


def _identity(address: str, before: Collection[str], after: Collection[Bond]) -> str:
    """A device that hid behind a private address shows its own one in the bond that is new."""
    known = {bond.address for bond in after}
    fresh = known - set(before)
    return address if address in known or len(fresh) != 1 else fresh.pop()


async def _first(client: BleakClient, offered: Collection[str]) -> Message:
    """The first heart rate above 0, or the first battery level of a device that has no heart rate."""
    heard: asyncio.Queue[bytes] = asyncio.Queue(maxsize=64)
    if gatt.HEART_RATE_MEASUREMENT not in offered:
        level = bytes(await client.read_gatt_char(gatt.BATTERY_LEVEL))
        try:
            return decode(gatt.BATTERY_LEVEL, level)
        except CodecError as error:
            raise LinkError(f"it is paired, but what it says makes no sense: {error}", Trouble.REFUSED) from error

    def put(_: object, data: bytearray) -> None:
        if not heard.full():
            heard.put_nowait(bytes(data))

    await client.start_notify(gatt.HEART_RATE_MEASUREMENT, put)
    while True:
        try:
            message = decode(gatt.HEART_RATE_MEASUREMENT, await heard.get())
        except CodecError:
            continue
        if isinstance(message, HeartRate) and message.bpm > 0:
            return message

"""A Bluetooth LE device as a link: notifications in, writes out, through bleak."""

import asyncio
import re
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import TypeVar

from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import BaseBleakScanner
from bleak.exc import BleakBluetoothNotAvailableError, BleakDBusError, BleakError

from firmware_bridge import gatt
from firmware_bridge.claim import Claim, InUseError
from firmware_bridge.codec import REGISTER
from firmware_bridge.errors import AddressError, LinkError, Trouble
from firmware_bridge.links import Packet
from firmware_bridge.links.address import MAC, Address
from firmware_bridge.links.backoff import persist, running
from firmware_bridge.links.inbox import Inbox
from firmware_bridge.links.pace import Sleep
from firmware_bridge.links.uart import Uart

T = TypeVar("T")

_ALMOST_MAC = re.compile(r"[0-9A-Fa-f]{1,2}(?::[0-9A-Fa-f]{1,2})+|(?:[0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2}")
"""Meant as an address, not as a name."""
_FIND_S = 20.0
_CONNECT_S = 30.0
_CALL_S = 10.0
"""BlueZ can leave a call hanging for over a minute (an encrypted read without an agent), so each has a limit."""
_TRIES = 12


@dataclass(frozen=True, slots=True)
class Radio:
    """Which bleak backends to use; None is the platform's own (BlueZ on Linux)."""

    scanner: type[BaseBleakScanner] | None = None
    client: type[BaseBleakClient] | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock, compare=False)
    """One adapter makes one connection at a time, and refuses a second attempt meanwhile."""


RADIO = Radio()
"""This computer's own."""


def open_ble(
    where: Address,
    *,
    now: Callable[[], int],
    radio: Radio = RADIO,
    wanted: Collection[str] = REGISTER.keys() - gatt.COSTLY,
    sleep: Sleep = asyncio.sleep,
) -> AbstractAsyncContextManager["BleLink"]:
    """Open ``ble:F0:F1:F2:F3:F4:F5`` or ``ble:NAME``; AddressError at once, LinkError if the first attempt fails.

    Subscribes to every characteristic of ``wanted`` that the device can notify. After a drop it reconnects by itself,
    waiting longer each time; when nothing helps, ``packets`` raises LinkError.
    """
    where.only(())
    if _ALMOST_MAC.fullmatch(where.place) and not MAC.fullmatch(where.place):
        raise AddressError(
            f"{where.text!r}: {where.place} is no Bluetooth address; one has six pairs, such as F0:F1:F2:F3:F4:F5"
        )
    return _opened(BleLink(where.place, now, radio, wanted, sleep), f"ble {where.place}")


@asynccontextmanager
async def _opened(link: "BleLink", name: str) -> AsyncGenerator["BleLink"]:
    try:
        await link.connect()
        async with running(link.keep(), name):
            yield link
    finally:
        await link.disconnect()


class BleLink:
    """One device over BLE."""

    def __init__(self, place: str, now: Callable[[], int], radio: Radio, wanted: Collection[str], sleep: Sleep) -> None:
        self._place = place
        self._now = now
        self._radio = radio
        self._bluez = sys.platform == "linux" and radio.scanner is None
        self._wanted = wanted
        self._sleep = sleep
        self._inbox = Inbox()
        self._client: BleakClient | None = None
        self._ready = False
        """Its services are known and subscribed to: bleak says that it is connected some seconds before."""
        self._claim: AbstractContextManager[object] = nullcontext()
        self._gone = asyncio.Event()
        self._uart = Uart()
        self._reconnects = 0

    @property
    def offers(self) -> frozenset[str]:
        """UUIDs of what the connected device has."""
        return frozenset(each.uuid for each in self._connected().services.characteristics.values())

    @property
    def name(self) -> str:
        """What the device calls itself."""
        return self._connected().name

    def packets(self) -> AsyncIterator[Packet]:
        """Notifications, across reconnects; raises LinkError when the device stays away."""
        return self._inbox.read()

    async def write(self, target: str, payload: bytes) -> None:
        client = self._connected()
        if target == gatt.UART_TO_DEVICE:
            await self._within(_CALL_S, f"let us write to {target}", self._uart.may_write())
        characteristic = client.services.get_characteristic(target)
        if characteristic is None:
            raise LinkError(f"{self._place} has nothing to write at {target}", Trouble.REFUSED)
        # A console takes text in any pieces; whatever else is written is one piece by its own nature.
        size = characteristic.max_write_without_response_size if target == gatt.UART_TO_DEVICE else len(payload) or 1
        for at in range(0, len(payload), size):
            call = client.write_gatt_char(characteristic, payload[at : at + size], response=True)
            await self._within(_CALL_S, f"write to {target}", call)

    async def read(self, target: str) -> bytes:
        client = self._connected()
        characteristic = client.services.get_characteristic(target)
        if characteristic is not None:
            return bytes(await self._within(_CALL_S, f"read {target}", client.read_gatt_char(characteristic)))
        if target == gatt.BATTERY_LEVEL and self._bluez:
            from firmware_bridge.bluez import battery  # only Linux has D-Bus

            return bytes([await self._within(_CALL_S, "tell its battery", battery(client.address))])
        raise LinkError(f"{self._place} has nothing to read at {target}", Trouble.REFUSED)

    def counts(self) -> Mapping[str, int]:
        return {"packets": self._inbox.packets, "dropped": self._inbox.dropped, "reconnects": self._reconnects}

    async def revive(self) -> None:
        """Drop a connection that has fallen silent, so that it is made anew; without one, that is under way already."""
        if self._client is None or not self._ready or not self._client.is_connected:
            return
        await self.disconnect()
        self._gone.set()

    async def connect(self) -> None:
        """Find, connect and subscribe, once, when it is this device's turn; raise LinkError."""
        async with self._radio.turn:
            await self._connect()

    async def disconnect(self) -> None:
        """Let go of the device; a device that is gone already, or does not answer, is let go all the same."""
        client, self._client, self._ready = self._client, None, False
        claim, self._claim = self._claim, nullcontext()
        with claim, suppress(LinkError):
            if client is not None:
                await self._within(_CALL_S, "disconnect", client.disconnect())

    async def keep(self) -> None:
        """Reconnect after every drop, until nothing helps."""
        while True:
            await self._gone.wait()
            await self.disconnect()
            try:
                await persist(self.connect, tries=_TRIES, sleep=self._sleep)
            except LinkError as error:
                self._inbox.close(error)
                return
            self._reconnects += 1

    async def _connect(self) -> None:
        await self._let_go()
        device = await self._within(_FIND_S + _CALL_S, "look for the device", self._find())
        if device is None:
            raise LinkError(
                f"no device {self._place} within reach in {_FIND_S:g} s; is it worn, awake and free of other phones?",
                Trouble.OUT_OF_REACH,
            )
        self._gone.clear()
        self._uart = Uart()
        if self._bluez:
            self._claim = Claim(device.details["path"])
        self._client = client = BleakClient(device, self._on_gone, timeout=_CONNECT_S, backend=self._radio.client)
        try:
            await self._within(_CONNECT_S + _CALL_S, "connect", client.connect())
            subscribed = [await self._subscribe(client, each) for each in self._offered(client)]
        except LinkError:
            await self.disconnect()
            raise
        if not subscribed:
            await self.disconnect()
            raise LinkError(f"{self._place} offers nothing that is known here", Trouble.REFUSED)
        self._ready = True

    async def _let_go(self) -> None:
        """End a connection that BlueZ has kept for nobody; where that cannot be done, a scan is tried all the same.

        InUseError where one of our programs has it: a scan would find nothing, and disturb a pairing.
        """
        if not self._bluez:
            return
        from firmware_bridge.bluez import let_go  # only Linux has D-Bus

        try:
            await self._within(_CALL_S, "leave its old connection", let_go(self._place))
        except InUseError:
            raise
        except (LinkError, ValueError):  # dbus-fast's own errors of a bus that cannot be joined are ValueErrors
            return

    def _find(self) -> Coroutine[None, None, BLEDevice | None]:
        given: BleakScanner.ExtraArgs = {} if self._radio.scanner is None else {"backend": self._radio.scanner}
        find = BleakScanner.find_device_by_address if MAC.fullmatch(self._place) else BleakScanner.find_device_by_name
        return find(self._place, timeout=_FIND_S, **given)

    def _offered(self, client: BleakClient) -> list[BleakGATTCharacteristic]:
        return [
            each
            for each in client.services.characteristics.values()
            if each.uuid in self._wanted and {"notify", "indicate"} & set(each.properties)
        ]

    async def _subscribe(self, client: BleakClient, characteristic: BleakGATTCharacteristic) -> str:
        uart = self._uart

        def heard(_: BleakGATTCharacteristic, data: bytearray) -> None:
            whole = uart.feed(bytes(data)) if characteristic.uuid == gatt.UART_FROM_DEVICE else [bytes(data)]
            for payload in whole:
                self._inbox.put(Packet(characteristic.uuid, payload, self._now()))

        await self._within(_CALL_S, f"subscribe to {characteristic.uuid}", client.start_notify(characteristic, heard))
        return characteristic.uuid

    def _on_gone(self, client: BleakClient) -> None:
        if client is self._client:
            self._gone.set()

    def _connected(self) -> BleakClient:
        if self._client is None or not self._ready or not self._client.is_connected:
            raise LinkError(f"{self._place} is not connected now; a reconnect is under way")
        return self._client

    async def _within(self, limit_s: float, what: str, call: Coroutine[None, None, T]) -> T:
        return await within(limit_s, self._place, what, call)


async def within(limit_s: float, place: str, what: str, call: Coroutine[None, None, T]) -> T:
    """What a bleak call gives, in time; raise LinkError with a sentence and the kind of trouble."""
    try:
        async with asyncio.timeout(limit_s):
            return await call
    except TimeoutError as error:
        raise LinkError(f"{place} did not {what} within {limit_s:g} s", Trouble.OUT_OF_REACH) from error
    except (BleakError, OSError, EOFError) as error:
        if isinstance(error, LinkError):
            raise
        raise LinkError(*_explain(error, place, what)) from error


def _explain(error: BleakError | OSError | EOFError, place: str, what: str) -> tuple[str, Trouble]:
    """What a person can do about it."""
    if isinstance(error, BleakBluetoothNotAvailableError):
        return (
            f"no Bluetooth adapter is ready ({error.reason.name.lower()}); plug one in or power it on",
            Trouble.NO_ADAPTER,
        )
    if isinstance(error, FileNotFoundError):
        return "the system D-Bus is not there, so neither is Bluetooth; start dbus and bluetoothd", Trouble.NO_ADAPTER
    if isinstance(error, BleakDBusError):
        name = error.dbus_error.rpartition(".")[2]
        if name in {"AccessDenied", "NotAuthorized", "NotPermitted", "AuthFailed"}:
            return f"no permission to {what}: add this user to the group bluetooth ({error})", Trouble.NO_PERMISSION
        if name in {"ServiceUnknown", "NotReady"}:
            return (
                f"bluetoothd is not ready ({error}); is the adapter powered and the service started?",
                Trouble.NO_ADAPTER,
            )
        if name.startswith("Authentication"):
            return f"{place} refused the pairing ({error}); was the passkey right?", Trouble.WRONG_PASSKEY
    return f"{place} did not {what}: {error or type(error).__name__}", Trouble.LOST

"""bleak's scanner and client over a Bumble host, in place of BlueZ."""

# Bumble types some of its calls only in part.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, TypeVar, cast

from bleak.args import SizedBuffer
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakError, BleakGATTProtocolError
from bumble import att, core, hci
from bumble.core import UUID, AdvertisingData
from bumble.device import Advertisement, Connection, Device, Peer
from bumble.gatt import Characteristic
from bumble.gatt_client import CharacteristicProxy, DescriptorProxy
from bumble.keys import MemoryKeyStore

T = TypeVar("T")
MTU = 247


class Scanner(BaseBleakScanner):
    """bleak's scanner over the computer's radio."""

    host: ClassVar[Device]

    def __init__(
        self,
        detection_callback: Callable[[BLEDevice, AdvertisementData], Coroutine[Any, Any, None] | None] | None,
        service_uuids: list[str] | None,
        scanning_mode: str,
        **options: object,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._active = scanning_mode == "active"

    async def start(self) -> None:
        self.seen_devices = {}
        device = self.host
        device.on("advertisement", self._heard)
        await device.start_scanning(active=self._active, filter_duplicates=False)

    async def stop(self) -> None:
        device = self.host
        device.remove_listener("advertisement", self._heard)
        await device.stop_scanning()

    def _heard(self, heard: Advertisement) -> None:
        uuids = _advertised(heard.data)
        if not self.is_allowed_uuid(uuids):
            return
        name = heard.data.get(AdvertisingData.Type.COMPLETE_LOCAL_NAME)
        said = AdvertisementData(name, {}, {}, uuids, None, heard.rssi, (heard,))
        address = heard.address.to_string(False)
        self.call_detection_callbacks(self.create_or_update_device(address, address, name, heard.address, said), said)


def _advertised(data: AdvertisingData) -> list[str]:
    kinds = (
        AdvertisingData.Type.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
        AdvertisingData.Type.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
    )
    return [_full(uuid) for kind in kinds for uuids in data.get_all(kind) for uuid in uuids]


def _full(uuid: UUID) -> str:
    raw = uuid.to_bytes(force_128=True)[::-1].hex()
    return f"{raw[:8]}-{raw[8:12]}-{raw[12:16]}-{raw[16:20]}-{raw[20:]}"


class Client(BaseBleakClient):
    """bleak's client over the computer's radio; like BlueZ it encrypts a bonded connection by itself."""

    host: ClassVar[Device]

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        services: set[str] | None = None,
        *,
        disconnected_callback: Callable[[], None] | None,
        timeout: float,
        **options: object,
    ) -> None:
        super().__init__(address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout, **options)
        self._connection: Connection | None = None
        self._heard: dict[int, Callable[[bytes], object]] = {}

    @property
    def name(self) -> str:
        return self.address

    @property
    def mtu_size(self) -> int:
        return self._live().att_mtu

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def connect(self, pair: bool, **options: object) -> None:
        device = self.host
        try:
            self._connection = connection = await device.connect(
                hci.Address(self.address), own_address_type=hci.OwnAddressType.RANDOM, timeout=self._timeout
            )
        except core.TimeoutError as error:
            raise TimeoutError from error
        except core.BaseBumbleError as error:
            raise BleakError(str(error)) from error
        except asyncio.CancelledError:
            await device.send_sync_command(hci.HCI_LE_Create_Connection_Cancel_Command())
            raise
        connection.on("disconnection", self._on_disconnection)
        try:
            peer = Peer(connection)
            await peer.request_mtu(MTU)
            if pair or await self._bonded():
                await self.pair()
            self.services = await _discover(peer)
        except (core.BaseBumbleError, BleakError, asyncio.CancelledError) as error:
            if self.is_connected:
                await connection.disconnect()
            if isinstance(error, core.BaseBumbleError):
                raise BleakError(str(error)) from error
            raise

    async def disconnect(self) -> None:
        if self._connection is not None:
            await self._connection.disconnect()

    async def pair(self, *args: object, **options: object) -> None:
        connection = self._live()
        if connection.is_encrypted:
            return
        await self._asked(connection.encrypt() if await self._bonded() else connection.pair())

    async def unpair(self) -> None:
        await self._keys().delete(str(hci.Address(self.address)))
        await self.disconnect()

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **options: object
    ) -> bytearray:
        return bytearray(await self._asked(_remote(characteristic).read_value()))

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **options: object
    ) -> bytearray:
        return bytearray(await self._asked(cast(DescriptorProxy, descriptor.obj).read_value()))

    async def write_gatt_char(self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool) -> None:
        await self._asked(_remote(characteristic).write_value(bytes(data), with_response=response))

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        await self._asked(cast(DescriptorProxy, descriptor.obj).write_value(bytes(data), with_response=True))

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **options: object
    ) -> None:
        def heard(value: bytes) -> None:
            callback(bytearray(value))

        self._heard[characteristic.handle] = heard
        await self._asked(_remote(characteristic).subscribe(heard))

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        await self._asked(_remote(characteristic).unsubscribe(self._heard.pop(characteristic.handle)))

    def _on_disconnection(self, reason: int) -> None:
        self._connection = self.services = None
        self._heard = {}
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    def _live(self) -> Connection:
        if self._connection is None:
            raise BleakError("Not connected")
        return self._connection

    def _keys(self) -> MemoryKeyStore:
        return cast(MemoryKeyStore, self.host.keystore)

    async def _bonded(self) -> bool:
        return await self._keys().get(str(self._live().peer_address)) is not None

    async def _asked(self, call: Coroutine[Any, Any, T]) -> T:
        if not self.is_connected:
            call.close()
            raise BleakError("Not connected")
        try:
            return await call
        except att.ATT_Error as error:
            raise BleakGATTProtocolError(int(error.error_code)) from error
        except core.BaseBumbleError as error:
            raise BleakError(str(error)) from error
        except asyncio.CancelledError as error:
            # Bumble cancels what is pending when the connection goes; that is no cancellation of ours.
            task = asyncio.current_task()
            if not self.is_connected and task is not None and not task.cancelling():
                raise BleakError("disconnected") from error
            raise


def _remote(characteristic: BleakGATTCharacteristic) -> CharacteristicProxy[bytes]:
    return cast(CharacteristicProxy[bytes], characteristic.obj)


async def _discover(peer: Peer) -> BleakGATTServiceCollection:
    found = BleakGATTServiceCollection()
    await peer.discover_services()
    for service in peer.services:
        mine = BleakGATTService(service, service.handle, _full(service.uuid))
        found.add_service(mine)
        for characteristic in await service.discover_characteristics():
            names = [_property_name(flag) for flag in Characteristic.Properties if flag & characteristic.properties]
            # bleak counts by the declaration's handle, which stands just before the value's.
            known = BleakGATTCharacteristic(
                characteristic,
                characteristic.handle - 1,
                _full(characteristic.uuid),
                cast(Any, names),
                lambda: MTU - 3,
                mine,
            )
            found.add_characteristic(known)
    return found


def _property_name(flag: Characteristic.Properties) -> str:
    return str(flag.name).lower().replace("_", "-")

"""One device of the emulated org.bluez: connected, paired, read, written and heard over a virtual radio."""

# The members' names are BlueZ's.
# ruff: noqa: N802

from typing import TYPE_CHECKING, Annotated

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakError, BleakGATTProtocolError
from dbus_fast import DBusError, PropertyAccess, Variant
from dbus_fast.annotations import (
    DBusBool,
    DBusByte,
    DBusBytes,
    DBusDict,
    DBusInt16,
    DBusObjectPath,
    DBusSignature,
    DBusStr,
    DBusUInt16,
)
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property

from firmware_bridge import gatt

if TYPE_CHECKING:
    from tests.fakes.bluez import Bluez

ADAPTER = "/org/bluez/hci0"
READ = PropertyAccess.READ
Strings = Annotated[list[str], DBusSignature("as")]


class Battery1(ServiceInterface):
    def __init__(self, level: int) -> None:
        super().__init__("org.bluez.Battery1")
        self._level = level

    @dbus_property(access=READ)
    def Percentage(self) -> DBusByte:
        return self._level


class Device1(ServiceInterface):
    def __init__(self, bluez: "Bluez", path: str, device: BLEDevice, said: AdvertisementData) -> None:
        super().__init__("org.bluez.Device1")
        self.client = BleakClient(device, self._gone, backend=bluez.computer.radio.client)
        self.pairing = False
        self._bluez = bluez
        self._path = path
        self._device = device
        self._said = said
        self._connected = self._paired = self._resolved = self._trusted = False
        self._children: list[tuple[str, ServiceInterface]] = []

    @dbus_property(access=READ)
    def Address(self) -> DBusStr:
        return self._device.address

    @dbus_property(access=READ)
    def AddressType(self) -> DBusStr:
        return "random"

    @dbus_property(access=READ)
    def Name(self) -> DBusStr:
        return self._said.local_name or ""

    @dbus_property(access=READ)
    def Alias(self) -> DBusStr:
        return self._said.local_name or self._device.address

    @dbus_property(access=READ)
    def Adapter(self) -> DBusObjectPath:
        return ADAPTER

    @dbus_property(access=READ)
    def UUIDs(self) -> Strings:
        return self._said.service_uuids

    @dbus_property(access=READ)
    def RSSI(self) -> DBusInt16:
        return self._said.rssi

    @dbus_property(access=READ)
    def Connected(self) -> DBusBool:
        return self._connected

    @dbus_property(access=READ)
    def Paired(self) -> DBusBool:
        return self._paired

    @dbus_property(access=READ)
    def ServicesResolved(self) -> DBusBool:
        return self._resolved

    @dbus_property()
    def Trusted(self) -> DBusBool:
        return self._trusted

    @Trusted.setter
    def Trusted(self, trusted: DBusBool) -> None:  # pyright: ignore[reportRedeclaration] - a property's other half
        self._trusted = trusted

    @dbus_method()
    async def Connect(self) -> None:
        self._bluez.check("Device1", "Connect")
        try:
            await self.client.connect()
        except (BleakError, TimeoutError) as error:
            raise DBusError("org.bluez.Error.Failed", "le-connection-abort-by-local") from error
        self._connected = True
        self.emit_properties_changed({"Connected": True})
        self._show_services()
        if self._bluez.keeps_batteries:
            (level,) = await self.client.read_gatt_char(gatt.BATTERY_LEVEL)
            self._export(self._path, Battery1(level))
        self._resolved = True
        self.emit_properties_changed({"ServicesResolved": True})

    @dbus_method()
    async def Disconnect(self) -> None:
        await self.client.disconnect()

    @dbus_method()
    async def Pair(self) -> None:
        self._bluez.check("Device1", "Pair")
        self.pairing = True
        try:
            if self._bluez.agent is None or not await self._allowed():
                raise DBusError("org.bluez.Error.AuthenticationFailed", "Authentication Failed")
            await self.client.pair()
        except BleakError as error:
            raise DBusError("org.bluez.Error.AuthenticationFailed", "Authentication Failed") from error
        finally:
            self.pairing = False
        self._paired = True
        self.emit_properties_changed({"Paired": True})

    async def _allowed(self) -> bool:
        # A device without a display is paired on the agent's word alone.
        return self._bluez.shows_passkey or await self._bluez.authorize(self._path)

    def _show_services(self) -> None:
        for service in self.client.services:
            if self._bluez.keeps_batteries and service.uuid == gatt.BATTERY_SERVICE:
                continue
            path = f"{self._path}/service{service.handle:04x}"
            self._export(path, GattService1(service.uuid, self._path))
            for characteristic in service.characteristics:
                under = f"{path}/char{characteristic.handle:04x}"
                self._export(under, GattCharacteristic1(self._bluez, self.client, characteristic, path, under))

    def _export(self, path: str, child: ServiceInterface) -> None:
        self._children.append((path, child))
        self._bluez.bus.export(path, child)

    def _gone(self, client: BleakClient) -> None:
        for path, child in reversed(self._children):
            self._bluez.bus.unexport(path, child)
            self._bluez.listeners.pop(path, None)
        self._children.clear()
        self._connected = self._resolved = False
        self.emit_properties_changed({"ServicesResolved": False, "Connected": False})


class GattService1(ServiceInterface):
    def __init__(self, uuid: str, device: str) -> None:
        super().__init__("org.bluez.GattService1")
        self._uuid = uuid
        self._device = device

    @dbus_property(access=READ)
    def UUID(self) -> DBusStr:
        return self._uuid

    @dbus_property(access=READ)
    def Primary(self) -> DBusBool:
        return True

    @dbus_property(access=READ)
    def Device(self) -> DBusObjectPath:
        return self._device


class GattCharacteristic1(ServiceInterface):
    def __init__(
        self, bluez: "Bluez", client: BleakClient, at: BleakGATTCharacteristic, service: str, path: str
    ) -> None:
        super().__init__("org.bluez.GattCharacteristic1")
        self._bluez = bluez
        self._client = client
        self._at = at
        self._service = service
        self._path = path
        self._value = b""

    @dbus_property(access=READ)
    def UUID(self) -> DBusStr:
        return self._at.uuid

    @dbus_property(access=READ)
    def Service(self) -> DBusObjectPath:
        return self._service

    @dbus_property(access=READ)
    def Flags(self) -> Strings:
        return [str(name) for name in self._at.properties]

    @dbus_property(access=READ)
    def MTU(self) -> DBusUInt16:
        return 247

    @dbus_property(access=READ)
    def Notifying(self) -> DBusBool:
        return bool(self._bluez.listeners.get(self._path))

    @dbus_property(access=READ)
    def Value(self) -> DBusBytes:
        return self._value

    @dbus_method()
    async def ReadValue(self, options: DBusDict) -> DBusBytes:
        self._bluez.check("GattCharacteristic1", "ReadValue")
        try:
            return bytes(await self._client.read_gatt_char(self._at))
        except BleakError as error:
            raise _att(error) from error

    @dbus_method()
    async def WriteValue(self, value: DBusBytes, options: DBusDict) -> None:
        self._bluez.check("GattCharacteristic1", "WriteValue")
        kind = options.get("type", Variant("s", "request")).value
        try:
            await self._client.write_gatt_char(self._at, value, response=kind == "request")
        except BleakError as error:
            raise _att(error) from error

    @dbus_method()
    async def StartNotify(self) -> None:
        self._bluez.check("GattCharacteristic1", "StartNotify")
        await self._client.start_notify(self._at, self._notified)

    @dbus_method()
    async def StopNotify(self) -> None:
        await self._client.stop_notify(self._at)

    def _notified(self, _: BleakGATTCharacteristic, value: bytearray) -> None:
        self._value = bytes(value)
        self.emit_properties_changed({"Value": self._value})


def _att(error: BleakError) -> DBusError:
    if isinstance(error, BleakGATTProtocolError):
        return DBusError("org.bluez.Error.Failed", f"Operation failed with ATT error: 0x{int(error.code):02x}")
    return DBusError("org.bluez.Error.Failed", "Not connected")

"""A virtual device on a virtual radio: any personality as a Bumble peripheral, with faults of the radio on demand."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bumble import att, data_types, ll
from bumble.controller import Controller
from bumble.core import UUID, AdvertisingData, DataType
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.gatt import Characteristic, CharacteristicValue
from bumble.gatt import Service as GattService
from bumble.hci import Address
from bumble.host import Host
from bumble.link import LocalLink
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport.common import AsyncPipeSink

from firmware_bridge.errors import LinkError
from firmware_bridge.links.pace import Pace
from firmware_bridge.virtual.personality import Access, Personality, Spoken

_ADVERTISING_MS = 100
_SUPERVISION_TIMEOUT = 0x08
"""HCI error: connection timeout (Core specification, Vol 1, Part F, 2.8)."""
_PERMISSIONS = Characteristic.Permissions
_PROPERTIES = Characteristic.Properties


@dataclass(frozen=True, slots=True)
class Pairing:
    """How the device wants to be paired."""

    passkey: int | None = None
    """Shown by the device and typed at the host; None is just works."""


class Peripheral:
    """One device on a radio link. Build it, ``await power_on()``, then ``await play(...)`` to let it speak."""

    def __init__(
        self, radio: LocalLink, device: Personality, address: str = "F0:F1:F2:F3:F4:F5", pairing: Pairing = Pairing()
    ) -> None:
        # Without a public address the identity is the random static one, as on a real watch.
        self._controller = Controller(device.name, link=radio)
        config = DeviceConfiguration(
            name=device.name,
            address=Address(address),
            advertising_interval_min=_ADVERTISING_MS,
            advertising_interval_max=_ADVERTISING_MS,
        )
        self._device = Device(config=config, host=Host(self._controller, AsyncPipeSink(self._controller)))
        self._device.advertising_data = _advertisement(device)
        self._device.pairing_config_factory = _pairing_config(pairing)
        self._personality = device
        self._characteristics = {
            uuid: self._characteristic(uuid, access)
            for service in device.services
            for uuid, access in service.characteristics.items()
        }
        self._device.add_services(
            GattService(service.uuid, [self._characteristics[uuid] for uuid in service.characteristics])
            for service in device.services
        )
        self.address = address
        self._answering: set[asyncio.Future[None]] = set()

    @property
    def connected(self) -> bool:
        return bool(self._device.connections)

    async def power_on(self) -> None:
        await self._device.power_on()
        await self._device.start_advertising(auto_restart=True)

    async def power_off(self) -> None:
        await self._device.stop_advertising()
        await self.drop()
        await self._device.power_off()

    async def play(self, spoken: Iterator[Spoken], pace: Pace) -> None:
        """Notify everything in time, whether or not somebody listens."""
        for said in spoken:
            await pace.until(said.at_ns)
            await self._notify(said.source, said.payload)

    async def drop(self) -> None:
        """Hang up; go on advertising."""
        for connection in tuple(self._device.connections.values()):
            await connection.disconnect()

    async def vanish(self) -> None:
        """Go out of range: no advertisements, and both ends run into the supervision timeout."""
        await self._device.stop_advertising()
        for connection in tuple(self._controller.le_connections.values()):
            connection.send_ll_control_pdu(ll.TerminateInd(_SUPERVISION_TIMEOUT))
            self._controller.on_le_disconnected(connection, _SUPERVISION_TIMEOUT)

    async def come_back(self) -> None:
        """Come back into range."""
        await self._device.start_advertising(auto_restart=True)

    async def _notify(self, source: str, payload: bytes) -> None:
        characteristic = self._characteristics[source]
        if characteristic.properties & _PROPERTIES.INDICATE:
            await self._device.indicate_subscribers(characteristic, payload)
        else:
            await self._device.notify_subscribers(characteristic, payload)

    def _characteristic(self, uuid: str, access: Access) -> Characteristic[bytes]:
        properties, permissions = _rights(access)

        def read(_: Connection) -> bytes:
            try:
                return self._personality.read(uuid)
            except LinkError as error:
                raise att.ATT_Error(att.ErrorCode.READ_NOT_PERMITTED) from error

        async def write(_: Connection, value: bytes) -> None:
            try:
                answers = self._personality.write(uuid, bytes(value))
            except LinkError as error:
                raise att.ATT_Error(att.ErrorCode.WRITE_REQUEST_REJECTED) from error
            # A device answers after it has acknowledged the write, not within it.
            asyncio.get_running_loop().call_soon(self._answer, answers)

        value = CharacteristicValue[bytes](read=read, write=write)
        return Characteristic[bytes](UUID(uuid), properties, permissions, value)

    def _answer(self, answers: Sequence[tuple[str, bytes]]) -> None:
        async def send() -> None:
            for source, payload in answers:
                await self._notify(source, payload)

        task = asyncio.ensure_future(send())
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)


def _rights(access: Access) -> tuple[Characteristic.Properties, Characteristic.Permissions]:
    properties, permissions = _PROPERTIES(0), _PERMISSIONS.READABLE
    if access & Access.READ:
        properties |= _PROPERTIES.READ
    if access & Access.WRITE:
        properties |= _PROPERTIES.WRITE | _PROPERTIES.WRITE_WITHOUT_RESPONSE
        permissions |= _PERMISSIONS.WRITEABLE
    if access & Access.NOTIFY:
        properties |= _PROPERTIES.NOTIFY
    if access & Access.INDICATE:
        properties |= _PROPERTIES.INDICATE
    if access & Access.PAIRED:
        permissions |= _PERMISSIONS.READ_REQUIRES_ENCRYPTION | _PERMISSIONS.WRITE_REQUIRES_ENCRYPTION
    return properties, permissions


def _advertisement(device: Personality) -> bytes:
    """Flags, name and as many service UUIDs as fit into 31 bytes."""
    fields: list[DataType] = [
        data_types.Flags(
            AdvertisingData.Flags.LE_GENERAL_DISCOVERABLE_MODE | AdvertisingData.Flags.BR_EDR_NOT_SUPPORTED
        ),
        data_types.CompleteLocalName(device.name),
    ]
    for uuid in map(UUID, device.advertised):
        short = uuid.to_bytes(force_128=False)
        listed = (
            data_types.IncompleteListOf16BitServiceUUIDs([uuid])
            if len(short) == 2
            else data_types.IncompleteListOf128BitServiceUUIDs([uuid])
        )
        if len(bytes(AdvertisingData([*fields, listed]))) <= 31:
            fields.append(listed)
    return bytes(AdvertisingData(fields))


def _pairing_config(pairing: Pairing) -> Callable[[Connection], PairingConfig]:
    def config(_: Connection) -> PairingConfig:
        delegate = _Display(pairing.passkey)
        return PairingConfig(sc=True, mitm=pairing.passkey is not None, bonding=True, delegate=delegate)

    return config


class _Display(PairingDelegate):
    """The watch's face: shows a passkey, or has nothing to show."""

    def __init__(self, passkey: int | None) -> None:
        shows = PairingDelegate.IoCapability.DISPLAY_OUTPUT_ONLY
        silent = PairingDelegate.IoCapability.NO_OUTPUT_NO_INPUT
        super().__init__(silent if passkey is None else shows)
        self._passkey = passkey

    async def generate_passkey(self) -> int:
        return 0 if self._passkey is None else self._passkey

    async def display_number(self, number: int, digits: int) -> None:
        """Nobody looks: the test knows the passkey."""

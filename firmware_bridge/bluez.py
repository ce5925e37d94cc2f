"""What bleak leaves undone with BlueZ over D-Bus: the pairing agent, the bonds, and the adapter's power."""

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol, cast

from dbus_fast import AuthError, BusType, DBusError, Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusObjectPath, DBusStr, DBusUInt16, DBusUInt32
from dbus_fast.auth import AuthExternal
from dbus_fast.service import ServiceInterface, dbus_method

from firmware_bridge.claim import Claim, name_of
from firmware_bridge.errors import LinkError, Trouble

_BLUEZ = "org.bluez"
_AGENT_PATH = "/org/vagus/agent"
_CALL_S = 10.0
_REJECTED = "org.bluez.Error.Rejected"
_POWER_TRIES = 3
_USER = "BLEAK_DBUS_AUTH_UID"
"""Of the environment: our number on the host, where a user namespace has changed it. bleak goes by it, too."""
_CAPABILITY = "KeyboardDisplay"
"""Able to do everything: with less, BlueZ quietly pairs a passkey watch without its passkey."""

Properties = Mapping[str, object]


class Answers(Protocol):
    """Who is asked when a device wants to be paired; ``device`` is its Bluetooth address."""

    async def passkey(self, device: str) -> int | None:
        """The six digits that the device shows; None to refuse."""
        ...

    async def confirm(self, device: str, passkey: int | None) -> bool:
        """Whether to pair: with the number both sides show, or with none (just works)."""
        ...


@dataclass(frozen=True, slots=True)
class Bond:
    """A device that this computer is bonded with."""

    address: str
    """The identity address, which stays when the device changes its private one."""
    name: str
    connected: bool
    path: str


@asynccontextmanager
async def system_bus() -> AsyncGenerator[MessageBus]:
    """A connection to the system bus; raise LinkError if there is none, or it does not take us."""
    bus = MessageBus(bus_type=BusType.SYSTEM, auth=_as_whom())
    try:
        await bus.connect()
    except (OSError, EOFError, DBusError) as error:
        raise LinkError(
            f"the system D-Bus cannot be reached ({error}); are dbus and bluetoothd running?", Trouble.NO_ADAPTER
        ) from error
    except AuthError as error:
        raise LinkError(
            f"the system D-Bus does not take us ({error}); in a container set {_USER} to the user's id on the host",
            Trouble.REFUSED,
        ) from error
    try:
        yield bus
    finally:
        bus.disconnect()


def _as_whom() -> AuthExternal | None:
    told = os.environ.get(_USER, "")
    return AuthExternal(int(told)) if told.isdecimal() else None


@asynccontextmanager
async def agent(answers: Answers) -> AsyncGenerator[None]:
    """Answer BlueZ's pairing questions within the block; raise LinkError if BlueZ does not want an agent.

    It must be the default agent: bleak pairs over another connection than ours.
    """
    async with system_bus() as bus:
        bus.export(_AGENT_PATH, _Agent(answers))
        await _manage(bus, "RegisterAgent", "os", _AGENT_PATH, _CAPABILITY)
        await _manage(bus, "RequestDefaultAgent", "o", _AGENT_PATH)
        try:
            yield
        finally:
            await _manage(bus, "UnregisterAgent", "o", _AGENT_PATH)


async def bonds() -> list[Bond]:
    """Every bonded device, by address; raise LinkError if BlueZ cannot be asked."""
    async with system_bus() as bus:
        devices = [
            Bond(str(p.get("Address")), str(p.get("Alias", "")), bool(p.get("Connected")), path)
            for path, p in (await objects(bus, "org.bluez.Device1")).items()
            if p.get("Paired") or p.get("Bonded")
        ]
    return sorted(devices, key=lambda bond: bond.address)


async def forget(address: str) -> None:
    """End a bond from our side, so that the device can be paired anew; raise LinkError if it is unknown."""
    async with system_bus() as bus:
        for path, properties in (await objects(bus, "org.bluez.Device1")).items():
            if str(properties.get("Address")).upper() == address.upper():
                adapter = str(properties.get("Adapter"))
                await _call(bus, adapter, "org.bluez.Adapter1", "RemoveDevice", "o", path)
                return
    raise LinkError(f"BlueZ does not know {address}; `devices` shows what is within reach", Trouble.OUT_OF_REACH)


async def trust(address: str) -> None:
    """Let a bonded device reconnect without asking; unknown devices are left alone."""
    async with system_bus() as bus:
        for path, properties in (await objects(bus, "org.bluez.Device1")).items():
            if str(properties.get("Address")).upper() == address.upper():
                await _set(bus, path, "org.bluez.Device1", "Trusted", Variant("b", True))


async def let_go(place: str) -> None:
    """Disconnect a device, by address or name, that is connected and that nobody uses; raise LinkError.

    BlueZ keeps a connection whose program was killed, and a connected device does not advertise: no scan finds it. A
    dead program's subscriptions do end, so a device that notifies somebody is in use and is left alone; one that is
    claimed, and may only be pairing or connecting as yet, is an InUseError.
    """
    async with system_bus() as bus:
        for path, properties in (await objects(bus, "org.bluez.Device1")).items():
            called = {str(properties.get(name, "")).upper() for name in ("Address", "Alias")}
            if place.upper() in called and properties.get("Connected"):
                with Claim(path):
                    if not await _notifies(bus, path):
                        await _call(bus, path, "org.bluez.Device1", "Disconnect")


async def battery(address: str) -> int:
    """A connected device's battery level, percent; raise LinkError while BlueZ knows none.

    Since 5.48 BlueZ keeps the Battery Service for itself and tells of it here (doc/org.bluez.Battery.rst).
    """
    async with system_bus() as bus:
        levels = await objects(bus, "org.bluez.Battery1")
        for path, properties in (await objects(bus, "org.bluez.Device1")).items():
            if path in levels and str(properties.get("Address")).upper() == address.upper():
                return int(cast(int, levels[path]["Percentage"]))
    raise LinkError(f"BlueZ knows no battery level of {address}")


async def _notifies(bus: MessageBus, device: str) -> bool:
    return any(
        properties.get("Notifying") or properties.get("NotifyAcquired")
        for path, properties in (await objects(bus, "org.bluez.GattCharacteristic1")).items()
        if path.startswith(f"{device}/")
    )


async def power_cycle(pause_s: float = 1.0) -> str:
    """Switch the adapter in use off and on again, no other one; returns its name, such as `hci0`.

    The last resort in silence. It is switched on again however the pause ends: an adapter that is left off would stay
    so. Raises LinkError if there is no adapter, or it does not come back.
    """
    async with system_bus() as bus:
        path = _in_use(await objects(bus, "org.bluez.Adapter1"))
        try:
            await _power(bus, path, False)
            await asyncio.sleep(pause_s)
        finally:
            await _power_on(bus, path, pause_s)
    return path.rpartition("/")[2]


def _in_use(adapters: Mapping[str, Properties]) -> str:
    """The one that bleak takes: the first that is powered and can be central. With none powered, the first at all."""
    able = [path for path, p in adapters.items() if "central" in cast(list[str], p.get("Roles", ["central"]))]
    if not able:
        raise LinkError("there is no Bluetooth LE adapter to reset; plug one in", Trouble.NO_ADAPTER)
    return next((path for path in able if adapters[path].get("Powered")), able[0])


async def _power(bus: MessageBus, path: str, on: bool) -> None:
    await _set(bus, path, "org.bluez.Adapter1", "Powered", Variant("b", on))


async def _power_on(bus: MessageBus, path: str, pause_s: float) -> None:
    """A controller that is still going down answers that it is busy: asked again, and the last answer counts."""
    for _ in range(_POWER_TRIES - 1):
        try:
            return await _power(bus, path, True)
        except LinkError:
            await asyncio.sleep(pause_s)
    return await _power(bus, path, True)


class _Agent(ServiceInterface):
    """org.bluez.Agent1 (BlueZ, doc/org.bluez.Agent.rst); its members' names are BlueZ's."""

    def __init__(self, answers: Answers) -> None:
        super().__init__("org.bluez.Agent1")
        self._answers = answers

    @dbus_method(name="Release")
    def release(self) -> None:
        """BlueZ goes away; there is nothing to clean up."""

    @dbus_method(name="Cancel")
    def cancel(self) -> None:
        """The device gave up; whoever types is told by the pairing's failure."""

    @dbus_method(name="RequestPasskey")
    async def request_passkey(self, device: DBusObjectPath) -> DBusUInt32:
        passkey = await self._answers.passkey(name_of(device))
        if passkey is None:
            raise DBusError(_REJECTED, "no passkey was given")
        return passkey

    @dbus_method(name="DisplayPasskey")
    def display_passkey(self, device: DBusObjectPath, passkey: DBusUInt32, entered: DBusUInt16) -> None:
        """We are the keyboard, so the device never asks us to show."""

    @dbus_method(name="RequestConfirmation")
    async def request_confirmation(self, device: DBusObjectPath, passkey: DBusUInt32) -> None:
        await self._confirm(device, passkey)

    @dbus_method(name="RequestAuthorization")
    async def request_authorization(self, device: DBusObjectPath) -> None:
        await self._confirm(device, None)

    @dbus_method(name="AuthorizeService")
    async def authorize_service(self, device: DBusObjectPath, uuid: DBusStr) -> None:  # noqa: ARG002 - BlueZ's signature
        await self._confirm(device, None)

    async def _confirm(self, device: str, passkey: int | None) -> None:
        if not await self._answers.confirm(name_of(device), passkey):
            raise DBusError(_REJECTED, "refused")


async def _manage(bus: MessageBus, member: str, signature: str, *body: str) -> None:
    await _call(bus, "/org/bluez", "org.bluez.AgentManager1", member, signature, *body)


async def objects(bus: MessageBus, interface: str) -> dict[str, Properties]:
    """Every object of one kind, with its properties."""
    said = await _call(bus, "/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
    objects = cast(dict[str, dict[str, dict[str, Variant]]], said[0])
    return {
        path: {name: value.value for name, value in interfaces[interface].items()}
        for path, interfaces in objects.items()
        if interface in interfaces
    }


async def _set(bus: MessageBus, path: str, interface: str, name: str, value: Variant) -> None:
    await _call(bus, path, "org.freedesktop.DBus.Properties", "Set", "ssv", interface, name, value)


async def _call(
    bus: MessageBus, path: str, interface: str, member: str, signature: str = "", *body: str | Variant
) -> list[object]:
    message = Message(
        destination=_BLUEZ, path=path, interface=interface, member=member, signature=signature, body=list(body)
    )
    try:
        async with asyncio.timeout(_CALL_S):
            reply = await bus.call(message)
    except TimeoutError as error:
        raise LinkError(f"BlueZ did not answer {member} in {_CALL_S:g} s; restart bluetoothd") from error
    except (OSError, EOFError) as error:
        raise LinkError(f"the system D-Bus went away ({error})", Trouble.NO_ADAPTER) from error
    said = cast(list[object], reply.body)
    if reply.message_type is MessageType.ERROR:
        raise _refused(member, str(reply.error_name), str(said[0]) if said else "")
    return said


def _refused(member: str, name: str, text: str) -> LinkError:
    kind = name.rpartition(".")[2]
    if kind in {"AccessDenied", "NotAuthorized", "NotPermitted"}:
        return LinkError(f"no permission for {member}: add this user to the group bluetooth", Trouble.NO_PERMISSION)
    if kind in {"ServiceUnknown", "NameHasNoOwner", "NotReady", "UnknownObject"}:
        return LinkError(
            f"bluetoothd is not ready ({text or kind}); start it and power the adapter", Trouble.NO_ADAPTER
        )
    return LinkError(f"BlueZ refused {member}: {text or name}", Trouble.REFUSED)

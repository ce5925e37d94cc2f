"""org.bluez on a private bus, backed by a computer on a virtual radio: bleak's own BlueZ backend and our agent run."""

# The members' names are BlueZ's.
# ruff: noqa: N802

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from dbus_fast import BusType, DBusError, Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusBool, DBusDict, DBusObjectPath, DBusStr
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property

from tests.fakes.bluez_device import ADAPTER, READ, Device1, Strings
from tests.fakes.computer import Computer

_CONFIG = """<busconfig><type>system</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow own="*"/><allow receive_sender="*"/></policy>
</busconfig>"""

_LEAVING = "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged'"


@asynccontextmanager
async def private_bus() -> AsyncGenerator[None]:
    """A system bus of our own; the environment says where it is."""
    with TemporaryDirectory() as folder:
        socket, config = f"{folder}/socket", Path(folder) / "config"
        config.write_text(_CONFIG.format(socket=socket))
        daemon = await asyncio.create_subprocess_exec(
            "dbus-daemon", f"--config-file={config}", "--nofork", "--print-address", stdout=asyncio.subprocess.PIPE
        )
        assert daemon.stdout is not None
        await daemon.stdout.readline()
        before = os.environ.get("DBUS_SYSTEM_BUS_ADDRESS")
        os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = f"unix:path={socket}"
        try:
            yield
        finally:
            os.environ.pop("DBUS_SYSTEM_BUS_ADDRESS")
            if before is not None:
                os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = before
            daemon.terminate()
            await daemon.wait()


class Bluez:
    """What bluetoothd knows. ``fail[("Device1", "Connect")] = (name, text)`` makes that call fail once."""

    def __init__(self, computer: Computer, bus: MessageBus) -> None:
        self.computer = computer
        self.bus = bus
        self.fail: dict[tuple[str, str], tuple[str, str]] = {}
        self.caller = ""
        """Bus name of who called last."""
        self.agent: tuple[str, str] | None = None
        """Bus name and path of the default agent."""
        self.asked: list[str] = []
        self.powered: list[bool] = []
        """What the first adapter was switched to, one after the other."""
        self.listeners: dict[str, set[str]] = {}
        """Who is notified of each characteristic: bus names by path."""
        self.devices: dict[str, Device1] = {}
        self.scanner: BleakScanner | None = None
        self.shows_passkey = False
        self.keeps_batteries = False
        """As BlueZ does since 5.48: no program sees the Battery Service, Battery1 tells the level."""
        """The device has a display, so the agent is asked for what it shows."""

    def check(self, kind: str, member: str) -> None:
        error = self.fail.pop((kind, member), None)
        if error is not None:
            raise DBusError(*error)

    def note_caller(self, message: Message) -> None:
        if message.message_type is MessageType.METHOD_CALL:
            self.caller = message.sender
        if message.member in ("StartNotify", "StopNotify"):
            listeners = self.listeners.setdefault(str(message.path), set())
            (listeners.add if message.member == "StartNotify" else listeners.discard)(message.sender)
        if message.member == "NameOwnerChanged":  # as in bluetoothd, who has left the bus is notified no more
            name, _, owner = message.body
            for listeners in () if owner else self.listeners.values():
                listeners.discard(name)

    async def passkey(self) -> int | None:
        """Ask the agent, as bluetoothd does when a device shows a passkey."""
        device = next(path for path, one in self.devices.items() if one.pairing)
        reply = await self._ask("RequestPasskey", device)
        return reply.body[0] if reply.message_type is not MessageType.ERROR else None

    async def authorize(self, path: str) -> bool:
        reply = await self._ask("RequestAuthorization", path)
        return reply.message_type is not MessageType.ERROR

    async def _ask(self, member: str, device: str) -> Message:
        assert self.agent is not None
        self.asked.append(member)
        name, path = self.agent
        message = Message(
            destination=name, path=path, interface="org.bluez.Agent1", member=member, signature="o", body=[device]
        )
        return await self.bus.call(message)

    def plug_in(self, path: str) -> "Adapter1":
        """Another adapter, beside the first."""
        adapter = Adapter1(self, [])
        self.bus.export(path, adapter)
        return adapter

    def heard(self, device: BLEDevice, said: AdvertisementData) -> None:
        path = f"{ADAPTER}/dev_{device.address.replace(':', '_')}"
        if path in self.devices:
            self.devices[path].emit_properties_changed({"RSSI": said.rssi})
        else:
            self.devices[path] = Device1(self, path, device, said)
            self.bus.export(path, self.devices[path])


@asynccontextmanager
async def bluez(computer: Computer) -> AsyncGenerator[Bluez]:
    """bluetoothd's place on the private bus, taken."""
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    await bus.request_name("org.bluez")
    made = Bluez(computer, bus)
    bus.add_message_handler(made.note_caller)
    await bus.call(Message("org.freedesktop.DBus", "/", member="AddMatch", signature="s", body=[_LEAVING]))
    bus.export("/org/bluez", AgentManager1(made))
    bus.export(ADAPTER, Adapter1(made, made.powered))
    try:
        yield made
    finally:
        for device in made.devices.values():
            await device.client.disconnect()
        bus.disconnect()


class AgentManager1(ServiceInterface):
    def __init__(self, bluez: Bluez) -> None:
        super().__init__("org.bluez.AgentManager1")
        self._bluez = bluez

    @dbus_method()
    def RegisterAgent(self, agent: DBusObjectPath, capability: DBusStr) -> None:
        self._bluez.check("AgentManager1", "RegisterAgent")

    @dbus_method()
    def RequestDefaultAgent(self, agent: DBusObjectPath) -> None:
        self._bluez.agent = (self._bluez.caller, agent)
        self._bluez.computer.passkey = self._bluez.passkey

    @dbus_method()
    def UnregisterAgent(self, agent: DBusObjectPath) -> None:
        self._bluez.agent = self._bluez.computer.passkey = None


class Adapter1(ServiceInterface):
    def __init__(self, bluez: Bluez, powered: list[bool]) -> None:
        super().__init__("org.bluez.Adapter1")
        self.powered = powered
        self._bluez = bluez
        self._powered = True
        self._discovering = False

    @dbus_property(access=READ)
    def Address(self) -> DBusStr:
        return "C0:C1:C2:C3:C4:C5"

    @dbus_property(access=READ)
    def Roles(self) -> Strings:
        return ["central", "peripheral"]

    @dbus_property(access=READ)
    def Discovering(self) -> DBusBool:
        return self._discovering

    @dbus_property()
    def Powered(self) -> DBusBool:
        return self._powered

    @Powered.setter
    def Powered(self, on: DBusBool) -> None:  # pyright: ignore[reportRedeclaration] - a property's other half
        self._bluez.check("Adapter1", "Powered on" if on else "Powered off")
        self._powered = on
        self.powered.append(on)

    @dbus_method()
    def SetDiscoveryFilter(self, wanted: DBusDict) -> None:
        """Everything is reported; bleak filters again."""

    @dbus_method()
    async def StartDiscovery(self) -> None:
        self._bluez.check("Adapter1", "StartDiscovery")
        scanner = BleakScanner(self._bluez.heard, backend=self._bluez.computer.radio.scanner)
        self._bluez.scanner = scanner
        await scanner.start()
        self._set_discovering(True)

    @dbus_method()
    async def StopDiscovery(self) -> None:
        if self._bluez.scanner is not None:
            await self._bluez.scanner.stop()
            self._bluez.scanner = None
        self._set_discovering(False)

    @dbus_method()
    async def RemoveDevice(self, device: DBusObjectPath) -> None:
        gone = self._bluez.devices.pop(device)
        await gone.client.unpair()
        self._bluez.bus.unexport(device, gone)

    def _set_discovering(self, on: bool) -> None:
        self._discovering = on
        self.emit_properties_changed({"Discovering": on})

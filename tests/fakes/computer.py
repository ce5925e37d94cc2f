"""A computer on a virtual radio: a Bumble host that bleak uses instead of BlueZ."""

# Bumble types some of its calls only in part.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownParameterType=false, reportMissingTypeArgument=false

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from bumble import hci
from bumble.controller import Controller
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.host import Host
from bumble.keys import MemoryKeyStore
from bumble.link import LocalLink
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport.common import AsyncPipeSink

from firmware_bridge.links.ble import Radio
from tests.fakes.bleak_backends import Client, Scanner


class Computer:
    """The host; ``passkey`` is asked when a device shows one, as an agent would be; without it, just works."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.passkey: Callable[[], Awaitable[int | None]] | None = None
        self.radio = Radio(
            type("Scanner", (Scanner,), {"host": device}),
            type("Client", (Client,), {"host": device}),
        )


@asynccontextmanager
async def computer(radio: LocalLink, address: str = "C0:C1:C2:C3:C4:C5") -> AsyncGenerator[Computer]:
    """A powered computer on this radio."""
    controller = _CancellingController("computer", link=radio)
    config = DeviceConfiguration(name="computer", address=hci.Address(address))
    device = Device(config=config, host=Host(controller, AsyncPipeSink(controller)))
    device.keystore = MemoryKeyStore()
    made = Computer(device)

    def pairing(_: Connection) -> PairingConfig:
        return PairingConfig(sc=True, mitm=made.passkey is not None, bonding=True, delegate=_Keyboard(made))

    device.pairing_config_factory = pairing
    await device.power_on()
    try:
        yield made
    finally:
        for connection in tuple(device.connections.values()):
            await connection.disconnect()
        await device.power_off()


class _Keyboard(PairingDelegate):
    def __init__(self, computer: Computer) -> None:
        none, keys = PairingDelegate.IoCapability.NO_OUTPUT_NO_INPUT, PairingDelegate.IoCapability.KEYBOARD_INPUT_ONLY
        super().__init__(none if computer.passkey is None else keys)
        self._computer = computer

    async def get_number(self) -> int | None:
        return None if self._computer.passkey is None else await self._computer.passkey()


class _CancellingController(Controller):
    """Bumble's controller acknowledges a cancelled connection attempt but goes on with it; a real one does not."""

    def on_hci_le_create_connection_cancel_command(
        self,
        _command: hci.HCI_LE_Create_Connection_Cancel_Command,
    ) -> hci.HCI_StatusReturnParameters:
        pending, self.pending_le_connection = self.pending_le_connection, None
        if pending is not None:
            self.send_hci_packet(
                hci.HCI_LE_Connection_Complete_Event(
                    status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                    connection_handle=0,
                    role=0,
                    peer_address_type=pending.peer_address.address_type,
                    peer_address=pending.peer_address,
                    connection_interval=0,
                    peripheral_latency=0,
                    supervision_timeout=0,
                    central_clock_accuracy=0,
                )
            )
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

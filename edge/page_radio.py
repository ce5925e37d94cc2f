"""Bluetooth, as the page's pairing asks for it: the same flow as `edge-daemon pair`, then the daemon follows."""

from collections.abc import Callable, Sequence
from pathlib import Path

from edge.panel.pairing import Asked, Device, Heard, PairingError
from edge.settings import Settings
from firmware_bridge.errors import LinkError
from firmware_bridge.messages import Battery, HeartRate


class Bluetooth:
    """The `Pairer` of the page. What it pairs it writes into the settings file, where the daemon has one.

    ``follow`` is told the address, so that the daemon listens without a restart; None where it must not: at another
    pace than that of life a real watch would make no sense.
    """

    def __init__(self, settings: Settings, config: Path | None, follow: Callable[[str], None] | None = None) -> None:
        self._settings = settings
        self._config = config
        self._follow = follow

    async def scan(self) -> Sequence[Device]:
        # Imported when asked for: a daemon that never pairs needs no agent in memory.
        from firmware_bridge.pairing import scan

        try:
            found = await scan()
        except LinkError as error:
            raise PairingError(str(error)) from error
        return [
            Device(
                one.seen.address.upper(),
                one.seen.name,
                one.family.title if one.family else "",
                one.seen.rssi,
                tuple(str(quantity) for quantity in one.gives),
            )
            for one in found
        ]

    async def pair(self, address: str, asked: Asked) -> Heard:
        from firmware_bridge.pairing import pair

        try:
            paired = await pair(address, asked, allowed=self._settings.watch.allowed)
        except LinkError as error:
            raise PairingError(str(error)) from error
        try:
            if self._config is not None:
                self._store(paired.address, self._config)
        finally:  # settings that take no address are no reason not to listen
            if self._follow is not None:
                self._follow(f"ble:{paired.address}")
        first = paired.first
        return Heard(
            paired.address,
            paired.name,
            first.bpm if isinstance(first, HeartRate) else None,
            first.percent if isinstance(first, Battery) else None,
            round(paired.first_s, 1),
            "" if self._config is None else self._config.name,
            self._follow is not None,
        )

    def _store(self, address: str, config: Path) -> None:
        from edge.pairing import store_address

        try:
            store_address(config, f"ble:{address}")
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error).removeprefix(f"{config}: ")
            done = "paired" if self._follow is None else "paired and listened to until a restart"
            raise PairingError(
                f"{address} is {done}, but {config} does not take it ({why}); "
                f"mend that, and put watch.address = 'ble:{address}' into it"
            ) from error

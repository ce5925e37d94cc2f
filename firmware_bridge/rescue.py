"""The last resort against a silent radio: the adapter in use is reset, seldom, and never for a watch that is away."""

from collections.abc import Awaitable, Callable

from bleak import BleakScanner

from firmware_bridge.bluez import power_cycle
from firmware_bridge.errors import LinkError
from firmware_bridge.links.ble import RADIO, Radio, within

_LISTEN_S = 5.0
"""A watch that can be connected to advertises every second or so, and a home is full of other devices that do."""
_CALL_S = 10.0
_SELDOM_NS = 600 * 1_000_000_000
"""A reset cuts whatever else speaks through the adapter, a loudspeaker for one."""


class Rescue:
    """Of one watch: call it when nothing else helps."""

    def __init__(
        self,
        place: str,
        now: Callable[[], int],
        *,
        radio: Radio = RADIO,
        reset: Callable[[], Awaitable[str]] = power_cycle,
        listen_s: float = _LISTEN_S,
    ) -> None:
        self._place = place
        self._now = now
        self._radio = radio
        self._reset = reset
        self._listen_s = listen_s
        self._last_ns: int | None = None

    async def __call__(self) -> str | None:
        """Reset the adapter, if that may help; its name, or None if nothing was done. Raises LinkError if it fails."""
        if self._last_ns is not None and self._now() - self._last_ns < _SELDOM_NS:
            return None
        async with self._radio.turn:  # no connection is being made, which a scan would disturb and a reset cut
            if await self._away():
                return None
            self._last_ns = self._now()
            return await self._reset()

    async def _away(self) -> bool:
        """The radio hears others and not the watch: nothing is wrong with it."""
        given: BleakScanner.ExtraArgs = {} if self._radio.scanner is None else {"backend": self._radio.scanner}
        scan = BleakScanner.discover(self._listen_s, **given)
        try:
            heard = await within(self._listen_s + _CALL_S, "the adapter", "scan", scan)
        except LinkError:
            return False  # it cannot even listen, which is what a reset is for
        known = {each.upper() for device in heard for each in (device.address, device.name or "")}
        return bool(heard) and self._place.upper() not in known

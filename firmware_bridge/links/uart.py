"""A console over Bluetooth (Nordic UART): notifications become lines, and flow control is obeyed."""

import asyncio

from firmware_bridge.framing import Lines


class Uart:
    """One connection's console: lines come in; XOFF and XON between their bytes say whether it can take more."""

    _XON, _XOFF = 0x11, 0x13

    def __init__(self) -> None:
        self._lines = Lines(strip=bytes([self._XON, self._XOFF]))
        self._ready = asyncio.Event()
        self._ready.set()

    @property
    def garbage(self) -> int:
        return self._lines.garbage

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that ``data`` completes; flow control is taken out and obeyed."""
        if data.rfind(self._XOFF) > data.rfind(self._XON):
            self._ready.clear()
        elif self._XON in data:
            self._ready.set()
        return self._lines.feed(data)

    async def may_write(self) -> None:
        """Return when the device can take more."""
        await self._ready.wait()

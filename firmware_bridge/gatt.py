"""The address book: services and characteristics, as full lower-case UUIDs."""


def standard(short: int) -> str:
    """The full UUID of a 16-bit one assigned by the Bluetooth SIG (Core specification, Vol 3, Part B, 2.5.1)."""
    return f"0000{short:04x}-0000-1000-8000-00805f9b34fb"


def _vagus(short: int) -> str:
    return f"4374{short:04x}-c3e2-4296-85d5-b40c7139866e"


HEART_RATE_SERVICE = standard(0x180D)
HEART_RATE_MEASUREMENT = standard(0x2A37)
BATTERY_SERVICE = standard(0x180F)
BATTERY_LEVEL = standard(0x2A19)

VAGUS_SERVICE = _vagus(0x0001)
"""Our own service, see STREAM.md; its base is random (version 4)."""
STREAM = _vagus(0x0002)
"""Device to host, notify: one frame a notification."""
STREAM_CONTROL = _vagus(0x0003)
"""Host to device, write: one command frame a write."""

SERIAL_STREAM = "stream"
"""The source of a frame that came over serial or TCP, where there are no characteristics."""

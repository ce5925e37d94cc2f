"""The address book: services and characteristics, as full lower-case UUIDs, and the names of what has none."""


def standard(short: int) -> str:
    """The full UUID of a 16-bit one assigned by the Bluetooth SIG (Core specification, Vol 3, Part B, 2.5.1)."""
    return f"0000{short:04x}-0000-1000-8000-00805f9b34fb"


def _vagus(short: int) -> str:
    return f"4374{short:04x}-c3e2-4296-85d5-b40c7139866e"


def _polar(short: int) -> str:
    return f"fb005c{short:02x}-02e7-f387-1cad-8acd2d8df0c8"


def _infinitime(service: int, characteristic: int) -> str:
    return f"{service:04x}{characteristic:04x}-78fc-48fe-8e23-433b3a1942d0"


def _nordic(short: int) -> str:
    return f"6e40{short:04x}-b5a3-f393-e0a9-e50e24dcca9e"


def _muse(short: int) -> str:
    return f"273e{short:04x}-4c4d-454d-96be-f03bac821358"


# Standard services.
HEART_RATE_SERVICE = standard(0x180D)
HEART_RATE_MEASUREMENT = standard(0x2A37)
BATTERY_SERVICE = standard(0x180F)
BATTERY_LEVEL = standard(0x2A19)
DEVICE_INFORMATION_SERVICE = standard(0x180A)
MODEL_NUMBER = standard(0x2A24)
SERIAL_NUMBER = standard(0x2A25)
FIRMWARE_REVISION = standard(0x2A26)
HARDWARE_REVISION = standard(0x2A27)
SOFTWARE_REVISION = standard(0x2A28)
MANUFACTURER_NAME = standard(0x2A29)
CURRENT_TIME_SERVICE = standard(0x1805)
CURRENT_TIME = standard(0x2A2B)
LOCAL_TIME = standard(0x2A0F)

# Our own service, see STREAM.md; its base is random (version 4).
VAGUS_SERVICE = _vagus(0x0001)
STREAM = _vagus(0x0002)
"""Device to host, notify: one frame a notification."""
STREAM_CONTROL = _vagus(0x0003)
"""Host to device, write: one command frame a write."""
SERIAL_STREAM = "stream"
"""The source of a frame that came over serial or TCP, where there are no characteristics."""

# Polar measurement data (Polar BLE SDK, online_measurement.pdf).
POLAR_SERVICE = _polar(0x80)
POLAR_CONTROL = _polar(0x81)
POLAR_DATA = _polar(0x82)

# InfiniTime 1.16 (doc/MotionService.md).
INFINITIME_MOTION_SERVICE = _infinitime(3, 0)
INFINITIME_STEPS = _infinitime(3, 1)
INFINITIME_MOTION = _infinitime(3, 2)
INFINITIME_UPDATE_SERVICE = "00001530-1212-efde-1523-785feabcd123"
"""Only to know the watch by: it is in its advertisement."""

COSTLY = frozenset({INFINITIME_MOTION})
"""Not subscribed to unasked: ten notifications a second empty a small battery for a value that few need."""

# Nordic UART, as a Bangle.js uses it.
UART_SERVICE = _nordic(0x0001)
UART_TO_DEVICE = _nordic(0x0002)
UART_FROM_DEVICE = _nordic(0x0003)

# Movesense GSP.
MOVESENSE_SERVICE = "34802252-7185-4d5d-b431-630e7050e8f0"
MOVESENSE_TO_DEVICE = "34800001-7185-4d5d-b431-630e7050e8f0"
MOVESENSE_FROM_DEVICE = "34800002-7185-4d5d-b431-630e7050e8f0"

# Muse 2 and Muse S.
MUSE_SERVICE = standard(0xFE8D)
MUSE_CONTROL = _muse(0x0001)
MUSE_TP9, MUSE_AF7, MUSE_AF8, MUSE_TP10, MUSE_RIGHT_AUX = (_muse(short) for short in (3, 4, 5, 6, 7))
MUSE_ROTATION = _muse(0x0009)
MUSE_ACCELERATION = _muse(0x000A)
MUSE_TELEMETRY = _muse(0x000B)
MUSE_PPG_AMBIENT, MUSE_PPG_INFRARED, MUSE_PPG_RED = (_muse(short) for short in (0x0F, 0x10, 0x11))

# Lines of text, over TCP and serial.
E4_LINES = "e4"
"""Empatica's streaming server."""
GROVE_LINES = "grove"
"""A Grove skin response sensor."""

"""Device Information (GATT 0x180A): one characteristic, one text."""

from firmware_bridge import gatt
from firmware_bridge.errors import CodecError
from firmware_bridge.messages import DeviceInformation, InformationField

SOURCES = {
    gatt.MODEL_NUMBER: InformationField.MODEL,
    gatt.SERIAL_NUMBER: InformationField.SERIAL,
    gatt.FIRMWARE_REVISION: InformationField.FIRMWARE,
    gatt.HARDWARE_REVISION: InformationField.HARDWARE,
    gatt.SOFTWARE_REVISION: InformationField.SOFTWARE,
    gatt.MANUFACTURER_NAME: InformationField.MANUFACTURER,
}


def decode(source: str, payload: bytes) -> DeviceInformation:
    """Read one text; raise CodecError if it is no UTF-8. Zeros at its end, which some firmwares send, are dropped."""
    try:
        return DeviceInformation(SOURCES[source], payload.rstrip(b"\0").decode())
    except UnicodeDecodeError as error:
        raise CodecError("device information is no UTF-8", payload) from error


def encode(information: DeviceInformation) -> tuple[str, bytes]:
    """The characteristic of the field, and its bytes; raise CodecError if the text cannot be written."""
    source = next(source for source, field in SOURCES.items() if field is information.field)
    try:
        return source, information.text.encode()
    except UnicodeEncodeError as error:
        raise CodecError(f"device information cannot be written as UTF-8: {information.text!r}") from error

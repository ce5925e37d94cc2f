"""One way for bytes to be wrong, one way for a link to fail."""


class CodecError(ValueError):
    """Bytes that do not follow their wire format; the offending payload travels along."""

    def __init__(self, reason: str, payload: bytes | bytearray | memoryview = b"") -> None:
        super().__init__(reason)
        self.reason = reason
        self.payload = bytes(payload)

    def __str__(self) -> str:
        shown = self.payload[:24].hex(" ")
        more = "…" if len(self.payload) > 24 else ""
        return f"{self.reason}: {len(self.payload)} bytes [{shown}{more}]"


class LinkError(OSError):
    """A device could not be reached or went away; the sentence says what to try."""


class AddressError(ValueError):
    """A link address nobody can open, such as `ble:` without a device; the sentence shows a good one."""

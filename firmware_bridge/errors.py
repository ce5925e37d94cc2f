"""One way for bytes to be wrong, one way for a link to fail."""

from enum import StrEnum


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


class Trouble(StrEnum):
    """Why a link failed, for those who must tell the cases apart (exit codes, escalation)."""

    LOST = "lost"
    """The device was there and is not any more, or the way to it broke."""
    OUT_OF_REACH = "out of reach"
    NO_ADAPTER = "no adapter"
    NO_PERMISSION = "no permission"
    WRONG_PASSKEY = "wrong passkey"
    NOT_ALLOWED = "not allowed"
    """The device is not on the allow-list."""
    REFUSED = "refused"
    """The device does not offer, or does not want, what was asked."""


class LinkError(OSError):
    """A device could not be reached or went away; the sentence says what to try."""

    def __init__(self, sentence: str, trouble: Trouble = Trouble.LOST) -> None:
        super().__init__(sentence)
        self.trouble = trouble


class AddressError(ValueError):
    """A link address nobody can open, such as `ble:` without a device; the sentence shows a good one."""

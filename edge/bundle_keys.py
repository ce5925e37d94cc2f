"""Trusted keys: text lines `ed25519 BASE64 comment`, the public halves of those who may sign bundles."""

import base64
import binascii
import hashlib
from pathlib import Path

import platformdirs
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SHIPPED = Path(__file__).parent / "bundles" / "trusted.pub"


class KeyFileError(ValueError):
    """A key file that cannot be used; the sentence names the file and what would work."""


def read_keys(path: Path) -> tuple[Ed25519PublicKey, ...]:
    """Every key of a file of trusted keys; blank lines and lines that begin with # are skipped."""
    try:
        lines = path.read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"{path} cannot be read as trusted keys ({error}); name a file that exists") from error
    keys: list[Ed25519PublicKey] = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            kind, encoded, *_ = line.split()
            if kind != "ed25519":
                raise ValueError(f"kind {kind}")
            keys.append(Ed25519PublicKey.from_public_bytes(base64.b64decode(encoded, validate=True)))
        except (ValueError, binascii.Error) as error:
            raise KeyFileError(f"{path}, line {number} is no key ({error}); write `ed25519 BASE64 comment`") from error
    if not keys:
        raise KeyFileError(f"{path} holds no key; write at least one line `ed25519 BASE64 comment`")
    return tuple(keys)


def own_keys_path() -> Path:
    """Where this machine's user lists further makers whom he trusts; `edge-export keygen` adds his own key.

    Raises KeyFileError for a user without a home.
    """
    try:
        return platformdirs.user_config_path("vagus") / "trusted.pub"
    except RuntimeError as error:
        raise KeyFileError("this user has no home to keep keys in; set HOME or XDG_CONFIG_HOME") from error


def trusted_keys() -> tuple[Ed25519PublicKey, ...]:
    """The keys that ship with this release and those that the user of this machine has added."""
    try:
        own = own_keys_path()
    except KeyFileError:  # nobody can have added one
        return read_keys(SHIPPED)
    return read_keys(SHIPPED) + (read_keys(own) if own.is_file() else ())


def key_line(key: Ed25519PublicKey, comment: str) -> str:
    """A key as a line of a file of trusted keys."""
    return f"ed25519 {base64.b64encode(key.public_bytes_raw()).decode('ascii')} {comment}\n"


def fingerprint(key: Ed25519PublicKey) -> str:
    """The first 16 hex digits of the key's SHA-256, for people to compare."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]

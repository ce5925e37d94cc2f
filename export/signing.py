"""Signing keys: made once, kept out of every repository and bundle, read when a bundle is signed."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from edge.bundle_keys import fingerprint, key_line, own_keys_path


class SigningError(ValueError):
    """A key that cannot be made or used; the sentence says which and what would work."""


def own_key_path() -> Path:
    """Where the user's own signing key lies when no other is named."""
    return own_keys_path().with_name("signing.key")


def make_key(path: Path, comment: str = "vagus") -> Ed25519PrivateKey:
    """Write a new private key (PEM, readable by its owner only) and, beside it, its public line in `NAME.pub`.

    Raises SigningError when one of the files is there already (a lost key is a lost release line), or cannot be
    written; then neither is left.
    """
    if path.suffix == ".pub":
        raise SigningError(
            f"{path} is the name of a public half; name the private key otherwise, such as {path.with_suffix('.key')}"
        )
    if not (comment.isascii() and comment.isprintable()):
        raise SigningError(f"{comment!r} cannot be part of a key's line; use letters, digits and signs of ASCII")
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _new(path, 0o600) as private, _new(path.with_suffix(".pub"), 0o644) as public:
            private.write(secret)
            public.write(key_line(key.public_key(), comment).encode("ascii"))
    except OSError as error:
        raise SigningError(
            f"{path} cannot be written ({error.strerror}); name a place that you may write to"
        ) from error
    return key


@contextmanager
def _new(path: Path, mode: int) -> Generator[BinaryIO]:
    """A file that was not there before, and is not after an error. Raises SigningError or OSError."""
    try:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise SigningError(f"{path} is there already; name another file, or use the key as it is") from None
    try:
        with os.fdopen(opened, "wb") as file:
            yield file
    except BaseException:
        path.unlink()
        raise


def read_key(path: Path) -> Ed25519PrivateKey:
    """A private key from a PEM file; raise SigningError when it is none."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError:
        raise SigningError(f"signing key {path} is missing; make one with `edge-export keygen --out {path}`") from None
    except OSError as error:
        raise SigningError(f"signing key {path} cannot be read ({error.strerror}); check its permissions") from error
    except (ValueError, TypeError, UnsupportedAlgorithm, InternalError) as error:
        cause = " ".join(str(error).split())[:120]
        raise SigningError(f"{path} holds no private key without a password ({cause}); make one with keygen") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningError(
            f"{path} holds a {type(key).__name__}; bundles are signed with Ed25519, make one with keygen"
        )
    return key


def own_key() -> Ed25519PrivateKey:
    """The user's own key, made at first use, and from then on trusted on this machine (and on no other)."""
    path = own_key_path()
    if path.exists():
        return read_key(path)
    key = make_key(path, "own key of this machine")
    trust(key)
    return key


def trust(key: Ed25519PrivateKey) -> None:
    """Add a key's public half to those that this machine's user trusts."""
    public = key.public_key()
    path = own_keys_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            file.seek(0)
            # a line that was written by hand may lack its end, and would swallow the key that follows
            gap = "" if file.read()[-1:] in (b"", b"\n") else "\n"
            file.write(f"{gap}{key_line(public, f'added by keygen, {fingerprint(public)}')}".encode("ascii"))
    except OSError as error:
        raise SigningError(f"{path} cannot be written ({error.strerror}); add the key's line there by hand") from error

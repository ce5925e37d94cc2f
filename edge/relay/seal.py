"""Payloads -> payloads that only the recipient can read, so that the broker learns nothing (HPKE, RFC 9180)."""

import base64
import binascii
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from edge.relay.errors import RelayError
from edge.relay.ids import uuid4
from edge.relay.tls import check_private

SEALED = 2
"""Version of the envelope. In version 1, which is still opened, `key` was the same in all, and `id` told the time."""
_INFO = b"vagus sealed payload 1"
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
# A payload is filled up to a multiple of this, so that its length does not tell an alert's words.
_BLOCK = 256


class SealError(RelayError):
    """A key that is none, or a payload that was not sealed for us."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What the broker sees. It carries no device, no time but that of publishing, and no reading.

    Nothing in it is the same in two messages, so that the name in the topic of today cannot be led back to yesterday's.
    """

    sealed: int
    id: str
    """By chance, and the same each time this message is sent, for deduplication. What was sealed has its own."""
    key: str
    """Hint at the recipient's key: a hash of the id and of it. Who has that key, its public half, can check it."""
    body: str
    """Base64 of HPKE's encapsulated key and ciphertext."""
    published_unix_ns: int = 0
    published_time: str = ""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Envelope)


class Seal:
    """The recipient's public key, used to seal."""

    def __init__(self, recipient: X25519PublicKey, randomness: Callable[[int], bytes] = os.urandom) -> None:
        self._recipient = recipient
        self._randomness = randomness

    def close(self, payload: bytes) -> bytes:
        """Seal one payload, under an id by chance. Store what comes out: sealed anew it would be another message."""
        name = uuid4(self._randomness(16))
        filled = payload + b" " * (-len(payload) % _BLOCK)
        body = base64.b64encode(_SUITE.encrypt(filled, self._recipient, _INFO + name.encode())).decode()
        return _encoder.encode({"sealed": SEALED, "id": name, "key": key_hint(self._recipient, name), "body": body})


def open_sealed(payload: bytes, secret: X25519PrivateKey) -> bytes:
    """Open one payload on the recipient's side: the JSON that was sealed.

    Raises SealError, one sentence, where it is no sealed payload, was sealed for another key, or was changed.
    """
    try:
        envelope = _decoder.decode(payload)
        body = base64.b64decode(envelope.body, validate=True)
    except (msgspec.MsgspecError, binascii.Error) as error:
        raise SealError(f"not a sealed payload: {error}") from error
    if not 1 <= envelope.sealed <= SEALED:
        raise SealError(f"the envelope has version {envelope.sealed}, this program opens {SEALED}: update the older")
    if envelope.key != key_hint(secret.public_key(), envelope.id if envelope.sealed > 1 else ""):
        raise SealError(f"the payload {envelope.id} was sealed for another key: take the one that the device seals to")
    try:
        return _SUITE.decrypt(body, secret, _INFO + envelope.id.encode()).rstrip(b" ")
    except (InvalidTag, ValueError) as error:
        raise SealError(f"the sealed payload {envelope.id} was changed on its way, or cut short") from error


def is_for(payload: bytes, recipient: X25519PublicKey) -> bool:
    """Whether a payload was sealed for this key, as far as can be told without its secret half."""
    try:
        envelope = _decoder.decode(payload)
    except msgspec.MsgspecError:
        return False
    return envelope.key == key_hint(recipient, envelope.id if envelope.sealed > 1 else "")


def key_hint(public: X25519PublicKey, salt: str) -> str:
    """The first 16 hex digits of a SHA-256 over a salt, the envelope's id, and a public key."""
    return hashlib.sha256(salt.encode() + public.public_bytes_raw()).hexdigest()[:16]


def read_public_key(path: str) -> X25519PublicKey:
    """The recipient's public key from a PEM file; SealError where it is none."""
    try:
        key = serialization.load_pem_public_key(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise SealError(f"seal_to_file {path!r} holds no public key ({error}): use openssl pkey -pubout") from error
    if not isinstance(key, X25519PublicKey):
        raise SealError(f"seal_to_file {path!r} holds a key that is not X25519: `openssl genpkey -algorithm x25519`")
    return key


def read_secret_key(path: str) -> X25519PrivateKey:
    """The recipient's secret key from a PEM file that nobody else may read; SealError where it is none."""
    check_private(path, "secret key")
    try:
        key = serialization.load_pem_private_key(Path(path).read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise SealError(f"{path!r} holds no secret key without a password ({error})") from error
    if not isinstance(key, X25519PrivateKey):
        raise SealError(f"{path!r} holds a key that is not X25519: `openssl genpkey -algorithm x25519` makes one")
    return key

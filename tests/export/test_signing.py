"""Signing keys are made once, read back, and refused in a sentence."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from edge.bundle_keys import read_keys, trusted_keys
from export.signing import SigningError, make_key, own_key, own_key_path, read_key
from tests.fakes.bundles import KEY


def test_a_key_is_written_for_its_owner_only_and_read_back(tmp_path: Path) -> None:
    key = make_key(tmp_path / "keys" / "release.key", "the makers")
    assert (tmp_path / "keys" / "release.key").stat().st_mode & 0o777 == 0o600
    assert read_key(tmp_path / "keys" / "release.key").public_key() == key.public_key()
    assert read_keys(tmp_path / "keys" / "release.pub") == (key.public_key(),)
    with pytest.raises(SigningError, match="is there already"):
        make_key(tmp_path / "keys" / "release.key")


def test_files_that_are_no_signing_key_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    with pytest.raises(SigningError, match=r"a\.key is missing; make one with"):
        read_key(path)
    path.write_text("secret")
    with pytest.raises(SigningError, match="holds no private key"):
        read_key(path)
    path.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word")))
    with pytest.raises(SigningError, match="without a password"):
        read_key(path)
    other = generate_private_key(SECP256R1())
    path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(SigningError, match="signed with Ed25519"):
        read_key(path)
    with pytest.raises(SigningError, match="cannot be read"):
        read_key(tmp_path)
    with pytest.raises(SigningError, match="cannot be written"):
        make_key(path / "below" / "a.key")


def test_ones_own_key_is_made_at_first_use_and_trusted_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    key = own_key()
    assert own_key_path().is_file()
    assert own_key().public_key() == key.public_key()
    assert key.public_key() in trusted_keys()

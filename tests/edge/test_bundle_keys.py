"""Trusted keys: read line by line, refused by line."""

from pathlib import Path

import pytest

from edge.bundle import Bundle, BundleError
from edge.bundle_keys import KeyFileError, fingerprint, key_line, own_keys_path, read_keys, trusted_keys
from tests.fakes.bundles import KEY, tiny_bundle

LINE = key_line(KEY.public_key(), "the tests' maker")


def test_a_key_survives_its_line(tmp_path: Path) -> None:
    file = tmp_path / "trusted.pub"
    file.write_text(f"# who may sign\n\n{LINE}")
    (key,) = read_keys(file)
    assert key == KEY.public_key()
    assert fingerprint(key) == "56475aa75463474c"


@pytest.mark.parametrize(
    "line", ["ed25519 AAAA short", "rsa AAAA other", "ed25519", f"{LINE.replace('ed25519 ', 'ed25519 !')}"]
)
def test_a_line_that_is_no_key_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "trusted.pub"
    file.write_text(LINE + line)
    with pytest.raises(KeyFileError, match=r"trusted\.pub, line 2 is no key"):
        read_keys(file)


def test_a_file_without_keys_is_refused(tmp_path: Path) -> None:
    (tmp_path / "trusted.pub").write_text("# nobody\n")
    with pytest.raises(KeyFileError, match="holds no key"):
        read_keys(tmp_path / "trusted.pub")
    with pytest.raises(KeyFileError, match="cannot be read as trusted keys"):
        read_keys(tmp_path / "none.pub")


def test_keys_that_the_user_added_count_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    bundle = tiny_bundle(tmp_path / "bundle").path
    shipped = trusted_keys()
    with pytest.raises(BundleError, match="by a trusted key"):
        Bundle.open(bundle)
    own_keys_path().parent.mkdir()
    own_keys_path().write_text(LINE)
    assert trusted_keys() == (*shipped, KEY.public_key())
    Bundle.open(bundle)
    own_keys_path().write_text("nonsense")
    with pytest.raises(BundleError, match="line 1 is no key"):
        Bundle.open(bundle)

"""A bundle survives its journey as one file; what is no bundle leaves nothing behind."""

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

import export.archive
from edge.bundle import Bundle, BundleError
from edge.bundle_keys import key_line
from export.archive import archive, unpack
from export.cli import app
from export.pack import PackError, write_bundle
from tests.fakes.bundles import KEY, tiny_bundle, tiny_files

TRUSTED = [KEY.public_key()]


def contents(path: Path) -> dict[str, bytes]:
    return {found.relative_to(path).as_posix(): found.read_bytes() for found in path.rglob("*") if found.is_file()}


def test_a_bundle_comes_back_byte_for_byte(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path / "tiny")
    first = archive(bundle, tmp_path / "a.vagus")
    assert first.read_bytes() == archive(bundle, tmp_path / "b.vagus").read_bytes()
    back = unpack(first, tmp_path / "new" / "back", TRUSTED)
    assert contents(back.path) == contents(bundle.path)
    assert Bundle.open(back.path, TRUSTED).label == back.label == "tiny 1.2.0"
    with pytest.raises(PackError, match="back is there already"):
        unpack(first, tmp_path / "new" / "back", TRUSTED)


def test_an_expired_bundle_is_not_unpacked(tmp_path: Path) -> None:
    made, files = tiny_files()
    packed = archive(
        write_bundle(tmp_path / "late", made, files, KEY, expires=datetime(2026, 1, 31, tzinfo=UTC)),
        tmp_path / "late.vagus",
    )
    keys = tmp_path / "trusted.pub"
    keys.write_text(key_line(KEY.public_key(), "tests"))
    words = ["unpack", str(packed), str(tmp_path / "out"), "--trusted", str(keys), "--json", "-"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert f"{packed}/MANIFEST.sig expired on 2026-01-31; fetch a newer bundle" in json.loads(result.stdout)["refused"]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "dir/", "a\\b"])
def test_paths_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.vagus", "w") as packed:
        packed.writestr(name, b"x")
    with pytest.raises(PackError, match="leads out of a bundle"):
        unpack(tmp_path / "a.vagus", tmp_path / "out", TRUSTED)
    assert [path.name for path in tmp_path.iterdir()] == ["a.vagus"]


def test_what_is_no_sound_bundle_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = archive(tiny_bundle(tmp_path / "tiny"), tmp_path / "a.vagus")
    with pytest.raises(BundleError, match="by a trusted key"):
        unpack(packed, tmp_path / "out", [])
    (tmp_path / "cut.vagus").write_bytes(packed.read_bytes()[:-50])
    with pytest.raises(PackError, match=r"cut\.vagus cannot be unpacked"):
        unpack(tmp_path / "cut.vagus", tmp_path / "out", TRUSTED)
    monkeypatch.setattr(export.archive, "LARGEST", 100)
    with pytest.raises(PackError, match="would unpack to more than"):
        unpack(packed, tmp_path / "out", TRUSTED)
    with pytest.raises(PackError, match="was not written"):
        archive(Bundle.open(tmp_path / "tiny", TRUSTED), tmp_path / "tiny" / "report.json" / "a.vagus")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.vagus", "cut.vagus", "tiny"]

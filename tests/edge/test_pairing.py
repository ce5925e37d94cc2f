"""Pairing from the terminal: each trouble has its own exit code, and the address lands in the settings."""

import errno
import json
import os
import sys
from pathlib import Path

import pytest

from edge import cli
from edge.pairing import EXIT_CODES, store_address
from edge.settings import SettingsError, read_settings
from firmware_bridge.errors import Trouble
from firmware_bridge.messages import HeartRate
from firmware_bridge.pairing import Paired

WATCH = "F0:F1:F2:F3:F4:F5"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    monkeypatch.setattr(sys, "argv", ["edge-daemon", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return stopped.value.code


def test_every_trouble_has_an_exit_code_of_its_own() -> None:
    assert EXIT_CODES.keys() == set(Trouble)
    assert len(set(EXIT_CODES.values())) == len(Trouble)


@pytest.mark.parametrize("verb", [("devices",), ("pair", WATCH)])
def test_no_adapter_is_said_in_one_sentence(
    verb: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/nobody")
    assert run(monkeypatch, *verb, "--json", "-") == EXIT_CODES[Trouble.NO_ADAPTER]
    said = capsys.readouterr()
    assert len(said.err.strip().splitlines()) == 1
    assert json.loads(said.out)["trouble"] == "no adapter"


def test_a_watch_that_is_not_on_the_allow_list_is_not_even_connected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "vagus.toml"
    config.write_text("[watch]\nallowed = ['AA:BB:CC:DD:EE:FF']\n")
    assert run(monkeypatch, "pair", WATCH, "--config", str(config), "--json", "-") == EXIT_CODES[Trouble.NOT_ALLOWED]
    assert "allow-list" in capsys.readouterr().err


def test_a_script_must_name_the_watch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "pair", "--json", "-") == 2
    assert "edge-daemon devices" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["Vagus", "F0:F1:F2:F3:F4", f"ble:{WATCH}"])
def test_what_is_no_address_is_not_looked_for(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "pair", address, "--json", "-") == 2
    assert f"{address!r} is no Bluetooth address" in capsys.readouterr().err


def test_settings_that_take_no_address_are_told_before_the_pairing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(tmp_path / "none" / "vagus.toml")
    assert run(monkeypatch, "pair", WATCH, "--config", config, "--json", "-") == 2
    assert f"{config} cannot be written: there is no directory" in capsys.readouterr().err


def test_a_watch_that_is_paired_but_cannot_be_stored_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def pair(*_: object, **__: object) -> Paired:
        return Paired(WATCH, "Vagus", None, HeartRate(70), 0.1)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("edge.pairing.pair", pair)
    monkeypatch.setattr("edge.pairing.write_whole", full)
    config = str(tmp_path / "vagus.toml")
    assert run(monkeypatch, "pair", WATCH, "--config", config, "--json", "-") == 2
    said = capsys.readouterr().err
    assert f"{WATCH} is paired, but {config} cannot be written (No space left on device)" in said
    assert f"put watch.address = 'ble:{WATCH}' into it" in said


def test_the_address_is_stored_and_comments_are_kept(tmp_path: Path) -> None:
    config = tmp_path / "vagus.toml"
    config.write_text("# my home\n[camera]\nfps = 2  # slow\n")
    store_address(config, f"ble:{WATCH}")
    assert read_settings(config).watch.address == f"ble:{WATCH}"
    assert "# my home" in config.read_text()
    assert "# slow" in config.read_text()


def test_settings_that_would_not_start_are_left_as_they_were(tmp_path: Path) -> None:
    config = tmp_path / "vagus.toml"
    config.write_text("[camera]\nfps = 0\n")
    with pytest.raises(SettingsError):
        store_address(config, f"ble:{WATCH}")
    assert config.read_text() == "[camera]\nfps = 0\n"
    assert list(tmp_path.iterdir()) == [config]

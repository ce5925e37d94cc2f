"""The address is told; a token goes to the terminal or to its owner's file, never to a journal."""

import errno
import io
import ipaddress
import logging
import os
import socket
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.panel.served import TOKEN_FILE, Panel, at, own_addresses, tell
from edge.panel.settings import PanelSettings

TOKEN = "ABCD-EFGH-JKMN-PQRS-TVWX"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_addresses_lead_here() -> None:
    assert at(PanelSettings(), 8377, None).addresses == ("http://127.0.0.1:8377/",)
    assert at(PanelSettings(host="::1"), 80, None).addresses == ("http://[::1]:80/",)
    lan = at(PanelSettings(lan=True, names=("pi.local",)), 8377, TOKEN).addresses
    assert lan[0] == "http://pi.local:8377/"
    assert len(lan) == 1 + len(own_addresses())


@dataclass(frozen=True, slots=True)
class Address:
    """One address of a network card, as psutil tells it."""

    family: socket.AddressFamily
    address: str


CARDS = {
    "lo": [Address(socket.AF_INET, "127.0.0.1"), Address(socket.AF_INET6, "::1")],
    "eth0": [
        Address(socket.AF_PACKET, "02:00:00:00:00:01"),
        Address(socket.AF_INET, "192.168.1.7"),
        Address(socket.AF_INET6, "fe80::1%eth0"),
        Address(socket.AF_INET6, "fd00::7"),
    ],
}


@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        ("0.0.0.0", ("http://192.168.1.7:80/", "http://127.0.0.1:80/")),
        ("::", ("http://[fd00::7]:80/", "http://[::1]:80/")),  # no browser opens an address that needs a zone
    ],
)
def test_addresses_are_of_the_family_that_is_bound(
    host: str, addresses: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("psutil.net_if_addrs", lambda: CARDS)
    assert at(PanelSettings(lan=True, host=host), 80, TOKEN).addresses == addresses


def test_a_machine_whose_cards_have_no_address_still_names_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("psutil.net_if_addrs", dict)
    assert at(PanelSettings(lan=True, host="::"), 80, TOKEN).addresses == ("http://[::]:80/",)


def test_every_own_address_of_a_family_is_one() -> None:
    for version in (4, 6):
        assert {ipaddress.ip_address(address).version for address in own_addresses(version)} <= {version}


def test_on_loopback_the_address_is_all(tmp_path: Path) -> None:
    out = io.StringIO()
    tell(Panel(("http://127.0.0.1:1/",), None), out, tmp_path)
    assert out.getvalue() == "page: http://127.0.0.1:1/\n"
    assert list(tmp_path.iterdir()) == []


def test_a_terminal_shows_the_token_as_a_code(tmp_path: Path) -> None:
    out = Terminal()
    tell(Panel(("http://192.168.1.7:8377/",), TOKEN), out, tmp_path)
    assert TOKEN in out.getvalue()
    assert "▀" in out.getvalue() or "█" in out.getvalue()
    assert list(tmp_path.iterdir()) == []


def test_a_journal_never_sees_the_token(tmp_path: Path) -> None:
    (tmp_path / TOKEN_FILE).write_text("of an earlier run")
    out = io.StringIO()
    tell(Panel(("http://192.168.1.7:8377/",), TOKEN), out, tmp_path)
    assert TOKEN not in out.getvalue()
    assert (tmp_path / TOKEN_FILE).read_text() == f"{TOKEN}\n"
    assert (tmp_path / TOKEN_FILE).stat().st_mode & 0o777 == 0o600


def test_a_token_that_cannot_be_written_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(descriptor: int, _mode: str) -> io.StringIO:
        os.close(descriptor)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fdopen", full)
    for folder in (tmp_path, tmp_path / "missing"):
        caplog.clear()
        out = io.StringIO()
        tell(Panel(("http://192.168.1.7:8377/",), TOKEN), out, folder)
        assert out.getvalue() == "page: http://192.168.1.7:8377/\n"
        (record,) = caplog.records
        assert (record.levelno, record.exc_info) == (logging.ERROR, None)
        said = record.getMessage()
        assert f"the page's token cannot be written to {folder / TOKEN_FILE}" in said
        assert "nobody can sign in until a restart" in said
        assert TOKEN not in said
    assert "No such file or directory" in said
    assert list(tmp_path.iterdir()) == [], "half a token opens nothing"

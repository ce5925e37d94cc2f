"""The address is told; a token goes to the terminal or to its owner's file, never to a journal."""

import io
from pathlib import Path

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

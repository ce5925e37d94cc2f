"""The page stays on this machine unless the settings say otherwise, in words that cannot be missed."""

from pathlib import Path

import pytest

from edge.panel.settings import PanelSettings
from edge.settings import SettingsError, read_settings


def test_it_is_off_and_on_loopback_by_default() -> None:
    settings = PanelSettings()
    assert not settings.enabled
    assert settings.address == "127.0.0.1"


def test_lan_listens_everywhere_unless_told_where() -> None:
    assert PanelSettings(lan=True).address == "0.0.0.0"
    assert PanelSettings(lan=True, host="192.168.1.7").address == "192.168.1.7"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("host = '0.0.0.0'", "set panel.lan = true"),
        ("host = 'pi.local'", "must be an IP address"),
        ("port = 70000", "between 0 and 65535"),
        ("lan = true\nnames = ['Pi Local']", "write host names in lower case"),
        ("adress = '127.0.0.1'", "unknown setting panel.adress; known here: enabled, host, port, lan, names"),
    ],
)
def test_what_cannot_be_served_is_refused(text: str, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "vagus.toml"
    file.write_text(f"[panel]\n{text}\n")
    with pytest.raises(SettingsError, match=sentence):
        read_settings(file)

"""A watch that is paired on the page is followed, and what hindered its storing is said."""

from pathlib import Path

import pytest

from edge.page_radio import Bluetooth
from edge.panel.pairing import PairingError
from edge.settings import Settings, read_settings
from firmware_bridge.messages import HeartRate
from firmware_bridge.pairing import Paired
from tests.edge.panel.looked_at import ScriptedRadio

WATCH = ScriptedRadio.address


class Nobody:
    """A watch that asks nothing is paired without a word."""

    async def passkey(self, device: str) -> int | None:
        raise NotImplementedError(device)

    async def confirm(self, device: str, passkey: int | None) -> bool:
        raise NotImplementedError(device)


@pytest.fixture(autouse=True)
def radio(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every watch is within reach, and beats."""

    async def pair(address: str, *_: object, **__: object) -> Paired:
        return Paired(address, "Vagus", None, HeartRate(70), 0.1)

    monkeypatch.setattr("firmware_bridge.pairing.pair", pair)


async def test_a_watch_is_stored_and_followed(tmp_path: Path) -> None:
    config, followed = tmp_path / "vagus.toml", list[str]()
    heard = await Bluetooth(Settings(), config, followed.append).pair(WATCH, Nobody())
    assert (heard.bpm, heard.stored_in, heard.followed) == (70, "vagus.toml", True)
    assert read_settings(config).watch.address == f"ble:{WATCH}"
    assert followed == [f"ble:{WATCH}"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'[watch]\naddress = ""\n[mqtt]\nbrocker = "x"\n', "brocker"),
        (b'[watch]\naddress = "\n', "line 2"),
        ("[mqtt]\n# Küche\n".encode("latin-1"), "utf-8"),
        (None, "Is a directory"),
    ],
    ids=["a setting nobody knows", "half a line", "not UTF-8", "a directory"],
)
async def test_settings_that_take_no_address_are_told_and_the_watch_is_followed(
    content: bytes | None, why: str, tmp_path: Path
) -> None:
    config, followed = tmp_path / "vagus.toml", list[str]()
    if content is None:
        config.mkdir()
    else:
        config.write_bytes(content)
    with pytest.raises(PairingError, match=why) as told:
        await Bluetooth(Settings(), config, followed.append).pair(WATCH, Nobody())
    assert f"{WATCH} is paired and listened to until a restart, but {config} does not take it" in str(told.value)
    assert f"put watch.address = 'ble:{WATCH}' into it" in str(told.value)
    assert followed == [f"ble:{WATCH}"]
    if content is not None:
        assert config.read_bytes() == content

"""The doctor on radios and watches: each by its own way, tried for real."""

import asyncio
from pathlib import Path

import pytest

from edge.doctor_radio import adapter, listed, radio, watch
from edge.settings import Settings, WatchSettings
from firmware_bridge.adapters import Adapter, Block, blocks
from firmware_bridge.bluez import Bond
from tests.edge.care.findings import sound

HCI = Adapter("hci0", "C0:C1:C2:C3:C4:C5", powered=True, scanning=False)
OFF = Adapter("hci0", "C0:C1:C2:C3:C4:C5", powered=False, scanning=False)


def test_one_adapter_that_is_on_is_enough() -> None:
    assert sound(adapter([OFF, HCI], [])).state == "good"


@pytest.mark.parametrize(
    ("found", "blocked", "cure"),
    [
        ([], [], "Plug one in"),
        ([OFF], [], "bluetoothctl power on"),
        ([OFF], [Block("hci0", hard=False)], "rfkill unblock"),
        ([], [Block("thinkpad", hard=True)], "switch of the case"),
    ],
)
def test_an_adapter_that_is_off_is_told_apart(found: list[Adapter], blocked: list[Block], cure: str) -> None:
    check = sound(adapter(found, blocked))
    assert check.state == "bad"
    assert cure in check.cure


def test_blocks_are_read_from_the_kernel(tmp_path: Path) -> None:
    for number, (kind, soft, hard) in enumerate([("bluetooth", 1, 0), ("wlan", 1, 1), ("bluetooth", 0, 1)]):
        place = tmp_path / f"rfkill{number}"
        place.mkdir()
        for name, value in {"type": kind, "soft": soft, "hard": hard, "name": f"radio{number}"}.items():
            (place / name).write_text(f"{value}\n")
    assert blocks(tmp_path) == [Block("radio0", hard=False), Block("radio2", hard=True)]
    assert blocks(tmp_path / "gone") == []


def test_a_bond_is_known_by_address_or_name() -> None:
    bond = Bond("F0:F1:F2:F3:F4:F5", "InfiniTime", connected=True, path="/")
    assert sound(watch("f0:f1:f2:f3:f4:f5", [bond])).state == "good"
    assert "connected now" in watch("InfiniTime", [bond]).says
    assert sound(watch("A0:00:00:00:00:00", [bond])).state == "warn"


def test_a_watch_that_the_allow_list_keeps_out_is_told_with_what_would_work() -> None:
    assert listed("F0:F1:F2:F3:F4:F5", ()) is None
    check = listed("InfiniTime", ("F0:F1:F2:F3:F4:F5",))
    assert check is not None
    assert sound(check).cure == "Give one of these addresses instead."


@pytest.mark.parametrize(
    ("address", "state", "says"),
    [
        ("serial:/dev/serial/by-id/none", "bad", "No such file"),
        ("serial:/etc/hostname", "bad", "is no serial port"),
        ("serial:/dev/null", "good", "may be used"),
        ("serial:/dev/null?bod=9", "bad", "unknown option 'bod'"),
        ("replay:/no/such/file", "bad", "No such file"),
        ("replay:/etc/hostname", "bad", "is no recording"),
        ("virtual:wearer?seed=1", "good", "made up"),
        ("virtual:warer", "bad", "not 'warer'"),
        ("virtual:recording?file=/no/such.npz&subject=S02", "bad", "cannot read the recording"),
        ("tcp:127.0.0.1", "bad", "lacks a port"),
        ("tcp:127.0.0.1:1", "bad", "cannot connect"),
        ("blue:F0:F1:F2:F3:F4:F5", "bad", "no link is called 'blue'"),
        ("nonsense", "bad", "no link address"),
    ],
)
async def test_a_watch_by_cable_network_or_file(address: str, state: str, says: str) -> None:
    check = sound((await radio(Settings(watch=WatchSettings(address))))[-1])
    assert (check.name, check.state) == ("Watch", state)
    assert says.lower() in check.says.lower()


async def test_an_address_that_lacks_its_kind_is_told_which() -> None:
    check = (await radio(Settings(watch=WatchSettings("F0:F1:F2:F3:F4:F5"))))[-1]
    assert (check.state, check.cure) == ("bad", "Write watch.address = 'ble:F0:F1:F2:F3:F4:F5'.")


async def test_a_board_in_the_network_is_really_called_unless_the_daemon_has_it() -> None:
    called = asyncio.Event()

    def hear(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.set()
        writer.close()

    async with asyncio.timeout(30), await asyncio.start_server(hear, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        settings = Settings(watch=WatchSettings(f"tcp:127.0.0.1:{port}"))
        assert sound((await radio(settings))[-1]).state == "good"
        await called.wait()
        called.clear()
        assert sound((await radio(settings, daemon_runs=True))[-1]).state == "off"
        assert not called.is_set()


async def test_no_bus_is_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/nobody")
    first, second = await radio(Settings(watch=WatchSettings("ble:F0:F1:F2:F3:F4:F5")))
    assert sound(first).state == "bad"
    assert "apt install bluez" in first.cure
    assert second.state == "off"
    assert [check.state for check in await radio(Settings())] == ["off", "off"]
    assert [check.state for check in await radio(Settings(watch=WatchSettings("nonsense")))] == ["bad"]

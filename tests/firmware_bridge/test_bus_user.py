"""Who we say we are to the system's D-Bus, and a sentence where it does not believe us."""

import asyncio
import os
from pathlib import Path

import pytest

from firmware_bridge.bluez import bonds
from firmware_bridge.errors import LinkError, Trouble


@pytest.mark.parametrize("told", ["1234", "", "nobody"])
async def test_we_are_who_the_environment_says_as_bleak_is(
    told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a container with user namespaces our own number is none that the host's bus knows (docs/install.md)."""
    heard = asyncio.get_running_loop().create_future()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.set_result(await reader.readuntil(b"\r\n"))
        writer.write(b"REJECTED EXTERNAL\r\n")
        await writer.drain()
        writer.close()

    monkeypatch.setenv("BLEAK_DBUS_AUTH_UID", told)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/bus")
    async with await asyncio.start_unix_server(refuse, tmp_path / "bus"):
        with pytest.raises(LinkError, match=r"does not take us .* BLEAK_DBUS_AUTH_UID") as caught:
            await bonds()
    number = told if told.isdecimal() else str(os.getuid())
    assert await heard == f"\0AUTH EXTERNAL {number.encode().hex()}\r\n".encode()
    assert caught.value.trouble is Trouble.REFUSED

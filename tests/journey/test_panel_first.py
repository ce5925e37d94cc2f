"""A daemon that was given neither watch nor camera starts for its page, so that a first watch can be paired there."""

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp

CONFIG = "state_dir = '{}'\n[panel]\nenabled = true\nport = 0\n"


async def test_a_page_is_enough_to_start(tmp_path: Path) -> None:
    config = tmp_path / "vagus.toml"
    config.write_text(CONFIG.format(tmp_path / "state"))
    command = (sys.executable, "-m", "edge.cli", "run", "--config", str(config))
    async with asyncio.timeout(120):
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
        assert process.stderr is not None
        said = [line.decode() async for line in until(process.stderr, b"page: ")]
        async with aiohttp.ClientSession() as guest, guest.get(said[-1].split()[1] + "checks") as answer:
            checks = {check["name"]: check for check in (await answer.json())["checks"]}
        assert checks["Watch"]["state"] == "off"
        assert "pair one" in checks["Watch"]["cure"]
        process.send_signal(signal.SIGTERM)
        await process.communicate()
    assert process.returncode == 0


async def until(lines: asyncio.StreamReader, start: bytes) -> AsyncGenerator[bytes]:
    """Lines, the one that begins with ``start`` last."""
    async for line in lines:
        yield line
        if line.startswith(start):
            return

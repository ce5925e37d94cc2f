"""The demo is killed with its broker down, started again with the broker up: every alert arrives, once for each id."""

import asyncio
import contextlib
import json
import re
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import aiomqtt

from edge.relay.address import BrokerAddress
from edge.relay.alerts import read_alert
from edge.relay.broker import local_broker

SOON = "[decision]\non = 0.6\noff = 0.5\nown_level = 0\nsmoothing_s = 40\nmin_duration_s = 20\nrefractory_s = 60\n"
RAISED = re.compile(r"alert ([0-9a-f-]{36}) \(\w+\) is raised")


async def start(config: Path, state: Path, seconds: int) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge.cli", "demo", "--headless", "--json", "-", "--speed", "40", "--config", str(config),
        "--state", str(state), "--seconds", str(seconds), stdout=PIPE, stderr=PIPE,
    )  # fmt: skip


async def raised_until(process: Process, wanted: int) -> set[str]:
    """Ids of the alerts that the log says were raised, until there are ``wanted``."""
    ids: set[str] = set()
    assert process.stderr is not None
    async with asyncio.timeout(90):
        while len(ids) < wanted:
            line = (await process.stderr.readline()).decode()
            assert line, "the demo ended before it raised an alert"
            ids.update(RAISED.findall(line))
    return ids


async def collect(address: BrokerAddress, ids: list[str], ready: asyncio.Event) -> None:
    async with aiomqtt.Client(address.host, address.port) as client:
        await client.subscribe("vagus/+/alert", qos=1)
        ready.set()
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            ids.append(read_alert(message.payload).id)


async def free_port() -> int:
    async with local_broker() as address:
        return address.port


async def test_killed_with_the_broker_down_nothing_is_lost(tmp_path: Path) -> None:
    port, config = await free_port(), tmp_path / "vagus.toml"
    config.write_text(f"[mqtt]\nbroker = '127.0.0.1:{port}'\n\n{SOON}")
    first = await start(config, tmp_path / "state", seconds=120)
    raised = await raised_until(first, wanted=2)
    first.kill()
    await first.wait()

    received: list[str] = []
    async with local_broker(port=port) as address:
        ready = asyncio.Event()
        reading = asyncio.create_task(collect(address, received, ready))
        async with asyncio.timeout(10):
            await ready.wait()
        second = await start(config, tmp_path / "state", seconds=10)
        output, log = await second.communicate()
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading
    assert second.returncode == 0, log.decode()
    summary = json.loads(output)
    raised |= set(RAISED.findall(log.decode()))
    assert summary["alerts"]["recovered"] >= 2
    assert summary["alerts"]["raised"] == summary["alerts"]["acked"] == summary["alerts"]["received"]
    assert raised <= set(received), "an alert was lost"
    assert len(set(received)) == summary["alerts"]["raised"]

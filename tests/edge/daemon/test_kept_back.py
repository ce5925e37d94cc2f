"""What a snooze kept back is told, and told once, when the daemon is stopped or killed before its end."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import msgspec
import pytest

from edge.settings import ModelSettings, Settings, WatchSettings
from tests.edge.daemon.lines import ALWAYS, PATIENCE_S, SPEED, little, trust_our_key
from tests.edge.relay.listening import Heard, subscriber
from tests.faults.guard import Duty
from tests.faults.guarding import Guard, start_guard
from tests.faults.mosquitto import Mosquitto, needs_mosquitto

_ENOUGH = 3


class _Daemon:
    """A daemon in a process of its own, and how many alerts it says that it kept back."""

    def __init__(self, duty: Duty) -> None:
        self.kept = 0
        self.guard: Guard | None = None
        self._duty = duty
        self._more = asyncio.Event()

    async def start(self) -> Guard:
        self.guard = await start_guard(self._duty, self._hear)
        return self.guard

    async def keeps_back(self, alerts: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while self.kept < alerts:
                self._more.clear()
                await self._more.wait()

    def _hear(self, line: str) -> None:
        self.kept += "an alert is kept back" in line
        self._more.set()


@asynccontextmanager
async def _snoozed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[tuple[_Daemon, Guard, Heard]]:
    """A daemon that was told to be quiet for an hour and has kept some alerts back, its process, and all it says."""
    trust_our_key(folder, monkeypatch)
    little(folder / "bundle")
    broker = Mosquitto(folder / "broker")
    await broker.start()
    settings = Settings(
        state_dir=str(folder / "state"),
        watch=WatchSettings("virtual:wearer?seed=1"),
        models=ModelSettings(bundle=str(folder / "bundle")),
        mqtt=msgspec.structs.replace(Settings().mqtt, broker=f"mqtt://127.0.0.1:{broker.address.port}"),
        sampling=msgspec.structs.replace(Settings().sampling, mode="full"),
        decision=ALWAYS,
    )
    daemon = _Daemon(Duty(settings, SPEED, folder / "config"))
    try:
        async with subscriber(broker.address, "vagus/#") as heard:
            first = await daemon.start()
            await heard.until(lambda h: b"0" in h.on("vagus/edge/snooze/state"))
            async with aiomqtt.Client(broker.address.host, broker.address.port) as client:
                await client.publish("vagus/edge/snooze/set", "60", qos=1)
            await daemon.keeps_back(_ENOUGH)
            yield daemon, first, heard
    finally:
        if daemon.guard is not None:
            await daemon.guard.let_go()
        await broker.stop()


def _reports(heard: Heard) -> list[dict[str, Any]]:
    return [json.loads(payload) for payload in heard.on("vagus/edge/report")]


async def _alerts_anew(daemon: _Daemon, heard: Heard) -> None:
    """A further start, until it has raised an alert of its own, and its end."""
    begun, alerts = await daemon.start(), len(heard.on("vagus/edge/alert"))
    await heard.until(lambda h: len(h.on("vagus/edge/alert")) > alerts)
    assert await begun.end() == 0


@needs_mosquitto
async def test_a_killed_daemon_tells_after_its_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with _snoozed(tmp_path, monkeypatch) as (daemon, first, heard):
        await first.kill()
        assert _reports(heard) == []
        second = await daemon.start()
        await heard.until(lambda h: len(_reports(h)) > 0)
        assert await second.end() == 0
        await _alerts_anew(daemon, heard)
        (report,) = _reports(heard)
        assert report["kind"] == "snoozed"
        assert report["alerts"] >= _ENOUGH
        assert "stress" in report["reason"]
        assert report["from_time"] <= report["to_time"]


@needs_mosquitto
async def test_a_daemon_that_is_stopped_tells_before_it_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with _snoozed(tmp_path, monkeypatch) as (daemon, first, heard):
        assert await first.end() == 0
        await heard.until(lambda h: len(_reports(h)) > 0)
        await _alerts_anew(daemon, heard)
        (report,) = _reports(heard)
        assert (report["kind"], report["alerts"]) == ("snoozed", daemon.kept)

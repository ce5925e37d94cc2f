"""Stuck parts: the lane that has one is begun anew, the others go on; a lane that fails again and again ends it all."""

import asyncio
import os
import signal
import socket
import sys
import threading
from pathlib import Path

import aiohttp
import pytest

from edge import ears
from edge.budget import LaneError
from edge.flow import Features
from edge.health_page import open_health_page
from edge.inference.classifier import Classifier, WristEstimate
from tests.edge.daemon.lines import PATIENCE_S, little, running, trust_our_key
from tests.faults.mosquitto import free_port


@pytest.fixture(autouse=True)
def quick_to_judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trust_our_key(tmp_path, monkeypatch)
    little(tmp_path / "bundle")
    monkeypatch.setattr(ears, "INFERENCE_S", 0.5)


class Hanging:
    """A network that does not come back, the first ``times`` it is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
        self.free = threading.Event()
        self.left = times
        self._judge = Classifier.wrist
        monkeypatch.setattr(Classifier, "wrist", lambda classifier, features: self._hang(classifier, features))  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]

    def _hang(self, classifier: Classifier, features: Features) -> WristEstimate | None:
        if self.left:
            self.left -= 1
            self.free.wait(PATIENCE_S)
        return self._judge(classifier, features)


async def test_a_network_that_hangs_is_left_and_loaded_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = Hanging(monkeypatch, times=1)
    async with running(tmp_path, tmp_path / "bundle") as line:
        daemon = line.service.daemon
        await line.until(lambda: daemon.health.dropped["stuck_wrist"] == 1)
        heard = sum(daemon.health.samples.values())
        await line.until(lambda: daemon.health.acked > 1)
        assert sum(daemon.health.samples.values()) > heard
        assert daemon.watchdog.budget.spent == {"wrist": 1}
        hanging.free.set()


async def test_a_network_that_always_hangs_ends_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ears, "INFERENCE_S", 0.05)
    hanging = Hanging(monkeypatch, times=100)
    with pytest.raises(ExceptionGroup) as ended:
        await for_ever(tmp_path)
    hanging.left = 0
    hanging.free.set()
    first: BaseException = ended.value
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    assert isinstance(first, LaneError)
    assert "wrist" in str(first)


async def for_ever(folder: Path) -> None:
    async with running(folder, folder / "bundle"), asyncio.timeout(PATIENCE_S):
        await asyncio.Event().wait()


async def test_health_is_told_on_loopback(tmp_path: Path) -> None:
    port = free_port()
    async with running(tmp_path, tmp_path / "bundle") as line, open_health_page(line.service.daemon, port):
        await line.until(lambda: line.service.daemon.health.acked > 0)
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
            async with client.get("/healthz") as answer:
                assert (answer.status, (await answer.json())["stuck"]) == (200, [])
            async with client.get("/readyz") as answer:
                assert (answer.status, (await answer.json())["broker"]) == (200, True)
            async with client.get("/metrics") as answer:
                text = await answer.text()
            async with client.get("/metrics", headers={"Host": "evil.example"}) as answer:
                assert answer.status == 421
            assert 'vagus_sensor_online{sensor="watch"} 1.0' in text
            assert "vagus_alerts_raised_total" in text
            assert "stress" not in text.replace("wrist_stress", "")  # how the person is, is nobody's metric
            line.service.daemon.watchdog.hearts.begin("camera", 1e-9)
            async with client.get("/healthz") as answer:
                assert (answer.status, (await answer.json())["stuck"]) == (503, ["camera"])
            line.service.daemon.watchdog.hearts.rest("camera")


async def test_systemd_hears_ready_life_reload_and_the_end(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.setblocking(False)
        said: list[str] = []
        config = tmp_path / "vagus.toml"
        config.write_text(f"state_dir = '{tmp_path / 'state'}'\n[watch]\naddress = 'virtual:wearer'\n")
        told = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "edge.cli", "run", "--config", str(config), env={**os.environ, **told}
        )

        async def until(*wanted: str) -> None:
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(PATIENCE_S):
                while not set(wanted) <= {message.partition("\n")[0] for message in said}:
                    said.append((await loop.sock_recv(line, 4096)).decode())

        await until("READY=1", "WATCHDOG=1", "STATUS=watch online, broker connected")
        said.clear()
        process.send_signal(signal.SIGHUP)
        await until("RELOADING=1", "READY=1")
        process.terminate()
        await until("STOPPING=1")
        assert await process.wait() == 0

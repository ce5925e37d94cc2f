"""What `record` wrote, `replay` runs through the same line; SIGTERM ends a run in order."""

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from edge.clock import nanoseconds
from firmware_bridge.links.address import Address
from firmware_bridge.links.recorder import Recorder
from firmware_bridge.virtual.link import open_virtual
from tests.fakes.clock import HandClock

DAEMON = (sys.executable, "-m", "edge.cli")


def settings(tmp_path: Path, watch: str = "") -> str:
    file = tmp_path / "vagus.toml"
    file.write_text(f"state_dir = '{tmp_path / 'state'}'\n[watch]\naddress = '{watch}'\n")
    return str(file)


def daemon(*arguments: str) -> dict[str, Any]:
    done = subprocess.run([*DAEMON, *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def worn_for(seconds: float, out: Path) -> int:
    """Record a seeded wearer in watch time, without waiting."""
    clock = HandClock()

    async def sleep(s: float) -> None:
        clock.move(s)

    where = Address.parse("virtual:wearer?seed=3")
    with Recorder(out, where.text) as recorder:
        async with open_virtual(where, now=clock.now, speed=1.0, sleep=sleep) as link:
            async for packet in link.packets():
                recorder.keep(packet)
                if clock.host > nanoseconds(seconds):
                    break
    return recorder.kept


async def test_a_recording_runs_through_the_same_line(tmp_path: Path) -> None:
    out, config = tmp_path / "watch.jsonl", settings(tmp_path)
    assert await worn_for(150, out) > 1000
    summary = await asyncio.to_thread(daemon, "replay", str(out), "--speed", "60", "--config", config)
    assert summary["predictions_by_modality"].keys() == {"wrist"}
    assert 15 <= summary["predictions"] <= 19
    assert summary["dropped"] == 0


def test_record_writes_what_replay_reads(tmp_path: Path) -> None:
    out, config = tmp_path / "watch.jsonl", settings(tmp_path)
    recorded = daemon("record", str(out), "--watch", "virtual:wearer", "--seconds", "2", "--json", "-")
    assert recorded["packets"] > 10
    assert daemon("replay", str(out), "--speed", "10", "--config", config)["samples"]["pulse"] > 64


def test_a_recording_is_never_written_over(tmp_path: Path) -> None:
    out = tmp_path / "watch.jsonl"
    out.write_text("precious")
    done = subprocess.run(
        [*DAEMON, "record", str(out), "--watch", "virtual:wearer"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "exists" in done.stderr
    assert out.read_text() == "precious"


def test_sigterm_ends_a_run_with_its_summary(tmp_path: Path) -> None:
    config = settings(tmp_path, "virtual:wearer?seed=1")
    running = subprocess.Popen(
        [*DAEMON, "run", "--config", config, "--json", "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stderr is not None
    for line in running.stderr:
        if "listening" in line:
            break
    running.send_signal(signal.SIGTERM)
    output, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    assert json.loads(output)["samples"] is not None

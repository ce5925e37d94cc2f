"""The daemon as a user runs it, in a process of its own: memory, processor time, latency."""

import asyncio
import json
import signal
import sys
import tempfile
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import cast

import tomlkit

from edge.refusal import RefusalError
from edge.settings import Settings

GRACE_S = 60.0
"""How long a start and an end may take beside the run itself."""


async def serving(settings: Settings, broker: str, seconds: float) -> dict[str, object]:
    """`edge-daemon run` with one virtual watch at its own pace and the settings' camera, for ``seconds``; its summary.

    Raises RefusalError, with what the daemon said, when it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="vagus-bench-") as place:
        config = Path(place) / "vagus.toml"
        config.write_text(_config(settings, broker, place))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "edge.cli", "run", "--config", str(config), "--json", "-", stdout=PIPE, stderr=PIPE
        )
        try:
            async with asyncio.timeout(seconds):
                await process.wait()
        except TimeoutError:
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(GRACE_S):
                output, said = await process.communicate()
        except TimeoutError:
            process.kill()
            raise
        if process.returncode != 0:
            raise RefusalError(f"the daemon did not run: {said.decode(errors='replace').strip()[-300:]}")
    summary = cast(dict[str, object], json.loads(output))
    names = ("rss_mb", "rss_peak_mb", "cpu_percent", "frames", "faces", "samples", "latency_ms", "dropped_by_cause")
    return {"seconds": seconds, "camera": bool(settings.camera.source)} | {name: summary[name] for name in names}


def _config(settings: Settings, broker: str, place: str) -> str:
    """Settings as a file: what is asked of the machine, with a place and a name of the measurement's own."""
    told = {
        "state_dir": place,
        "watch": {"address": settings.watch.address or "virtual:wearer?seed=1"},
        "camera": {"source": settings.camera.source, "fps": settings.camera.fps, "loop": True},
        "models": {"bundle": str(settings.bundle_path.absolute()), "threads": settings.models.threads},
        "mqtt": {"broker": broker, "device": "bench"},
        "sampling": {"mode": "full"},
    }
    return tomlkit.dumps(told)  # pyright: ignore[reportUnknownMemberType] - tomlkit's own gap

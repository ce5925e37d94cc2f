"""A state directory with something of every kind in it, and a broker that retains what a daemon told it."""

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from edge.clock import SystemClock
from edge.relay.address import BrokerAddress
from edge.relay.alerts import StateMessage
from edge.relay.commands import CAMERA, Commands
from edge.relay.discovery import Discovery
from edge.relay.mqtt import Relay
from edge.relay.outbox import Outbox
from edge.relay.settings import MqttSettings, OutboxSettings
from edge.settings import Settings
from tests.edge.relay.listening import PATIENCE_S, an_alert


async def fill(state: Path, alerts: int = 3) -> None:
    """Alerts that nobody fetched, a recording, a baseline, a usual, what a snooze kept back, and nobody's business."""
    async with Outbox(OutboxSettings(path=str(state / "outbox.db")), SystemClock()) as outbox:
        relay = Relay(MqttSettings(), outbox, SystemClock(), address=BrokerAddress("127.0.0.1", 1))
        for sequence in range(1, alerts + 1):
            await relay.raise_alert(an_alert(sequence))
    record(state, "20260301-101500", 4)
    (state / "baseline.json").write_text(json.dumps({"heart_rate": 61.0}))
    (state / "usual.json").write_text(json.dumps({"levels": [0.1]}))
    (state / "kept-back.json").write_text(json.dumps({"alerts": 2}))
    (state / "bundle-floor").write_text("0.1.0\n")
    (state / "page-token").write_text("secret\n")


def record(state: Path, name: str, kibibytes: int) -> Path:
    """A recording of some size, as the page leaves it."""
    folder = state / "recordings"
    folder.mkdir(exist_ok=True)
    packets = folder / f"{name}.packets"
    packets.write_bytes(b'{"format":"vagus packets"}\n' + b"0" * (1024 * kibibytes))
    (folder / f"{name}.json").write_text('{"person":"P1"}')
    return packets


@contextmanager
def daemon_at(outbox: Path) -> Generator[None]:
    """Another process that has the outbox open, as a daemon has."""
    code = (
        "import sys; from edge.relay.store import Store; from edge.relay.settings import OutboxSettings;"
        "held = Store(OutboxSettings(path=sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(outbox)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        yield
        assert holder.stdin is not None
        holder.stdin.close()


async def speak(settings: Settings, state: Path) -> None:
    """A daemon's relay says everything that it retains, and leaves."""
    async with (
        Outbox(OutboxSettings(path=str(state / "speaker.db")), SystemClock()) as outbox,
        Relay(settings.mqtt, outbox, SystemClock()) as relay,
    ):
        if not settings.mqtt.seal_to_file:
            Discovery(relay, relay.topics).announce("1.2.3", camera=True, commands=True)
            Commands(relay).offer(CAMERA, str, "on")
        relay.publish_state(StateMessage(device="edge", state="stress", stress=0.75))
        await relay.raise_alert(an_alert(1))
        assert await relay.drain(PATIENCE_S)
    (state / "speaker.db").unlink()

"""The relay's figures as one JSON object: put to PUBACK, durable alerts a second, and a long backlog.

python tests/benchmarks/relay.py [--stored 1000000] [--alerts 1000] [--json FILE]
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from edge.clock import HostNs, SystemClock, UnixNs
from edge.flow import Alert
from edge.relay.address import BrokerAddress
from edge.relay.alerts import encode_alert
from edge.relay.broker import local_broker
from edge.relay.ids import RANDOM_BYTES, uuid7
from edge.relay.mqtt import Relay
from edge.relay.outbox import Outbox
from edge.relay.settings import MqttSettings, OutboxSettings
from tests.faults.mosquitto import PROGRAM, Mosquitto

_PAUSE_S = 0.004
_WAITING = 64
"""Callers that wait for a commit at once."""
_BATCH = 10_000
_PATIENCE_S = 120.0


def an_alert(sequence: int, clock: SystemClock) -> Alert:
    """An alert of ordinary size, made now."""
    now = clock.wall()
    return Alert(
        id=uuid7(now, os.urandom(RANDOM_BYTES)),
        device="edge",
        kind="stress",
        sequence=sequence,
        confidence=0.912,
        modalities=("face", "wrist"),
        reason="stress 0.91 for 30 s: heart rate 88 against 64 bpm at rest, 6 skin responses a minute",
        sensor_unix_ns=now,
        received_unix_ns=UnixNs(now + 1),
        inferred_unix_ns=UnixNs(now + 2),
        bundle="default 1.0.0",
    )


async def latency(directory: Path, address: BrokerAddress, alerts: int) -> dict[str, float]:
    """From the call of raise_alert to the PUBACK, one alert at a time, in ms."""
    clock = SystemClock()
    began: dict[str, int] = {}
    stored: list[float] = []
    took: list[float] = []

    def note(name: str, when: HostNs) -> None:
        took.append((when - began[name]) / 1e6)

    async with (
        Outbox(OutboxSettings(path=str(directory / "latency.db")), clock) as outbox,
        Relay(MqttSettings(), outbox, clock, address=address, on_acked=note) as relay,
    ):
        assert await relay.wait_connected(_PATIENCE_S), relay.trouble
        for _ in range(alerts):
            alert = an_alert(relay.next_sequence(), clock)
            began[alert.id] = clock.now()
            await relay.raise_alert(alert)
            stored.append((clock.now() - began[alert.id]) / 1e6)
            await asyncio.sleep(_PAUSE_S)
        assert await relay.drain(_PATIENCE_S)
    return {"put_p50_ms": _share(stored, 50), "put_p99_ms": _share(stored, 99)} | {
        "puback_p50_ms": _share(took, 50),
        "puback_p99_ms": _share(took, 99),
        "n": len(took),
    }


async def backlog(directory: Path, stored: int) -> dict[str, float | dict[str, float]]:
    """Durable alerts a second with 64 callers and with one; then how a long backlog slows storing and sending."""
    clock = SystemClock()
    settings = OutboxSettings(path=str(directory / "backlog.db"), max_mib=8192)
    async with Outbox(settings, clock) as outbox:
        one = await _store(outbox, clock, 1000, callers=1)
        rates: dict[str, float] = {"0": await _store(outbox, clock, _BATCH, callers=_WAITING)}
        sends: dict[str, float] = {"0": await _send(outbox)}
        for level in [n for n in (100_000, 1_000_000) if n < stored] + [stored]:
            await _store(outbox, clock, level - outbox.pending, callers=1024)
            rates[str(level)] = await _store(outbox, clock, _BATCH, callers=_WAITING)
            sends[str(level)] = await _send(outbox)
        began = clock.now()
    async with Outbox(settings, clock) as outbox:
        reopened_s = (clock.now() - began) / 1e9
    return {
        "durable_per_s_one_caller": round(one),
        f"durable_per_s_{_WAITING}_callers": {level: round(rate) for level, rate in rates.items()},
        "page_and_delete_per_s": {level: round(rate) for level, rate in sends.items()},
        "slower_when_stored": round(rates["0"] / rates[str(stored)], 2),
        "close_and_reopen_s": round(reopened_s, 2),
        "file_mib": _mib(settings.path),
    }


async def _store(outbox: Outbox, clock: SystemClock, count: int, *, callers: int) -> float:
    async def call(share: int) -> None:
        for _ in range(share):
            alert = an_alert(outbox.next_sequence(), clock)
            await outbox.put(alert.id, "alert", encode_alert(alert), sequence=alert.sequence)

    began = time.perf_counter()
    share = -(-count // callers)
    await asyncio.gather(*(call(share) for _ in range(callers)))
    return share * callers / (time.perf_counter() - began)


async def _send(outbox: Outbox) -> float:
    """Take 5,000 from the head as the relay does, and acknowledge them."""
    began = time.perf_counter()
    last = taken = 0
    while taken < 5000:
        rows = await outbox.page(last, 64)
        for row in rows:
            outbox.acknowledge(row.position)
        last, taken = rows[-1].position, taken + len(rows)
    await outbox.settle()
    return taken / (time.perf_counter() - began)


def _mib(path: str) -> int:
    return round(Path(path).stat().st_size / 2**20)


def _share(values: list[float], percent: int) -> float:
    return round(statistics.quantiles(values, n=100, method="inclusive")[percent - 1], 3)


async def measure(alerts: int, stored: int) -> dict[str, object]:
    """All of it."""
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        async with local_broker() as address:
            found["own_broker"] = await latency(directory / "own", address, alerts)
        if PROGRAM is not None:
            broker = Mosquitto(directory / "mosquitto")
            await broker.start()
            found["mosquitto"] = await latency(directory / "other", broker.address, alerts)
            await broker.stop()
        found["outbox"] = await backlog(directory, stored)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=1000)
    parser.add_argument("--stored", type=int, default=1_000_000)
    parser.add_argument("--json", default="-", help="where the figures go; - is standard output")
    given = parser.parse_args()
    text = json.dumps(asyncio.run(measure(given.alerts, given.stored)), indent=2)
    if given.json == "-":
        sys.stdout.write(text + "\n")
    else:
        Path(given.json).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

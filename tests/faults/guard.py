"""A whole daemon to be killed: it watches over a wrist and a face, and says each alert once it is durable."""

import asyncio
import logging
import os
import socket
import threading
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from edge import service
from edge.health import ProcessMeter
from edge.inference.classifier import WristEstimate
from edge.service import Service
from edge.settings import Settings
from edge.signals.body import Reading
from edge.steering import Steering
from tests.edge.relay.listening import PATIENCE_S
from tests.faults.raiser import SteppedClock

_DRAIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Duty:
    """What a guard watches over, and how."""

    settings: Settings
    speed: float
    """Of the watch's life to the host's."""
    keys: Path
    """A configuration directory, in which a user trusts the bundle's key."""


class Report(logging.Handler):
    """What the daemon logs, as lines; an alert is told with what it was made from.

    `raised ID SEQUENCE AT SAW MODALITIES`: host times in ns of the raising and of the newest frame that was looked at.
    `held` in place of `raised`: no disk took it, and it goes out from memory. Other lines are `said LEVEL SENTENCE`.
    """

    def __init__(self, made: Service, line: asyncio.StreamWriter) -> None:
        super().__init__()
        self._daemon = made.daemon
        self._line = line
        self._held = 0
        self._loop = asyncio.get_running_loop()

    def emit(self, record: logging.LogRecord) -> None:
        if threading.current_thread() is not threading.main_thread():
            self._loop.call_soon_threadsafe(self.emit, record)
            return
        told = record.getMessage()
        if told.startswith("alert "):
            alert, saw = self._daemon.alerts[-1], self._daemon.onlooker.saw or 0
            words = "+".join(sorted(alert.modalities))
            before, self._held = self._held, self._daemon.health.dropped["not_durable"]
            verb = "raised" if self._held == before else "held"
            told = f"{verb} {alert.id} {alert.sequence} {time.monotonic_ns()} {saw} {words}"
        else:
            told = f"said {record.levelname} {told}"
        self._line.write(f"{' '.join(told.split())}\n".encode())


def stand_guard(duty: Duty, line: socket.socket) -> None:
    """Run a daemon until it is ordered to end, or killed; the process's own work.

    Says `standing`, then what Report says, `heard AT RECEIVED` for each window of the watch that was judged (host times
    in ns, the second of its last packet), then `drained N`. Orders are `step S` (the wall clock jumps), `settle N`
    (`settled N AT` is said once the broker has all), `tell` (what was counted so far is said) and `end`.
    """
    warnings.simplefilter("error")
    os.environ["XDG_CONFIG_HOME"] = str(duty.keys)
    with patch.object(service, "SystemClock", SteppedClock):
        asyncio.run(_guard(duty, line))


async def _guard(duty: Duty, line: socket.socket) -> None:
    orders, told = await asyncio.open_connection(sock=line)
    hear = Steering.hear

    def noted(steering: Steering, reading: Reading, estimate: WristEstimate | None) -> None:
        if estimate is not None:
            told.write(f"heard {time.monotonic_ns()} {estimate.received}\n".encode())
        hear(steering, reading, estimate)

    with patch.object(Steering, "hear", noted):
        await _serve(duty, orders, told)
    told.close()
    await told.wait_closed()


async def _serve(duty: Duty, orders: asyncio.StreamReader, told: asyncio.StreamWriter) -> None:
    async with service.open_service(duty.settings, speed=duty.speed) as made:
        report = Report(made, told)
        for log in map(logging.getLogger, ("vagus", "edge", "firmware_bridge")):
            log.setLevel(logging.INFO)
            log.propagate = False
            log.addHandler(report)
        told.write(b"standing\n")
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as lanes:
            lanes.create_task(made.play(stop, ProcessMeter(made.clock.now())))
            while (order := (await orders.readline()).decode().split()) and order != ["end"]:
                match order:
                    case ["settle", number]:
                        lanes.create_task(_settle(made, number, told))
                    case ["step", s]:
                        assert isinstance(made.clock, SteppedClock)
                        made.clock.wrong_s += float(s)
                    case _:
                        told.write(f"counts {_counts(made)}\n".encode())
            stop.set()
        await made.relay.drain(_DRAIN_S)
        told.write(f"drained {made.relay.pending}\n".encode())


async def _settle(made: Service, number: str, told: asyncio.StreamWriter) -> None:
    if await made.relay.drain(PATIENCE_S):
        told.write(f"settled {number} {time.monotonic_ns()}\n".encode())


def _counts(made: Service) -> dict[str, object]:
    """What was heard, seen and lost so far."""
    health = made.daemon.health
    counts = {name: dict(some) for name, some in (("samples", health.samples), ("predictions", health.predictions))}
    return {**counts, "skipped": dict(health.skipped), "lost": dict(made.daemon.losses()), "frames": health.frames}

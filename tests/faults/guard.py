"""A whole daemon to be killed: it watches over a wrist and a face, and says each alert once it is durable."""

import asyncio
import logging
import os
import socket
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
    Other lines are `said SENTENCE`.
    """

    def __init__(self, made: Service, line: asyncio.StreamWriter) -> None:
        super().__init__()
        self._daemon = made.daemon
        self._line = line

    def emit(self, record: logging.LogRecord) -> None:
        told = record.getMessage()
        if told.startswith("alert "):
            alert, saw = self._daemon.alerts[-1], self._daemon.onlooker.saw or 0
            words = "+".join(sorted(alert.modalities))
            told = f"raised {alert.id} {alert.sequence} {time.monotonic_ns()} {saw} {words}"
        else:
            told = f"said {record.levelname} {told}"
        self._line.write(f"{' '.join(told.split())}\n".encode())


def stand_guard(duty: Duty, line: socket.socket) -> None:
    """Run a daemon until it is ordered to end, or killed; the process's own work.

    Says `standing`, then what Report says, `heard AT RECEIVED` for each window of the watch that was judged (host times
    in ns, the second of its last packet), then `drained N`. Orders are `step S` (the wall clock jumps), `tell` (what
    was counted so far is said) and `end`.
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
        log = logging.getLogger("vagus")
        log.setLevel(logging.INFO)
        log.propagate = False
        log.addHandler(Report(made, told))
        told.write(b"standing\n")
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as lanes:
            lanes.create_task(made.play(stop, ProcessMeter(made.clock.now())))
            while (order := (await orders.readline()).decode().split()) and order != ["end"]:
                if order == ["tell"]:
                    told.write(f"counts {_counts(made)}\n".encode())
                else:
                    assert isinstance(made.clock, SteppedClock)
                    made.clock.wrong_s += float(order[1])
            stop.set()
        await made.relay.drain(_DRAIN_S)
        told.write(f"drained {made.relay.pending}\n".encode())


def _counts(made: Service) -> dict[str, object]:
    """What was heard, seen and lost so far."""
    health = made.daemon.health
    counts = {name: dict(some) for name, some in (("samples", health.samples), ("predictions", health.predictions))}
    return {**counts, "skipped": dict(health.skipped), "lost": dict(made.daemon.losses()), "frames": health.frames}

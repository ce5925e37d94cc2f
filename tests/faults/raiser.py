"""A process to be killed: raises alerts, and prints each id once it has been promised that it will arrive."""

import argparse
import asyncio
import sys

from edge.clock import SystemClock, UnixNs, nanoseconds
from edge.relay.errors import NotDurableError
from edge.relay.mqtt import Relay
from edge.relay.outbox import Outbox
from edge.relay.settings import MqttSettings, OutboxSettings
from tests.edge.relay.listening import an_alert


class SteppedClock(SystemClock):
    """The machine's clock, whose wall time can be set wrong."""

    def __init__(self, speed: float = 1.0) -> None:
        super().__init__(speed)
        self.wrong_s = 0.0

    def wall(self) -> UnixNs:
        return UnixNs(super().wall() + nanoseconds(self.wrong_s))


async def raise_alerts(given: argparse.Namespace) -> None:
    """Raise alerts until there are enough or the order comes to stop; then wait for the broker.

    Prints `raised ID SEQUENCE` when an alert is promised, `held ID SEQUENCE` when no disk took it, `drained N`.
    Orders on standard input: `step S` (the wall clock jumps), `drain`.
    """
    clock = SteppedClock()
    enough = asyncio.Event()
    # Reports are dropped on a full disk, so a few of them are in the way here, too.
    settings = MqttSettings(
        broker=given.broker, reconnect_min_s=0.005, reconnect_max_s=0.05, ack_timeout_s=given.ack_timeout
    )
    async with Outbox(OutboxSettings(path=given.outbox), clock) as outbox, Relay(settings, outbox, clock) as relay:
        print(f"started {relay.pending}", flush=True)
        obey = asyncio.create_task(_obey(clock, enough)) if given.orders else None
        for number in range(given.count):
            if enough.is_set():
                break
            alert = an_alert(relay.next_sequence(), clock.wall())
            try:
                await relay.raise_alert(alert)
                word = "raised"
            except NotDurableError:
                word = "held"
            print(f"{word} {alert.id} {alert.sequence}", flush=True)
            if number % 10 == 0:
                await _report(relay, number)
            if given.every:
                await asyncio.sleep(given.every)
        if given.drain:
            await relay.drain(given.drain)
            print(f"drained {relay.pending}", flush=True)
        if obey is not None:
            obey.cancel()


async def _report(relay: Relay, number: int) -> None:
    try:
        await relay.report(f"report-{number}", b"{}")
    except NotDurableError:
        return


async def _obey(clock: SteppedClock, enough: asyncio.Event) -> None:
    orders = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    pipe, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    try:
        while line := (await orders.readline()).decode().split():
            if line[0] == "step":
                clock.wrong_s += float(line[1])
            elif line[0] == "drain":
                enough.set()
    finally:
        pipe.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("outbox")
    parser.add_argument("broker")
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--every", type=float, default=0.0)
    parser.add_argument("--drain", type=float, default=0.0)
    parser.add_argument("--ack-timeout", type=float, default=30.0)
    parser.add_argument("--orders", action="store_true")
    asyncio.run(raise_alerts(parser.parse_args()))

"""A process to be killed: raises alerts, and prints each id once it has been promised that it will arrive."""

import argparse
import asyncio

from edge.clock import SystemClock
from edge.relay.mqtt import Relay
from edge.relay.outbox import Outbox
from edge.relay.settings import MqttSettings, OutboxSettings
from tests.edge.relay.listening import an_alert


async def raise_alerts(outbox_path: str, broker: str, count: int, drain_s: float) -> None:
    """Raise ``count`` alerts, print `raised ID SEQUENCE` for each, then wait for the broker and print `drained N`."""
    clock = SystemClock()
    settings = MqttSettings(broker=broker, reconnect_min_s=0.005, reconnect_max_s=0.05)
    async with Outbox(OutboxSettings(path=outbox_path), clock) as outbox, Relay(settings, outbox, clock) as relay:
        print(f"started {relay.pending}", flush=True)
        for _ in range(count):
            alert = an_alert(relay.next_sequence(), clock.wall())
            await relay.raise_alert(alert)
            print(f"raised {alert.id} {alert.sequence}", flush=True)
        if drain_s:
            await relay.drain(drain_s)
            print(f"drained {relay.pending}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("outbox")
    parser.add_argument("broker")
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--drain", type=float, default=0.0)
    given = parser.parse_args()
    asyncio.run(raise_alerts(given.outbox, given.broker, given.count, given.drain))

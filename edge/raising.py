"""Decisions in, alerts out: kept back while somebody wants quiet, and timed until the broker has them."""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Coroutine
from typing import Protocol

import msgspec

from edge.bundle import Bundle
from edge.clock import Clock, HostNs
from edge.flow import Alert, Decision
from edge.health import Health
from edge.kept_back import Kept
from edge.relay.alerts import SCHEMA, iso_time, make_alert
from edge.relay.errors import NotDurableError
from edge.snooze import Snooze
from edge.standing import Standing
from edge.time_service import Synchronised, synchronised
from edge.watchdog import Watchdog

log = logging.getLogger("vagus")

DISK_S = 30.0
"""A disk that has not taken an alert for so long is stuck."""
TIMED = 1000
"""Alerts on their way whose time is taken; those of a longer outage are sent, but not timed."""
_REPORT = "report-"
"""How the outbox calls a report, so that its acknowledgement, after a restart, too, is not taken for an alert's."""
_WORDS = {Synchronised.YES: True, Synchronised.NO: False, Synchronised.UNKNOWN: None}


class Outgoing(Protocol):
    """A relay, as far as alerts reach."""

    def next_sequence(self) -> int: ...

    async def raise_alert(self, alert: Alert) -> None: ...

    async def report(self, name: str, payload: bytes) -> None: ...


class Raising:
    """One device's alerts. ``relay`` and ``bundle`` are asked at every alert, for both may change."""

    def __init__(
        self,
        device: str,
        snooze: Snooze,
        relay: Callable[[], Outgoing],
        bundle: Callable[[], Bundle],
        clock: Clock,
        health: Health,
        watchdog: Watchdog,
        in_step: Callable[[], Synchronised] = synchronised,
    ) -> None:
        """``in_step`` says whether the wall clock is right; it is asked on the event loop, so it must not wait."""
        self.alerts: deque[Alert] = deque(maxlen=10)
        """The newest."""
        self.snooze = snooze
        self._device = device
        self._relay = relay
        self._bundle = bundle
        self._clock = clock
        self._health = health
        self._watchdog = watchdog
        self._in_step = in_step
        self._in_flight: OrderedDict[str, HostNs] = OrderedDict()

    async def take(self, decision: Decision) -> None:
        """Raise an alert for a decision that calls for one, or keep it back."""
        if not decision.alert:
            return
        if self.snooze.holds:
            self.snooze.keep(decision)
            self._health.snoozed += 1
            log.warning("%s: an alert is kept back, %d min of quiet left", decision.state, self.snooze.minutes_left)
            log.debug("its reason: %s", decision.reason)
            return
        await self._raise(decision)

    async def wake(self, standing: Standing | None) -> None:
        """Once a quiet time has ended: an alert if stress still lasts, and a report of what was kept back.

        What an earlier run kept back is reported, too; for that one the restart was the end. ``standing`` tells whether
        stress lasts, and hears of the alert; None where it is too late for one.
        """
        if (left := self.snooze.left()) is not None:
            log.warning("before the restart %d alerts were kept back", left.alerts)
            await self._report(left)
        kept = self.snooze.over()
        if kept is None:
            return
        log.warning("alerts are heard again; %d were kept back", kept.alerts)
        if not kept.alerts:
            return
        if standing is not None and (now := standing.again()) is not None:
            await self._raise(now)
        await self._report(kept)

    async def leave(self) -> None:
        """The daemon stops, and a quiet time with it: report what was kept back while somebody may hear it."""
        self.snooze.end()
        await self.wake(None)

    def on_acked(self, alert_id: str, at: HostNs) -> None:
        """The relay says that the broker has a message; only alerts count."""
        if alert_id.startswith(_REPORT):
            return
        received = self._in_flight.pop(alert_id, None)
        self._health.acked += 1
        if received is not None:
            self._health.sensor_to_puback.add(received, at)

    async def _raise(self, decision: Decision) -> None:
        relay = self._relay()
        alert = make_alert(
            decision,
            device=self._device,
            sequence=relay.next_sequence(),
            bundle=self._bundle().label,
            clock=self._clock,
            synchronised=_WORDS[self._in_step()],
        )
        self._in_flight[alert.id] = decision.prediction.received
        if len(self._in_flight) > TIMED:
            self._in_flight.popitem(last=False)
        # counted at once: the outbox stores it even if the daemon is stopped while we wait
        self._health.raised += 1
        with self._watchdog.hearts.work("outbox", DISK_S):
            await self._stored(relay.raise_alert(alert))
        await asyncio.sleep(0)  # the broker hears of it before the log does
        self.alerts.append(alert)
        # Many may read the log of a system, also where alerts are sealed: how the person is has no place there.
        log.warning("alert %s (%s) is raised", alert.id, alert.kind)
        log.debug("its reason: %s", alert.reason)

    async def _report(self, kept: Kept) -> None:
        with self._watchdog.hearts.work("outbox", DISK_S):
            if await self._stored(self._relay().report(f"{_REPORT}{kept.id}", self._told(kept))):
                self.snooze.told()

    async def _stored(self, storing: Coroutine[object, object, None]) -> bool:
        """Whether a disk has it."""
        try:
            await storing
        except NotDurableError as error:
            self._health.dropped["not_durable"] += 1
            log.error("%s", error)
            return False
        return True

    def _told(self, kept: Kept) -> bytes:
        """The report of a quiet time, as JSON."""
        told = {
            "schema": SCHEMA,
            "id": kept.id,
            "device": self._device,
            "kind": "snoozed",
            "alerts": kept.alerts,
            "from_time": iso_time(kept.began),
            "to_time": iso_time(kept.ended),
            "reason": kept.reason,
        }
        return msgspec.json.encode(told)

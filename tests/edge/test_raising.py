"""Decisions become alerts, and the system's log hears that, not how the person is."""

import logging
from pathlib import Path

import pytest

from edge.bundle import Bundle
from edge.clock import HostNs, StreamNs
from edge.flow import Alert, Decision, Modality, Prediction
from edge.health import Health
from edge.inference.decision import Decider
from edge.raising import Raising
from edge.time_service import Synchronised
from edge.watchdog import Watchdog
from tests.edge.daemon import lines
from tests.fakes.clock import HandClock

REASON = "stress: stress 80% from face; face angry 90%"


class Kept:
    """A relay that keeps what it is given."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []
        self.reports: list[bytes] = []

    def next_sequence(self) -> int:
        return len(self.alerts) + 1

    async def raise_alert(self, alert: Alert) -> None:
        self.alerts.append(alert)

    async def report(self, name: str, payload: bytes) -> None:
        self.reports.append(payload)


@pytest.fixture
def little(tmp_path: Path) -> Bundle:
    return lines.little(tmp_path / "bundle")


def raising(relay: Kept, bundle: Bundle, clock: HandClock, known: Synchronised = Synchronised.UNKNOWN) -> Raising:
    return Raising("edge", lambda: relay, lambda: bundle, clock, Health(), Watchdog(clock), lambda: known)


def stressed() -> Decision:
    seen, said = frozenset({Modality.FACE}), {"angry": 0.9, "calm": 0.1}
    prediction = Prediction(StreamNs(0), seen, 0.8, said, None, 0.8, HostNs(0), HostNs(0), uncertainty_ns=3_000_000)
    return Decider(lines.ALWAYS).step(prediction)


async def test_the_log_tells_of_an_alert_but_not_of_the_person(
    little: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "vagus")
    relay = Kept()
    made = raising(relay, little, HandClock())
    await made.take(stressed())
    made.snooze.start(1)
    await made.take(stressed())
    (alert,) = relay.alerts
    assert alert.reason == REASON
    told = [record.getMessage() for record in caplog.records if record.levelno > logging.DEBUG]
    assert told == [f"alert {alert.id} (stress) is raised", "stress: an alert is kept back, 1 min of quiet left"]
    assert [r.getMessage() for r in caplog.records if r.levelno == logging.DEBUG] == [f"its reason: {REASON}"] * 2


@pytest.mark.parametrize(
    ("known", "said"), [(Synchronised.YES, True), (Synchronised.NO, False), (Synchronised.UNKNOWN, None)]
)
async def test_an_alert_says_whether_its_clock_is_kept_right(
    little: Bundle, known: Synchronised, said: bool | None
) -> None:
    relay = Kept()
    await raising(relay, little, HandClock(), known).take(stressed())
    (alert,) = relay.alerts
    assert (alert.clock_synchronised, alert.sensor_uncertainty_ns) == (said, 3_000_000)

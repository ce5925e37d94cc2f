"""Decisions become alerts, and the system's log hears that, not how the person is."""

import json
import logging
from pathlib import Path

import pytest

from edge.bundle import Bundle
from edge.clock import SECOND, HostNs, StreamNs
from edge.flow import Alert, Decision, Modality, Prediction
from edge.health import Health
from edge.inference.decision import Decider, DecisionSettings
from edge.kept_back import FILE
from edge.raising import Raising
from edge.relay.errors import NotDurableError
from edge.snooze import Snooze
from edge.standing import Standing
from edge.time_service import Synchronised
from edge.watchdog import Watchdog
from tests.edge.daemon import lines
from tests.fakes.clock import HandClock
from tests.faults.disk import small_disk

REASON = "stress: stress 80% from face; face angry 90%"


class Kept:
    """A relay that keeps what it is given; ``full`` while no disk takes it."""

    def __init__(self) -> None:
        self.full = False
        self.alerts: list[Alert] = []
        self.reports: list[bytes] = []
        self.names: list[str] = []
        """Of all that it was given, by which it would tell of acknowledgements."""

    def next_sequence(self) -> int:
        return len(self.alerts) + 1

    async def raise_alert(self, alert: Alert) -> None:
        self.alerts.append(alert)
        self.names.append(alert.id)

    async def report(self, name: str, payload: bytes) -> None:
        self.reports.append(payload)
        self.names.append(name)
        if self.full:
            raise NotDurableError("no space")


@pytest.fixture
def little(tmp_path: Path) -> Bundle:
    return lines.little(tmp_path / "bundle")


def raising(
    relay: Kept,
    bundle: Bundle,
    clock: HandClock,
    state: Path,
    known: Synchronised = Synchronised.UNKNOWN,
    health: Health | None = None,
) -> Raising:
    snooze, health = Snooze(clock, state), health or Health()
    return Raising("edge", snooze, lambda: relay, lambda: bundle, clock, health, Watchdog(clock), lambda: known)


def predicted(at: int = 0, stress: float = 0.8) -> Prediction:
    seen, said, now = frozenset({Modality.FACE}), {"angry": 0.9, "calm": 0.1}, HostNs(at)
    return Prediction(StreamNs(at), seen, stress, said, None, stress, now, now, uncertainty_ns=3_000_000)


def stressed() -> Decision:
    return Decider(lines.ALWAYS).step(predicted())


def under_stress(clock: HandClock) -> Standing:
    standing = Standing(lines.ALWAYS, clock)
    standing.decide(predicted(), "")
    return standing


async def test_the_log_tells_of_an_alert_but_not_of_the_person(
    little: Bundle, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG, "vagus")
    relay = Kept()
    made = raising(relay, little, HandClock(), tmp_path)
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
    little: Bundle, known: Synchronised, said: bool | None, tmp_path: Path
) -> None:
    relay = Kept()
    await raising(relay, little, HandClock(), tmp_path, known).take(stressed())
    (alert,) = relay.alerts
    assert (alert.clock_synchronised, alert.sensor_uncertainty_ns) == (said, 3_000_000)


def reported(relay: Kept) -> list[tuple[str, int]]:
    """Id and number of each report."""
    return [(told["id"], told["alerts"]) for told in map(json.loads, relay.reports)]


async def test_what_was_kept_back_is_told_by_the_next_run_and_once(little: Bundle, tmp_path: Path) -> None:
    relay, clock = Kept(), HandClock()
    died = raising(relay, little, clock, tmp_path)
    died.snooze.start(60)
    for _ in range(2):
        clock.move(60)
        await died.take(stressed())
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    clock.move(3600)
    again = raising(relay, little, clock, tmp_path)
    assert not again.snooze.holds
    for _ in range(2):
        await again.wake(under_stress(clock))
    assert relay.alerts == []  # whether stress lasts, the new run finds out by itself
    ((_, alerts),) = reported(relay)
    assert alerts == 2
    told = json.loads(relay.reports[0])
    assert (told["from_time"][11:19], told["to_time"][11:19]) == ("08:00:00", "08:02:00")
    assert not (tmp_path / FILE).exists()
    await raising(relay, little, clock, tmp_path).wake(None)
    assert len(relay.reports) == 1


async def test_a_quiet_time_that_ended_leaves_nothing_to_tell(little: Bundle, tmp_path: Path) -> None:
    relay, clock = Kept(), HandClock()
    made = raising(relay, little, clock, tmp_path)
    await made.leave()  # nobody had asked for quiet
    made.snooze.start(60)
    await made.take(stressed())
    made.snooze.start(0)
    await made.wake(under_stress(clock))
    assert (len(relay.alerts), len(relay.reports)) == (1, 1)
    made.snooze.start(60)
    await made.leave()
    await raising(relay, little, clock, tmp_path).wake(None)
    assert (len(relay.alerts), len(relay.reports)) == (1, 1)


@pytest.mark.parametrize(
    ("calm", "silent", "told"),
    [
        (range(60, 120), range(0), 300),  # at the end of the quiet time, where it would be told by itself 20 s later
        (range(0), range(265, 330), 350),  # and where nobody knows just then how they are, as soon as somebody does
    ],
)
async def test_stress_that_a_quiet_time_kept_back_is_told_once(
    little: Bundle, tmp_path: Path, calm: range, silent: range, told: int
) -> None:
    relay, clock = Kept(), HandClock()
    made = raising(relay, little, clock, tmp_path)
    settings = DecisionSettings(on=0.6, off=0.4, own_level=0, smoothing_s=0, min_duration_s=20, refractory_s=300)
    standing, raised = Standing(settings, clock), list[int]()
    made.snooze.start(5)
    for s in range(0, 1000, 5):
        if s not in silent:
            await made.take(standing.decide(predicted(s * SECOND, 0.1 if s in calm else 0.8), ""))
        standing.expire()
        await made.wake(standing)
        raised += [s] * (len(relay.alerts) - len(raised))
        clock.move(5)
    assert (raised, len(relay.reports)) == ([told], 1)


async def test_a_report_that_the_broker_has_is_no_acknowledged_alert(little: Bundle, tmp_path: Path) -> None:
    relay, clock, health = Kept(), HandClock(), Health()
    made = raising(relay, little, clock, tmp_path, health=health)
    await made.take(stressed())
    made.snooze.start(60)
    await made.take(stressed())
    await made.leave()
    assert (len(relay.alerts), len(relay.reports)) == (1, 1)
    again = raising(relay, little, clock, tmp_path, health=health)  # both wait in the outbox until a later start
    for name in relay.names:
        again.on_acked(name, clock.now())
    assert (health.raised, health.acked) == (1, 1)


async def test_a_report_that_no_disk_took_is_told_again_under_its_id(little: Bundle, tmp_path: Path) -> None:
    relay, clock = Kept(), HandClock()
    relay.full = True
    made = raising(relay, little, clock, tmp_path)
    made.snooze.start(60)
    await made.take(stressed())
    await made.leave()
    relay.full = False
    await raising(relay, little, clock, tmp_path).wake(None)
    first, second = reported(relay)
    assert first == second
    assert not (tmp_path / FILE).exists()


async def test_a_full_disk_keeps_nobody_from_being_told_at_the_end(
    little: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        if disk is None:
            pytest.skip("only root may mount a small disk")
        relay, clock = Kept(), HandClock()
        made = raising(relay, little, clock, disk.directory)
        made.snooze.start(60)
        disk.fill()
        await made.take(stressed())
        assert "a restart would forget what is kept back" in caplog.text
        await made.leave()
        assert [alerts for _, alerts in reported(relay)] == [1]


@pytest.mark.parametrize("content", [b"", b"{", b'{"id":"x"}', bytes(100_000)])
async def test_a_spoilt_note_stops_no_start(
    little: Bundle, tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE).write_bytes(content)
    relay = Kept()
    await raising(relay, little, HandClock(), tmp_path).wake(None)
    assert relay.reports == []
    assert "what was kept back before the restart is lost" in caplog.text

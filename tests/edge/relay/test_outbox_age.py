"""How messages age: by the time that the outbox was open, which no set clock moves; then they leave."""

import sqlite3
from pathlib import Path

import pytest

from edge.relay.mqtt import Relay
from edge.relay.outbox import Outbox
from edge.relay.settings import MqttSettings, OutboxSettings
from edge.relay.store import Priority
from tests.edge.relay.filling import clock, fill, settings, stored_ids
from tests.edge.relay.listening import PATIENCE_S, an_alert
from tests.edge.relay.refusing import refusing
from tests.fakes.clock import HandClock

_DAY_S = 86_400.0
_LAYOUT_1 = """
CREATE TABLE message (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL, priority INTEGER NOT NULL,
    stored_unix_ns INTEGER NOT NULL, size INTEGER NOT NULL, payload BLOB NOT NULL
) STRICT;
CREATE INDEX by_priority ON message (priority, position, stored_unix_ns, size, kind);
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO counter VALUES ('sequence', 7);
PRAGMA application_id=0x76616775;
PRAGMA user_version=1;
"""

__all__ = ["clock", "settings"]


@pytest.mark.parametrize("set_by_s", [40 * _DAY_S, 56 * 365 * _DAY_S, -400 * _DAY_S])
@pytest.mark.parametrize("restarts", [False, True])
async def test_a_clock_that_is_set_drops_nothing(
    settings: OutboxSettings, clock: HandClock, set_by_s: float, restarts: bool
) -> None:
    """A machine starts at a date that is weeks off, raises an alert, and is told the time: now, or after a restart."""
    clock.step(-set_by_s)
    async with Outbox(settings, clock) as outbox:
        await fill(outbox, "a")
        if not restarts:
            clock.step(set_by_s)
        await fill(outbox, "b")
    if restarts:
        clock.step(set_by_s)
    for _ in range(2):
        async with Outbox(settings, clock) as outbox:
            assert await stored_ids(outbox) == ["a", "b"]
            assert outbox.dropped == {}


async def test_age_goes_on_over_restarts_and_is_not_counted_between(settings: OutboxSettings, clock: HandClock) -> None:
    async with Outbox(settings, clock) as outbox:
        await fill(outbox, "a")
    for _ in range(3):
        clock.move(400 * _DAY_S)  # nobody ran
        async with Outbox(settings, clock) as outbox:
            assert await stored_ids(outbox) == ["a"]
            clock.move(9 * _DAY_S)
    async with Outbox(settings, clock) as outbox:
        (row,) = await outbox.page(0, 1)
        assert outbox.left_s(row) == 3 * _DAY_S
        clock.move(3 * _DAY_S)
        assert outbox.left_s(row) == 1
    async with Outbox(settings, clock) as outbox:
        assert await stored_ids(outbox) == []


async def test_the_last_commit_knows_the_age_when_the_power_goes(
    settings: OutboxSettings, clock: HandClock, tmp_path: Path
) -> None:
    copy = tmp_path / "after the cut.db"
    async with Outbox(settings, clock) as outbox:
        await fill(outbox, "a")
        clock.move(20 * _DAY_S)
        await fill(outbox, "b")
        path = Path(settings.path)
        for tail in ("", "-wal"):
            copy.with_name(copy.name + tail).write_bytes(path.with_name(path.name + tail).read_bytes())
    async with Outbox(OutboxSettings(path=str(copy)), clock) as outbox:
        a, b = await outbox.page(0, 2)
        assert (outbox.left_s(a), outbox.left_s(b)) == (10 * _DAY_S, 30 * _DAY_S)


async def test_messages_of_an_older_version_begin_to_age_now(settings: OutboxSettings, clock: HandClock) -> None:
    path = Path(settings.path)
    path.parent.mkdir()
    with sqlite3.connect(path) as db:
        db.executescript(_LAYOUT_1)
        old = clock.wall() - int(40 * _DAY_S) * 1_000_000_000
        for position, priority in ((1, Priority.ALERT), (2, Priority.REPORT)):
            row = (position, f"m{position}", "alert", int(priority), old, 1, b"x")
            db.execute("INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    db.close()
    async with Outbox(settings, clock) as outbox:
        assert outbox.next_sequence() == 8
        assert await stored_ids(outbox) == ["m1", "m2"]
        assert (await outbox.page(0, 1))[0].stored_unix_ns == old
        clock.move(2 * _DAY_S)
    async with Outbox(settings, clock) as outbox:
        assert await stored_ids(outbox) == ["m1"]
        clock.move(28 * _DAY_S)
    async with Outbox(settings, clock) as outbox:
        assert await stored_ids(outbox) == []


async def test_a_broker_is_told_how_much_longer_it_is_worth_keeping(settings: OutboxSettings, clock: HandClock) -> None:
    mqtt = MqttSettings(ack_timeout_s=1e9)
    async with refusing() as broker, Outbox(settings, clock) as outbox:
        relay = Relay(mqtt, outbox, clock, address=broker.address)
        await relay.raise_alert(an_alert(1))
        await relay.report("r1", b"{}")
        clock.move(0.75 * _DAY_S)
        async with relay:
            assert await relay.drain(PATIENCE_S)
        assert [level for level, _ in broker.taken if level in ("alert", "report")] == ["alert", "report"]
        assert broker.expiries == [29.25 * _DAY_S, 0.25 * _DAY_S]

"""Outboxes filled and read back, for tests."""

from pathlib import Path

import pytest

from edge.relay.outbox import Outbox
from edge.relay.settings import OutboxSettings
from edge.relay.store import Priority
from tests.fakes.clock import HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def settings(tmp_path: Path) -> OutboxSettings:
    return OutboxSettings(path=str(tmp_path / "state" / "outbox.db"))


async def stored_ids(outbox: Outbox) -> list[str]:
    rows = await outbox.page(0, 100_000)
    assert [row.position for row in rows] == sorted(row.position for row in rows)
    return [row.id for row in rows]


async def fill(outbox: Outbox, *names: str, size: int = 10, priority: Priority = Priority.ALERT) -> None:
    kind = "alert" if priority is Priority.ALERT else "report"
    for name in names:
        await outbox.put(name, kind, b"x" * size, priority=priority)

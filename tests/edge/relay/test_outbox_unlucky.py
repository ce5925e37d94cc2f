"""Two troubles at once: damage on a full disk, a file that cannot be read while alerts come; and another's file."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.clock import SystemClock
from edge.relay.aside import move_aside, move_back
from edge.relay.broker import local_broker
from edge.relay.errors import NotDurableError, OutboxError
from edge.relay.keeper import Keeper
from edge.relay.mqtt import Relay
from edge.relay.outbox import Outbox
from edge.relay.settings import MqttSettings, OutboxSettings
from edge.relay.store import Priority, Store
from tests.edge.relay.filling import clock, settings
from tests.edge.relay.listening import PATIENCE_S, subscriber
from tests.fakes.clock import HandClock
from tests.faults.disk import small_disk

__all__ = ["clock", "settings"]


def _failing(code: int, sentence: str) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        error = sqlite3.OperationalError(sentence)
        error.sqlite_errorcode = code
        raise error

    return fail


_FULL = _failing(sqlite3.SQLITE_FULL, "database or disk is full")
_DEAD = _failing(sqlite3.SQLITE_IOERR, "disk I/O error")


def _filled(settings: OutboxSettings, clock: HandClock, count: int) -> None:
    keeper = Keeper(settings, clock)
    keeper.open()
    for number in range(count):
        keeper.take(f"m{number:02}", "alert", b"x" * 400, Priority.ALERT, number + 1)
    assert keeper.commit([]) is None
    keeper.close()


def _damage(path: Path) -> None:
    """The index that every start counts by is no page any more; the messages are whole."""
    with sqlite3.connect(path) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'by_priority'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
        db.execute("PRAGMA journal_mode=DELETE").fetchall()
    db.close()
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xa5" * size)


def test_what_a_damaged_file_holds_waits_until_a_new_one_can_be_made(
    settings: OutboxSettings, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    _filled(settings, clock, 40)
    path = Path(settings.path)
    _damage(path)
    for _ in range(2):
        with monkeypatch.context() as disk:
            disk.setattr(Store, "write", _FULL)
            with pytest.raises(OutboxError, match="no new one can be made"):
                Keeper(settings, clock).open()
        assert not list(path.parent.glob("*.corrupt-*"))
    keeper = Keeper(settings, clock)
    keeper.open()
    assert keeper.pending == 40
    keeper.close()


def test_a_file_that_cannot_be_moved_aside_keeps_its_log(
    settings: OutboxSettings, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    _filled(settings, clock, 4)
    path = Path(settings.path)
    log = path.with_name("outbox.db-wal")
    log.write_bytes(b"messages")
    aside = path.with_name("outbox.db.corrupt-now")
    rename = Path.rename

    def not_the_log(old: Path, new: Path) -> Path:
        if old == log:
            raise OSError("read-only")
        return rename(old, new)

    with monkeypatch.context() as disk:
        disk.setattr(Path, "rename", not_the_log)
        with pytest.raises(OSError, match="read-only"):
            move_aside(path, aside)
    assert log.read_bytes() == b"messages"
    assert path.exists()
    assert not aside.exists()
    move_aside(path, aside)
    path.write_bytes(b"half-made")
    move_back(path, aside)
    assert log.read_bytes() == b"messages"
    assert path.read_bytes().startswith(b"SQLite")


def test_a_file_of_somebody_else_is_left_as_it_is(tmp_path: Path, clock: HandClock) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("milk, bread, and a path that was mistyped\n")
    with pytest.raises(OutboxError, match=r"notes\.txt is no outbox but some other file"):
        Keeper(OutboxSettings(path=str(notes)), clock).open()
    assert notes.read_text().startswith("milk")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


async def test_alerts_go_out_from_memory_while_the_file_cannot_be_read_and_older_ones_after(
    settings: OutboxSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        local_broker() as address,
        subscriber(address, "vagus/edge/alert") as heard,
        Outbox(settings, SystemClock()) as outbox,
    ):
        await outbox.put("old", "alert", b'{"id":"old"}')
        with monkeypatch.context() as disk:
            disk.setattr(Store, "page", _DEAD)
            disk.setattr(Store, "write", _DEAD)
            with pytest.raises(NotDurableError):
                await outbox.put("new", "alert", b'{"id":"new"}')
            relay = Relay(MqttSettings(), outbox, SystemClock(), address=address)
            await relay.__aenter__()
            await heard.until(lambda got: [b"new" in payload for _, payload, _ in got.messages] == [True])
            assert "disk I/O error" in (relay.trouble or "")
        assert await relay.drain(PATIENCE_S)
        await heard.until(lambda got: [b"old" in payload for _, payload, _ in got.messages].count(True) == 1)
        assert relay.trouble is None
        await relay.__aexit__(None, None, None)


def test_a_disk_that_is_well_again_is_durable_without_a_new_alert(settings: OutboxSettings, clock: HandClock) -> None:
    keeper = Keeper(settings, clock)
    keeper.open()
    keeper.durable = False
    keeper.tidy()
    assert keeper.durable
    keeper.close()


def test_many_that_a_full_disk_does_not_let_go_are_passed_over(tmp_path: Path, clock: HandClock) -> None:
    with small_disk(tmp_path / "disk") as disk:
        if disk is None:
            pytest.skip("only root may mount a small disk")
        keeper, many = Keeper(OutboxSettings(path=str(disk.directory / "outbox.db")), clock), range(1, 3001)
        keeper.open()
        for number in many:
            keeper.take(f"m{number}", "alert", b"{}", Priority.ALERT, number)
        assert keeper.commit([]) is None
        disk.fill()
        number = len(many)
        while keeper.durable:  # the log has some room of its own
            number += 1
            keeper.take(f"m{number}", "alert", b"x" * 2000, Priority.ALERT, number)
            keeper.commit([])
        assert keeper.commit(list(many)) is not None
        assert [row.id for row in keeper.page(0, 2)] == ["m3001", "m3002"]
        assert keeper.page(number, 2) == []
        keeper.abandon()


async def test_a_start_on_a_full_disk_says_what_would_work(tmp_path: Path, clock: HandClock) -> None:
    with small_disk(tmp_path / "disk") as disk:
        if disk is None:
            pytest.skip("only root may mount a small disk")
        disk.fill()
        with pytest.raises(OutboxError, match="free some space, or set"):
            async with Outbox(OutboxSettings(path=str(disk.directory / "outbox.db")), clock):
                pass


async def test_a_stop_goes_in_order_though_the_file_cannot_be_read(
    settings: OutboxSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SystemClock()
    async with (
        local_broker() as address,
        Outbox(settings, clock) as outbox,
        Relay(MqttSettings(), outbox, clock, address=address) as relay,
    ):
        assert await relay.wait_connected(PATIENCE_S)
        monkeypatch.setattr(Store, "page", _DEAD)
        await outbox.put("a", "alert", b"{}")
        assert not await relay.drain(0.1)

"""The outbox: durable when put returns, in order, bounded, and whole again after damage."""

import asyncio
import os
import sqlite3
import stat
from pathlib import Path

import pytest

from edge.relay.errors import OutboxError
from edge.relay.outbox import Outbox
from edge.relay.settings import OutboxSettings
from edge.relay.store import Priority, Row, Store
from tests.edge.relay.filling import clock, fill, settings, stored_ids
from tests.fakes.clock import HandClock

_DAY_S = 86_400


__all__ = ["clock", "settings"]


async def test_messages_stay_in_order_until_acknowledged(settings: OutboxSettings, clock: HandClock) -> None:
    async with Outbox(settings, clock) as outbox:
        await fill(outbox, "a", "b", "c")
        first = await outbox.page(0, 2)
        assert [(row.id, row.kind, row.payload) for row in first] == [
            ("a", "alert", b"x" * 10),
            ("b", "alert", b"x" * 10),
        ]
        outbox.acknowledge(first[0].position)
        await outbox.settle()
        assert await stored_ids(outbox) == ["b", "c"]
        assert outbox.pending == 2


async def test_what_was_put_is_there_after_a_restart(settings: OutboxSettings, clock: HandClock) -> None:
    async with Outbox(settings, clock) as outbox:
        assert [outbox.next_sequence() for _ in range(3)] == [1, 2, 3]
        await outbox.put("a", "alert", b"1", sequence=2)
        await outbox.put("b", "alert", b"2", sequence=3)
        outbox.acknowledge((await outbox.page(0, 1))[0].position)
    async with Outbox(settings, clock) as outbox:
        assert await stored_ids(outbox) == ["b"]
        assert outbox.next_sequence() == 4
        await fill(outbox, "c")
        assert await stored_ids(outbox) == ["b", "c"]


async def test_a_reader_without_our_thread_sees_a_put_at_once(settings: OutboxSettings, clock: HandClock) -> None:
    """The bytes are in the files before put returns: a copy taken then holds the message."""
    async with Outbox(settings, clock) as outbox:
        await fill(outbox, "a")
        path = Path(settings.path)
        copy = path.with_name("copy.db")
        for tail in ("", "-wal"):
            copy.with_name(copy.name + tail).write_bytes(path.with_name(path.name + tail).read_bytes())
    with sqlite3.connect(copy) as db:
        assert db.execute("SELECT id FROM message").fetchall() == [("a",)]
    db.close()


async def test_the_log_does_not_grow_under_the_first_messages(settings: OutboxSettings, clock: HandClock) -> None:
    """An fsync over what is there costs less than one of a file that grows; a restart reads only what was written."""
    log = Path(settings.path).with_name("outbox.db-wal")
    for names in (["a"], ["a", "b"]):
        async with Outbox(settings, clock) as outbox:
            length = log.stat().st_size
            await fill(outbox, names[-1])
            assert log.stat().st_size == length >= 1 << 20
            assert await stored_ids(outbox) == names


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files for others")
@pytest.mark.parametrize("linked", [False, True])
async def test_what_root_makes_is_the_services(tmp_path: Path, clock: HandClock, linked: bool) -> None:
    """One run as root, and the service could not open its outbox any more."""
    (tmp_path / "vagus").mkdir()
    os.chown(tmp_path / "vagus", 4711, 4712)
    path = tmp_path / "vagus" / "state" / "outbox.db"
    if linked:
        (tmp_path / "linked.db").symlink_to(path)
        path.parent.mkdir()
        os.chown(path.parent, 4711, 4712)
    async with Outbox(OutboxSettings(path=str(tmp_path / "linked.db" if linked else path)), clock) as outbox:
        await fill(outbox, "a")
        made = [path.parent, *path.parent.iterdir()]
        assert {each.name for each in made} >= {"state", "outbox.db", "outbox.db-wal"}
        assert {(each.stat().st_uid, each.stat().st_gid) for each in made} == {(4711, 4712)}


async def test_many_callers_share_a_commit(settings: OutboxSettings, clock: HandClock) -> None:
    async with Outbox(settings, clock) as outbox:
        names = [f"m{n:04}" for n in range(3000)]
        rows = await asyncio.gather(*(outbox.put(name, "alert", b"{}") for name in names))
        assert [row.id for row in sorted(rows, key=lambda row: row.position)] == names
        assert await stored_ids(outbox) == names


async def test_the_count_of_what_waits_is_right(settings: OutboxSettings, clock: HandClock) -> None:
    """Callers that share commits, acknowledgements between them, and a restart: what is counted is what is there."""

    async def call(caller: int) -> None:
        await fill(outbox, *(f"{caller}.{n}" for n in range(40)))

    async with Outbox(settings, clock) as outbox:
        await asyncio.gather(*map(call, range(64)))
        rows = await outbox.page(0, 1000)
        for row in rows:
            outbox.acknowledge(row.position)
        await outbox.settle()
        assert outbox.pending == len(set(await stored_ids(outbox))) == 64 * 40 - 1000
    async with Outbox(settings, clock) as outbox:
        assert outbox.pending == len(await stored_ids(outbox)) == 64 * 40 - 1000


async def test_only_alerts_are_recovered(settings: OutboxSettings, clock: HandClock) -> None:
    async with Outbox(settings, clock) as outbox:
        await fill(outbox, "a1", "a2")
        await fill(outbox, "r1", priority=Priority.REPORT)
        assert outbox.recovered == 0
    async with Outbox(settings, clock) as outbox:
        await fill(outbox, "a3")
        assert (outbox.recovered, outbox.pending) == (2, 4)


async def test_reports_leave_first_and_alerts_last(
    settings: OutboxSettings, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    small = OutboxSettings(path=settings.path, max_mib=1)
    async with Outbox(small, clock) as outbox:
        await fill(outbox, "r1", "r2", size=200_000, priority=Priority.REPORT)
        await fill(outbox, "a1", "a2", "a3", size=200_000)
        assert await stored_ids(outbox) == ["r1", "r2", "a1", "a2", "a3"]
        await fill(outbox, "a4", size=200_000)
        assert await stored_ids(outbox) == ["r2", "a1", "a2", "a3", "a4"]
        await fill(outbox, "a5", "a6", size=200_000)
        assert await stored_ids(outbox) == ["a2", "a3", "a4", "a5", "a6"]
        assert outbox.dropped == {"report": 2, "alert": 1}
        await fill(outbox, "r3", size=200_000, priority=Priority.REPORT)
        assert await stored_ids(outbox) == ["a2", "a3", "a4", "a5", "a6"]
    assert "bounds reached, the oldest left unsent: 1 alert" in caplog.text


async def test_the_old_leave(settings: OutboxSettings, clock: HandClock) -> None:
    async with Outbox(settings, clock) as outbox:
        await fill(outbox, "a1")
        await fill(outbox, "r1", priority=Priority.REPORT)
        clock.move(2 * _DAY_S)
        await fill(outbox, "a2")
    async with Outbox(settings, clock) as outbox:
        assert await stored_ids(outbox) == ["a1", "a2"]
        clock.move(29 * _DAY_S)
    async with Outbox(settings, clock) as outbox:
        assert await stored_ids(outbox) == ["a2"]


async def test_a_second_daemon_is_refused(settings: OutboxSettings, clock: HandClock) -> None:
    async with Outbox(settings, clock) as outbox:
        await fill(outbox, "a")
        with pytest.raises(OutboxError, match="in use by another process"):
            async with Outbox(settings, clock):
                pass
    assert not list(Path(settings.path).parent.glob("*.corrupt-*"))


async def test_other_databases_are_left_alone(settings: OutboxSettings, clock: HandClock) -> None:
    path = Path(settings.path)
    path.parent.mkdir()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA application_id=7")
        db.execute("CREATE TABLE mine (a)")
    db.close()
    with pytest.raises(OutboxError, match="of another program"):
        async with Outbox(settings, clock):
            pass
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA application_id=0")
        db.execute("PRAGMA user_version=9")
    db.close()
    with pytest.raises(OutboxError, match="newer version"):
        async with Outbox(settings, clock):
            pass


async def test_a_place_that_cannot_be_is_refused(tmp_path: Path, clock: HandClock) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutboxError, match="cannot be made"):
        async with Outbox(OutboxSettings(path=str(tmp_path / "file" / "outbox.db")), clock):
            pass
    with pytest.raises(OutboxError, match="cannot be opened"):
        async with Outbox(OutboxSettings(path=str(tmp_path)), clock):
            pass


async def test_a_closed_outbox_says_so(settings: OutboxSettings, clock: HandClock) -> None:
    outbox = Outbox(settings, clock)
    with pytest.raises(OutboxError, match="closed"):
        await outbox.put("a", "alert", b"")
    async with outbox:
        pass
    with pytest.raises(OutboxError, match="closed"):
        outbox.acknowledge(1)


async def test_a_cancelled_put_harms_nobody(settings: OutboxSettings, clock: HandClock) -> None:
    async with Outbox(settings, clock) as outbox:
        task = asyncio.create_task(outbox.put("a", "alert", b"1"))
        await asyncio.sleep(0)
        task.cancel()
        await fill(outbox, "b")
        assert "b" in await stored_ids(outbox)
        assert task.cancelled() or task.done()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # what is tested
async def test_nobody_waits_for_a_thread_that_broke(
    settings: OutboxSettings, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(store: Store, after: int, limit: int) -> list[Row]:
        raise RuntimeError("a bug")

    async with Outbox(settings, clock) as outbox:
        await fill(outbox, "a")
        monkeypatch.setattr(Store, "page", broken)
        with pytest.raises(OutboxError, match="stopped working, see the log"):
            await outbox.page(0, 1)
        with pytest.raises(OutboxError, match="closed"):
            await outbox.put("b", "alert", b"")


async def test_nobody_else_may_read_it(settings: OutboxSettings, clock: HandClock) -> None:
    path = Path(settings.path)
    umask = os.umask(0o000)
    try:
        async with Outbox(settings, clock) as outbox:
            await fill(outbox, "a")
            assert _modes(path) == {"state": 0o700, "outbox.db": 0o600, "outbox.db-wal": 0o600}
        _open_to_all(path)  # as an older version left it
        async with Outbox(settings, clock) as outbox:
            await fill(outbox, "b")
            assert _modes(path) == {"state": 0o700, "outbox.db": 0o600, "outbox.db-wal": 0o600}
    finally:
        os.umask(umask)


def _modes(path: Path) -> dict[str, int]:
    return {part.name: stat.S_IMODE(part.stat().st_mode) for part in (path.parent, *path.parent.iterdir())}


def _open_to_all(path: Path) -> None:
    path.chmod(0o644)

"""The outbox: durable when put returns, in order, bounded, and whole again after damage."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from edge.relay.errors import NotDurableError, OutboxError
from edge.relay.outbox import Outbox
from edge.relay.settings import OutboxSettings
from edge.relay.store import Priority, Row, Store
from tests.fakes.clock import HandClock

_DAY_S = 86_400


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def settings(tmp_path: Path) -> OutboxSettings:
    return OutboxSettings(path=str(tmp_path / "state" / "outbox.db"))


async def _ids(outbox: Outbox) -> list[str]:
    rows = await outbox.page(0, 100_000)
    assert [row.position for row in rows] == sorted(row.position for row in rows)
    return [row.id for row in rows]


async def _fill(outbox: Outbox, *names: str, size: int = 10, priority: Priority = Priority.ALERT) -> None:
    kind = "alert" if priority is Priority.ALERT else "report"
    for name in names:
        await outbox.put(name, kind, b"x" * size, priority=priority)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)


def _damage(path: Path) -> None:
    """Overwrite a page in the middle of a file."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(b"\xa5" * 4096)


async def test_messages_stay_in_order_until_acknowledged(settings: OutboxSettings, clock: HandClock) -> None:
    async with Outbox(settings, clock) as outbox:
        await _fill(outbox, "a", "b", "c")
        first = await outbox.page(0, 2)
        assert [(row.id, row.kind, row.payload) for row in first] == [
            ("a", "alert", b"x" * 10),
            ("b", "alert", b"x" * 10),
        ]
        outbox.acknowledge(first[0].position)
        await outbox.settle()
        assert await _ids(outbox) == ["b", "c"]
        assert outbox.pending == 2


async def test_what_was_put_is_there_after_a_restart(settings: OutboxSettings, clock: HandClock) -> None:
    async with Outbox(settings, clock) as outbox:
        assert [outbox.next_sequence() for _ in range(3)] == [1, 2, 3]
        await outbox.put("a", "alert", b"1", sequence=2)
        await outbox.put("b", "alert", b"2", sequence=3)
        outbox.acknowledge((await outbox.page(0, 1))[0].position)
    async with Outbox(settings, clock) as outbox:
        assert await _ids(outbox) == ["b"]
        assert outbox.next_sequence() == 4
        await _fill(outbox, "c")
        assert await _ids(outbox) == ["b", "c"]


async def test_a_reader_without_our_thread_sees_a_put_at_once(settings: OutboxSettings, clock: HandClock) -> None:
    """The bytes are in the files before put returns: a copy taken then holds the message."""
    async with Outbox(settings, clock) as outbox:
        await _fill(outbox, "a")
        path = Path(settings.path)
        copy = path.with_name("copy.db")
        for tail in ("", "-wal"):
            copy.with_name(copy.name + tail).write_bytes(path.with_name(path.name + tail).read_bytes())
    with sqlite3.connect(copy) as db:
        assert db.execute("SELECT id FROM message").fetchall() == [("a",)]
    db.close()


async def test_many_callers_share_a_commit(settings: OutboxSettings, clock: HandClock) -> None:
    async with Outbox(settings, clock) as outbox:
        names = [f"m{n:04}" for n in range(3000)]
        rows = await asyncio.gather(*(outbox.put(name, "alert", b"{}") for name in names))
        assert [row.id for row in sorted(rows, key=lambda row: row.position)] == names
        assert await _ids(outbox) == names


async def test_reports_leave_first_and_alerts_last(
    settings: OutboxSettings, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    small = OutboxSettings(path=settings.path, max_mib=1)
    async with Outbox(small, clock) as outbox:
        await _fill(outbox, "r1", "r2", size=200_000, priority=Priority.REPORT)
        await _fill(outbox, "a1", "a2", "a3", size=200_000)
        assert await _ids(outbox) == ["r1", "r2", "a1", "a2", "a3"]
        await _fill(outbox, "a4", size=200_000)
        assert await _ids(outbox) == ["r2", "a1", "a2", "a3", "a4"]
        await _fill(outbox, "a5", "a6", size=200_000)
        assert await _ids(outbox) == ["a2", "a3", "a4", "a5", "a6"]
        assert outbox.dropped == {"report": 2, "alert": 1}
        await _fill(outbox, "r3", size=200_000, priority=Priority.REPORT)
        assert await _ids(outbox) == ["a2", "a3", "a4", "a5", "a6"]
    assert "bounds reached, the oldest left unsent: 1 alert" in caplog.text


async def test_the_old_leave(settings: OutboxSettings, clock: HandClock) -> None:
    async with Outbox(settings, clock) as outbox:
        await _fill(outbox, "a1")
        await _fill(outbox, "r1", priority=Priority.REPORT)
        clock.move(2 * _DAY_S)
        await _fill(outbox, "a2")
    async with Outbox(settings, clock) as outbox:
        assert await _ids(outbox) == ["a1", "a2"]
        clock.move(29 * _DAY_S)
    async with Outbox(settings, clock) as outbox:
        assert await _ids(outbox) == ["a2"]


async def test_nothing_is_too_old_whose_age_is_unknown(settings: OutboxSettings) -> None:
    """A machine without a clock boots in 1970; when the time is set, its alerts are not 57 years old."""
    clock = HandClock(wall_ns=1_000_000_000)
    async with Outbox(settings, clock) as outbox:
        await _fill(outbox, "a")
        clock.move(50 * 365 * _DAY_S + 7 * 365 * _DAY_S)
    async with Outbox(settings, clock) as outbox:
        assert await _ids(outbox) == ["a"]


async def test_a_clock_that_steps_drops_nothing(settings: OutboxSettings, clock: HandClock) -> None:
    async with Outbox(settings, clock) as outbox:
        await _fill(outbox, "a")
        clock.move(-3600)
        await _fill(outbox, "b")
        clock.move(7200)
        await _fill(outbox, "c")
    async with Outbox(settings, clock) as outbox:
        assert await _ids(outbox) == ["a", "b", "c"]


@pytest.mark.parametrize("garbage", [b"not a database" * 400, b"SQLite format 3\x00" + b"\xff" * 8000])
async def test_a_file_that_is_no_database_is_set_aside(
    settings: OutboxSettings, clock: HandClock, caplog: pytest.LogCaptureFixture, garbage: bytes
) -> None:
    path = Path(settings.path)
    _write(path, garbage)
    async with Outbox(settings, clock) as outbox:
        await _fill(outbox, "a")
        assert await _ids(outbox) == ["a"]
        # Past anything the lost file can have given: the order of alerts goes on rising.
        assert outbox.next_sequence() == 1_800_000_001
    (aside,) = path.parent.glob("outbox.db.corrupt-*Z")
    assert aside.read_bytes() == garbage
    assert aside.name in caplog.text
    assert "going on with a new file" in caplog.text


async def test_what_a_damaged_file_still_holds_is_saved(
    settings: OutboxSettings, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    names = [f"m{n:03}" for n in range(200)]
    async with Outbox(settings, clock) as outbox:
        for n, name in enumerate(names):
            await outbox.put(name, "alert", b"x" * 500, sequence=n + 1)
    _damage(Path(settings.path))
    async with Outbox(settings, clock) as outbox:
        seen = await _ids(outbox)
        await _fill(outbox, "new")
        assert (await _ids(outbox))[-1] == "new"
        assert outbox.next_sequence() == 201
    # One page in the middle is lost, the messages before and behind it are not.
    assert set(seen) < set(names)
    assert len(seen) > 150
    assert {seen[0], seen[-1]} == {names[0], names[-1]}
    assert "set aside as outbox.db.corrupt-" in caplog.text


async def test_damage_found_while_running_is_mended(
    settings: OutboxSettings, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Store.write
    failures = 1

    def write(store: Store, rows: list[Row], gone: set[int], sequence: int, *, durable: bool) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            error = sqlite3.DatabaseError("database disk image is malformed")
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error
        real(store, rows, gone, sequence, durable=durable)

    async with Outbox(settings, clock) as outbox:
        monkeypatch.setattr(Store, "write", write)
        await _fill(outbox, "b", "c")
        assert await _ids(outbox) == ["b", "c"]
        assert outbox.durable
    assert list(Path(settings.path).parent.glob("*.corrupt-*"))


async def test_a_full_disk_is_said_and_the_message_waits_in_memory(
    settings: OutboxSettings, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with Outbox(settings, clock, max_pages=21) as outbox:
        await _fill(outbox, "r1", size=20_000, priority=Priority.REPORT)
        await _fill(outbox, "a1", "a2", size=20_000)
        # The report made room for this one.
        await _fill(outbox, "a3", size=20_000)
        assert await _ids(outbox) == ["a1", "a2", "a3"]
        with pytest.raises(NotDurableError) as caught:
            await _fill(outbox, "a4", size=20_000)
        assert "database or disk is full" in str(caught.value)
        assert "free some space there, or set [outbox] path" in str(caught.value)
        assert not outbox.durable
        assert outbox.pending == 4
        rows = await outbox.page(0, 10)
        assert [row.id for row in rows] == ["a1", "a2", "a3", "a4"]
        assert [row.id for row in await outbox.page(rows[1].position, 10)] == ["a3", "a4"]
        # The broker takes two: now there is room, and what waited is durable.
        outbox.acknowledge(rows[0].position)
        outbox.acknowledge(rows[1].position)
        await outbox.settle()
        assert outbox.durable
        assert await _ids(outbox) == ["a3", "a4"]
    assert caplog.text.count("cannot be written") == 1
    assert "can be written again" in caplog.text
    async with Outbox(settings, clock) as outbox:
        assert await _ids(outbox) == ["a3", "a4"]


async def test_pages_skip_nothing_while_the_disk_is_full(
    settings: OutboxSettings, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is acknowledged cannot be deleted, what is new cannot be written: every page is in order all the same."""

    def full(store: Store, *_: object, **__: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    async with Outbox(settings, clock) as outbox:
        await _fill(outbox, *"abcdefghij")
        rows = await outbox.page(0, 10)
        with monkeypatch.context() as patch:
            patch.setattr(Store, "write", full)
            for row in (rows[0], rows[2], *rows[4:8]):
                outbox.acknowledge(row.position)
            for name in "xyz":
                with pytest.raises(NotDurableError):
                    await _fill(outbox, name)
            seen: list[str] = []
            last = 0
            while page := await outbox.page(last, 2):
                assert len(page) <= 2
                seen += [row.id for row in page]
                last = page[-1].position
            assert seen == list("bdijxyz")
            assert outbox.pending == 7
        outbox.acknowledge(rows[1].position)
        await outbox.settle()
        assert outbox.durable
        assert await _ids(outbox) == list("dijxyz")


async def test_memory_is_bounded_while_the_disk_is_full(settings: OutboxSettings, clock: HandClock) -> None:
    async with Outbox(settings, clock, max_pages=12) as outbox:
        await _fill(outbox, "a0", size=12_000)
        names = [f"b{n:03}" for n in range(300)]
        results = await asyncio.gather(
            *(outbox.put(name, "alert", b"x" * 12_000) for name in names), return_exceptions=True
        )
        assert all(isinstance(result, NotDurableError) for result in results)
        assert await _ids(outbox) == ["a0", *names[-256:]]
        assert outbox.dropped == {"alert": 44}


async def test_a_second_daemon_is_refused(settings: OutboxSettings, clock: HandClock) -> None:
    async with Outbox(settings, clock) as outbox:
        await _fill(outbox, "a")
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
        await _fill(outbox, "b")
        assert "b" in await _ids(outbox)
        assert task.cancelled() or task.done()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # what is tested
async def test_nobody_waits_for_a_thread_that_broke(
    settings: OutboxSettings, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(store: Store, after: int, limit: int) -> list[Row]:
        raise RuntimeError("a bug")

    async with Outbox(settings, clock) as outbox:
        await _fill(outbox, "a")
        monkeypatch.setattr(Store, "page", broken)
        with pytest.raises(OutboxError, match="stopped working, see the log"):
            await outbox.page(0, 1)
        with pytest.raises(OutboxError, match="closed"):
            await outbox.put("b", "alert", b"")

"""The outbox in trouble: a damaged file is set aside and rescued, a full disk is said and lived through."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from edge.relay.errors import NotDurableError
from edge.relay.lifetime import LivedNs
from edge.relay.outbox import Outbox
from edge.relay.settings import OutboxSettings
from edge.relay.store import Priority, Row, Store
from tests.edge.relay.filling import clock, fill, settings, stored_ids
from tests.fakes.clock import HandClock

_DAY_S = 86_400


__all__ = ["clock", "settings"]


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)


def _damage(path: Path) -> None:
    """Overwrite a page in the middle of a file."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(b"\xa5" * 4096)


@pytest.mark.parametrize("garbage", [b"not a database" * 400, b"SQLite format 3\x00" + b"\xff" * 8000])
async def test_a_file_that_is_no_database_is_set_aside(
    settings: OutboxSettings, clock: HandClock, caplog: pytest.LogCaptureFixture, garbage: bytes
) -> None:
    path = Path(settings.path)
    _write(path, garbage)
    async with Outbox(settings, clock) as outbox:
        await fill(outbox, "a")
        assert await stored_ids(outbox) == ["a"]
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
        seen = await stored_ids(outbox)
        await fill(outbox, "new")
        assert (await stored_ids(outbox))[-1] == "new"
        assert outbox.next_sequence() == 201
    # One page in the middle is lost, the messages before and behind it are not.
    assert set(seen) < set(names)
    assert len(seen) > 150
    assert {seen[0], seen[-1]} == {names[0], names[-1]}
    assert "set aside as outbox.db.corrupt-" in caplog.text
    assert f"{len(seen)} messages saved from it, {200 - len(seen)} known to be left in it" in caplog.text


def _flip(path: Path, place: bytes, offset: int, bit: int) -> None:
    """Turn bits of one byte, so far from the last place where this stands, as a worn card does it."""
    content = bytearray(path.read_bytes())
    content[content.rindex(place) + offset] ^= bit
    path.write_bytes(content)


# Before a row's columns stand their types, a byte each: id, kind, priority, stored_unix_ns, size, payload, lived_ns.
@pytest.mark.parametrize(
    ("offset", "bit", "lost"),
    [
        pytest.param(0, 0x80, "b", id="id is no text"),
        pytest.param(36, 0x80, "b", id="kind is no text"),
        pytest.param(36, 0x04, "b", id="kind is none"),
        pytest.param(-7, 0x01, "b", id="id is bytes"),
        pytest.param(-5, 0x08, "b", id="priority is another column's byte"),
        pytest.param(-5, 0x09, "b", id="priority is nothing"),
        pytest.param(-4, 0x01, "b", id="stored_unix_ns is a fraction"),
        pytest.param(-2, 0x01, "b", id="payload is text"),
        pytest.param(-1, 0x08, "", id="lived_ns is nothing"),
        pytest.param(-1, 0x01, "", id="lived_ns is not lived yet"),
        pytest.param(-10, 0x40, "", id="position is further on"),
        pytest.param(-10, 0x03, "", id="position is another's"),
    ],
)
async def test_a_flipped_bit_costs_one_message_at_most(
    settings: OutboxSettings, clock: HandClock, caplog: pytest.LogCaptureFixture, offset: int, bit: int, lost: str
) -> None:
    path, names = Path(settings.path), {letter: letter * 36 for letter in "abc"}
    async with Outbox(settings, clock) as outbox:
        for sequence, name in enumerate(names.values(), 1):
            await outbox.put(name, "alert", b'{"a":1}', sequence=sequence)
    _flip(path, names["b"].encode(), offset, bit)
    left = {name for letter, name in names.items() if letter != lost}
    for start in (1, 2):
        async with Outbox(settings, clock) as outbox:
            assert {*(await stored_ids(outbox))} == left
            await fill(outbox, f"new {start}")
            left.add(f"new {start}")
            ids = await stored_ids(outbox)
            assert {*ids} == left
            assert ids[-1] == f"new {start}"
    assert len(list(path.parent.glob("*.corrupt-*"))) == 1
    assert f"{3 - len(lost)} messages saved from it, {len(lost)} known to be left in it" in caplog.text
    async with Outbox(settings, clock) as outbox:
        assert outbox.next_sequence() == 4
        for row in await outbox.page(0, 10):
            outbox.acknowledge(row.position)
        await outbox.settle()
        assert (outbox.pending, await stored_ids(outbox)) == (0, [])


@pytest.mark.parametrize(
    ("place", "offset", "bit", "saved", "sequence"),
    [
        pytest.param(b"sequence", 0, 0x80, 3, 1_800_000_001, id="a counter's name is no text"),
        pytest.param(b"sequence", 0, 0x01, 3, 1_800_000_001, id="a counter's name is another"),
        pytest.param(b"sequence", -1, 0x01, 3, 1_800_000_001, id="a counter is nothing"),
        pytest.param(b"STRICT", 0, 0x80, 0, 1_800_000_001, id="the tables' description is no text"),
        pytest.param(b"\x02alert\x03", 6, 0x40, 1, 4, id="the index leads nowhere"),
        pytest.param(b"\x02alert\x03", 1, 0x80, 3, 4, id="a kind in the index is no text"),
        pytest.param(b"\x02alert\x03", -5, 0x08, 3, 4, id="an age in the index is nothing"),
    ],
)
async def test_a_flipped_bit_elsewhere_stops_nothing(
    settings: OutboxSettings,
    clock: HandClock,
    caplog: pytest.LogCaptureFixture,
    place: bytes,
    offset: int,
    bit: int,
    saved: int,
    sequence: int,
) -> None:
    async with Outbox(settings, clock) as outbox:
        for number in (1, 2, 3):
            await outbox.put(str(number), "alert", b"{}", sequence=number)
    _flip(Path(settings.path), place, offset, bit)
    async with Outbox(settings, clock) as outbox:
        clock.move(31 * _DAY_S)  # what is too old is looked for in the index
    async with Outbox(settings, clock) as outbox:
        await fill(outbox, "new")
        assert (await stored_ids(outbox))[-1] == "new"
        assert outbox.next_sequence() == sequence
    assert len(list(Path(settings.path).parent.glob("*.corrupt-*"))) == 1
    assert f"{saved} messages saved from it, 0 known to be left in it" in caplog.text


async def test_damage_found_while_running_is_mended(
    settings: OutboxSettings, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Store.write
    failures = 1

    def write(
        store: Store, rows: list[Row], gone: set[int], sequence: int, lived_ns: LivedNs, *, durable: bool
    ) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            error = sqlite3.DatabaseError("database disk image is malformed")
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error
        real(store, rows, gone, sequence, lived_ns, durable=durable)

    async with Outbox(settings, clock) as outbox:
        monkeypatch.setattr(Store, "write", write)
        await fill(outbox, "b", "c")
        assert await stored_ids(outbox) == ["b", "c"]
        assert outbox.durable
    assert list(Path(settings.path).parent.glob("*.corrupt-*"))


async def test_a_full_disk_is_said_and_the_message_waits_in_memory(
    settings: OutboxSettings, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with Outbox(settings, clock, max_pages=21) as outbox:
        await fill(outbox, "r1", size=20_000, priority=Priority.REPORT)
        await fill(outbox, "a1", "a2", size=20_000)
        # The report made room for this one.
        await fill(outbox, "a3", size=20_000)
        assert await stored_ids(outbox) == ["a1", "a2", "a3"]
        with pytest.raises(NotDurableError) as caught:
            await fill(outbox, "a4", size=20_000)
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
        assert await stored_ids(outbox) == ["a3", "a4"]
    assert caplog.text.count("cannot be written") == 1
    assert "can be written again" in caplog.text
    async with Outbox(settings, clock) as outbox:
        assert await stored_ids(outbox) == ["a3", "a4"]


async def test_pages_skip_nothing_while_the_disk_is_full(
    settings: OutboxSettings, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is acknowledged cannot be deleted, what is new cannot be written: every page is in order all the same."""

    def full(store: Store, *_: object, **__: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    async with Outbox(settings, clock) as outbox:
        await fill(outbox, *"abcdefghij")
        rows = await outbox.page(0, 10)
        with monkeypatch.context() as patch:
            patch.setattr(Store, "write", full)
            for row in (rows[0], rows[2], *rows[4:8]):
                outbox.acknowledge(row.position)
            for name in "xyz":
                with pytest.raises(NotDurableError):
                    await fill(outbox, name)
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
        assert await stored_ids(outbox) == list("dijxyz")


async def test_memory_is_bounded_while_the_disk_is_full(settings: OutboxSettings, clock: HandClock) -> None:
    async with Outbox(settings, clock, max_pages=12) as outbox:
        await fill(outbox, "a0", size=12_000)
        names = [f"b{n:03}" for n in range(300)]
        results = await asyncio.gather(
            *(outbox.put(name, "alert", b"x" * 12_000) for name in names), return_exceptions=True
        )
        assert all(isinstance(result, NotDurableError) for result in results)
        assert await stored_ids(outbox) == ["a0", *names[-256:]]
        assert outbox.dropped == {"alert": 44}

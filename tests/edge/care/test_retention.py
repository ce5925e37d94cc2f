"""Whose ages are told by which clock: an unproven one deletes nothing, and no file that is gone ends the lane."""

import asyncio
import functools
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge import retention as room
from edge.clock import SECOND, UnixNs
from edge.retention import Trust, enforce, retention
from edge.settings import Settings
from edge.stored import plain_files
from edge.time_service import Synchronised
from tests.edge.care.holdings import record
from tests.fakes.clock import HandClock
from tests.fakes.services import running, states

MARCH = datetime(2026, 3, 1, 10, 15, tzinfo=UTC)
_DAY_S = 86_400.0


def _at(moment: datetime) -> UnixNs:
    return UnixNs(int(moment.timestamp()) * SECOND)


def test_a_clock_that_was_set_is_believed_once_it_proves_right() -> None:
    clock, says = HandClock(), [Synchronised.YES]
    trust = Trust(clock, lambda: says[-1])
    assert trust.look(clock.wall())
    says.append(Synchronised.NO)
    for _ in range(3):
        clock.move(6 * 3600)
        clock.step(-10)  # a time server's corrections
        assert trust.look(clock.wall())
    clock.step(100 * _DAY_S)
    assert not trust.look(clock.wall())
    clock.move(6 * 3600)
    assert not trust.look(clock.wall())
    says.append(Synchronised.YES)
    assert trust.look(clock.wall())
    says.append(Synchronised.UNKNOWN)
    clock.step(-3600)
    assert not trust.look(clock.wall())
    clock.move(_DAY_S)
    assert trust.look(clock.wall())


def _old(tmp_path: Path) -> tuple[Path, Path]:
    """A recording and a damaged outbox of March."""
    packets, damaged = record(tmp_path, "20260301-101500", 1), tmp_path / "outbox.db.corrupt-20260301T101500Z"
    damaged.write_bytes(b"x")
    for file in (packets, damaged):
        os.utime(file, (MARCH.timestamp(), MARCH.timestamp()))
    return packets, damaged


@pytest.mark.parametrize("says", [Synchronised.NO, Synchronised.UNKNOWN])
def test_a_restart_while_the_date_is_wrong_costs_no_recording(tmp_path: Path, says: Synchronised) -> None:
    old, settings = _old(tmp_path), Settings(state_dir=str(tmp_path))
    clock = HandClock(
        wall_ns=_at(MARCH + timedelta(days=400))
    )  # set ahead in the run before, which this one cannot see
    trust = Trust(clock, lambda: says)
    assert enforce(settings, clock.wall(), by_age=trust.look(clock.wall())) == []
    assert all(file.exists() for file in old)
    clock.move(_DAY_S - 1)
    assert not trust.look(clock.wall())
    clock.move(1)
    assert trust.look(clock.wall())
    assert Trust(clock, lambda: Synchronised.YES).look(clock.wall()), "a time server keeps it"


def test_nothing_leaves_by_an_age_that_is_not_believed(tmp_path: Path) -> None:
    old, settings, now = _old(tmp_path), Settings(state_dir=str(tmp_path)), _at(MARCH + timedelta(days=400))
    assert enforce(settings, now, by_age=False) == []
    assert all(file.exists() for file in old)
    assert len(enforce(settings, now)) == 2
    assert not any(file.exists() for file in old)


@pytest.mark.parametrize("says", [Synchronised.YES, Synchronised.NO])
async def test_a_daemon_keeps_the_limits_without_being_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: Synchronised
) -> None:
    monkeypatch.setattr(room, "Trust", functools.partial(Trust, right=lambda: says))
    old, moment = record(tmp_path, "20240501-000000", 1), datetime(2024, 5, 1, tzinfo=UTC).timestamp()
    os.utime(old, (moment, moment))
    async with running(tmp_path, "virtual:wearer?seed=1") as service:
        await anext(states(service))
    assert old.exists() is (says is Synchronised.NO)


def test_a_file_that_goes_while_it_is_looked_at_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = _old(tmp_path)

    def list_and_lose(folder: Path) -> list[Path]:
        found = plain_files(folder)
        for file in listed:
            file.unlink(missing_ok=True)
        return found

    monkeypatch.setattr(room, "plain_files", list_and_lose)
    assert enforce(Settings(state_dir=str(tmp_path)), _at(MARCH + timedelta(days=400))) == []


def test_a_folder_that_cannot_be_listed_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    _, damaged = _old(tmp_path)
    folder = tmp_path / "recordings"
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(folder)  # a circle: not even root, who runs tests in places, can list it
    shut, gone = enforce(Settings(state_dir=str(tmp_path)), _at(MARCH + timedelta(days=400)))
    assert f"{folder} cannot be looked through (Too many levels of symbolic links)" in shut
    assert damaged.name in gone
    assert not damaged.exists()


def test_the_words_of_a_recording_leave_before_its_packets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else they would stay for ever where only the packets could be deleted: nothing lists them alone."""
    (packets, _), unlink, settings = _old(tmp_path), Path.unlink, Settings(state_dir=str(tmp_path))

    def stubborn(file: Path, missing_ok: bool = False) -> None:
        if file.suffix == ".json":
            raise PermissionError(1, "Operation not permitted")
        unlink(file, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", stubborn)
        told = enforce(settings, _at(MARCH + timedelta(days=400)))
    assert "should be deleted" in told[0]
    assert packets.exists()
    enforce(settings, _at(MARCH + timedelta(days=400)))
    assert list((tmp_path / "recordings").iterdir()) == []


async def test_the_same_trouble_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "recordings").symlink_to(tmp_path / "recordings")
    looks, enough = 0, asyncio.Event()
    loop = asyncio.get_running_loop()

    def counted(settings: Settings, now: UnixNs, *, by_age: bool) -> list[str]:
        nonlocal looks
        looks += 1
        if looks == 4:
            loop.call_soon_threadsafe(enough.set)
        return enforce(settings, now, by_age=by_age)

    monkeypatch.setattr(room, "enforce", counted)
    monkeypatch.setattr(room, "Trust", functools.partial(Trust, right=lambda: Synchronised.NO))
    monkeypatch.setattr(room, "LOOK_S", 0.0)
    async with retention(Settings(state_dir=str(tmp_path)), HandClock()), asyncio.timeout(30):
        await enough.wait()
    assert caplog.text.count("cannot be looked through (Too many levels of symbolic links)") == 1
    assert caplog.text.count("nothing is deleted by its age until the clock of this machine proves right") == 1

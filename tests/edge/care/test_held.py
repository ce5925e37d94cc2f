"""What the demo keeps, and what lies behind the outbox's own link, is the person's, too: handed over, and forgotten."""

import json
import os
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from edge.clock import SECOND, SystemClock, UnixNs
from edge.forgetting import forget_all
from edge.handover import hand_over
from edge.refusal import RefusalError
from edge.relay.outbox import Outbox
from edge.relay.settings import OutboxSettings
from edge.retention import enforce
from edge.settings import RetentionSettings, Settings
from edge.stored import kinds, stored
from tests.edge.care.holdings import daemon_at, fill, record

MARCH = datetime(2026, 3, 1, 10, 15, tzinfo=UTC)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if not path.is_dir()}


async def test_the_demos_holdings_are_handed_over_beside_the_daemons_and_forgotten(tmp_path: Path) -> None:
    state, out = tmp_path / "state", tmp_path / "mine.zip"
    (state / "demo").mkdir(parents=True)
    await fill(state, alerts=1)
    await fill(state / "demo", alerts=2)
    (state / "demo" / "usual.json").write_text('{"who": "demo"}')
    settings = Settings(state_dir=str(state))
    done = hand_over(settings, out)
    assert [done[kind] for kind in ("outbox", "recordings", "baseline", "usual", "snooze")] == [2, 4, 2, 2, 2]
    with zipfile.ZipFile(out) as zipped:
        inside = zipped.namelist()
        assert len(set(inside)) == len(inside)
        assert {"baseline/demo-baseline.json", "recordings/demo-20260301-101500.packets"} <= set(inside)
        assert {"snooze/kept-back.json", "snooze/demo-kept-back.json"} <= set(inside)
        assert json.loads(zipped.read("usual/demo-usual.json")) == {"who": "demo"}
        assert json.loads(zipped.read("usual/usual.json")) == {"levels": [0.1]}
        assert len(zipped.read("outbox/demo-messages.jsonl").splitlines()) == 2
    assert (await forget_all(settings, with_bonds=False)).left == ()
    assert names(state) == {"bundle-floor", "page-token"}


async def test_a_demo_that_runs_is_not_wiped(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    with daemon_at(tmp_path / "demo" / "outbox.db"), pytest.raises(RefusalError, match=r"runs on .*/demo; stop it"):
        await forget_all(Settings(state_dir=str(tmp_path)), with_bonds=False)


def _aged(*files: Path, by_days: float) -> None:
    at = (MARCH - timedelta(days=by_days)).timestamp()
    for file in files:
        file.touch()
        os.utime(file, (at, at))


def test_the_limits_hold_for_what_the_demo_keeps(tmp_path: Path) -> None:
    demo, now = tmp_path / "demo", UnixNs(int(MARCH.timestamp()) * SECOND)
    demo.mkdir()
    old, older = record(demo, "20251101-000000", 1), record(demo, "20260201-000000", 700)
    newer = record(tmp_path, "20260202-000000", 700)
    usual, damaged = demo / "usual.json", demo / "outbox.db.corrupt-20260101T000000Z"
    _aged(old, older, newer, usual, damaged, by_days=40)
    settings = Settings(state_dir=str(tmp_path), retention=RetentionSettings(recordings_mib=1))
    told = enforce(settings, now)
    assert names(tmp_path) == {"20260202-000000.packets", "20260202-000000.json"}
    assert len(told) == 4
    assert enforce(settings, now) == []


@pytest.fixture
async def linked(tmp_path: Path) -> Settings:
    """An outbox on a larger disk, behind a link in the state directory."""
    disk, state = tmp_path / "disk", tmp_path / "state"
    disk.mkdir()
    state.mkdir()
    await fill(disk)
    (disk / "outbox.db").rename(disk / "alerts.sqlite")
    (state / "outbox.db").symlink_to(disk / "alerts.sqlite")
    return Settings(state_dir=str(state))


async def test_an_outbox_behind_a_link_is_handed_over_and_forgotten(linked: Settings, tmp_path: Path) -> None:
    disk, state = tmp_path / "disk", tmp_path / "state"
    beside = names(disk) - {"alerts.sqlite"}
    assert "outbox" in stored(linked).says
    hand_over(linked, tmp_path / "mine.zip")
    with zipfile.ZipFile(tmp_path / "mine.zip") as zipped:
        assert len(zipped.read("outbox/messages.jsonl").splitlines()) == 3
    for tail in ("-wal", "-shm"):
        (disk / f"alerts.sqlite{tail}").touch()
    held = {file.name for file in kinds(linked)[0].files()}
    assert held == {"alerts.sqlite", "alerts.sqlite-wal", "alerts.sqlite-shm"}
    assert (await forget_all(linked, with_bonds=False)).left == ()
    assert names(disk) == beside
    assert names(state) == set()


async def test_a_damaged_outbox_behind_a_link_is_set_aside_where_it_lies(linked: Settings, tmp_path: Path) -> None:
    disk, state = tmp_path / "disk", tmp_path / "state"
    beside = names(disk) - {"alerts.sqlite"}
    (disk / "alerts.sqlite").write_bytes(b"not a database" * 400)
    await fill(state)
    assert (state / "outbox.db").is_symlink()
    (aside,) = disk.glob("alerts.sqlite.corrupt-*Z")
    assert aside.read_bytes() == b"not a database" * 400
    hand_over(linked, tmp_path / "mine.zip")
    with zipfile.ZipFile(tmp_path / "mine.zip") as zipped:
        assert len(zipped.read("outbox/messages.jsonl").splitlines()) == 3
        assert zipped.read(f"outbox/{aside.name.replace('alerts.sqlite', 'outbox.db')}") == aside.read_bytes()
    os.utime(aside, (1_800_000_000, 1_800_000_000))
    assert any(aside.name in sentence for sentence in enforce(linked, UnixNs(1_900_000_000 * SECOND)))
    assert not aside.exists()
    aside.write_bytes(b"damaged again")
    assert (await forget_all(linked, with_bonds=False)).left == ()
    assert names(disk) == beside
    assert names(state) == {"bundle-floor", "page-token"}


async def test_a_link_that_leads_nowhere_is_not_called_forgotten(linked: Settings, tmp_path: Path) -> None:
    (tmp_path / "disk").rename(tmp_path / "unplugged")
    (sentence,) = (await forget_all(linked, with_bonds=False)).left
    assert "alerts.sqlite, where no file is; mount its disk" in sentence
    assert (tmp_path / "state" / "outbox.db").is_symlink()
    circle = tmp_path / "state" / "outbox.db"
    circle.unlink()
    circle.symlink_to(circle)
    assert len((await forget_all(linked, with_bonds=False)).left) == 1


async def test_no_other_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "state" / "recordings").mkdir(parents=True)
    diary = tmp_path / "diary.json"
    diary.write_text("somebody else's")
    for link in ("recordings/20260301-101500.json", "baseline.json", "outbox.db-wal"):
        (tmp_path / "state" / link).symlink_to(diary)
    settings = Settings(state_dir=str(tmp_path / "state"))
    assert [file for kind in kinds(settings) for file in kind.files()] == []
    await forget_all(settings, with_bonds=False)
    assert diary.exists()


async def test_one_outbox_of_daemon_and_demo_is_one(tmp_path: Path) -> None:
    place = OutboxSettings(path=str(tmp_path / "disk" / "alerts.db"))
    async with Outbox(place, SystemClock()):
        pass
    settings = msgspec.structs.replace(Settings(state_dir=str(tmp_path / "state")), outbox=place)
    assert [file.name for file in kinds(settings)[0].files()] == ["alerts.db"]
